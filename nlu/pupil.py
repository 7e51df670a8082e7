"""Learns the phrases in a process of its own: seconds of computing that no call of this one waits for, and memory that goes with it.

The process is `python -m nlu.pupil`: phrases as JSON on its standard input, weights (nlu.softmax.as_bytes) on its standard output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from calls.errors import EngineUnavailable
from nlu.softmax import Softmax, as_bytes, from_bytes

_TOP = Path(__file__).parents[1]
_BEHIND_CALLS = 5  # steps of niceness


def learn(phrases: Sequence[tuple[str, Sequence[str]]]) -> Softmax:
    """`phrases`: (intent, sentences of all languages). Takes seconds. Raises EngineUnavailable."""
    command = [sys.executable, "-m", "nlu.pupil"]
    done = subprocess.run(command, input=json.dumps(phrases).encode(), stdout=subprocess.PIPE, cwd=_TOP, check=False)  # noqa: S603
    if done.returncode:
        why = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
        raise EngineUnavailable(f"the phrases of jambonz-app.json could not be learnt: the process for it ended with {why}")
    return from_bytes(done.stdout)


def main() -> None:
    from nlu.classifier import Classifier
    from nlu.clues import Clues
    from nlu.kin import KIN
    from nlu.lexicon import Lexicon

    os.nice(_BEHIND_CALLS)
    phrases = dict(json.load(sys.stdin))
    sys.stdout.buffer.write(as_bytes(Classifier.taught(phrases, Clues(Lexicon.load(), KIN)).learnt))


if __name__ == "__main__":
    main()

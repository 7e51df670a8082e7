"""What bench/endpointing.py takes for the words before a silence: the recogniser's, or what the caller really said."""

from __future__ import annotations

import os
from collections.abc import Callable

from bench.dialogues import Caller, Spoken
from calls.call import Transcript, Utterance
from calls.settings import Environment, Settings
from engines import make_recognizer

Ears = Callable[[Caller, Spoken, Utterance], Transcript]
SLACK_MS = 150  # a detector's verdict comes a little late, and lingers


def as_said(caller: Caller, turn: Spoken, utterance: Utterance) -> Transcript:
    """A recogniser that never errs."""
    since, until = utterance.began_ms - SLACK_MS, utterance.ended_ms + SLACK_MS
    heard = [stretch.words for stretch in turn.stretches if since <= (stretch.began_ms + stretch.ended_ms) / 2 <= until]
    return Transcript(" ".join(heard), caller.language)


def heard_by_recogniser(settings: Settings) -> Ears:
    """The recogniser that settings and environment choose; each stretch of sound is heard once."""
    recognizer = make_recognizer(settings, Environment.read(os.environ))
    known: dict[tuple[str, int, int], Transcript] = {}

    def heard(caller: Caller, turn: Spoken, utterance: Utterance) -> Transcript:
        at = (caller.name, utterance.began_ms, utterance.ended_ms)
        if at not in known:
            known[at] = recognizer.transcribe(utterance, language=caller.language)
        return known[at]

    return heard

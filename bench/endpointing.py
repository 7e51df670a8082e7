"""`python -m bench.endpointing`: how often the bot takes a pause for the end, against how long it waits after the real end.

The dialogues of bench/dialogues.tsv, through the real detector, hearing and recogniser, in the sound's own time: what is measured does not
depend on the machine. How long the recogniser takes is told (--recognition-ms). Every way of ending a turn hears the same sound.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.dialogues import beside, callers, lines
from bench.ears import Ears, as_said, heard_by_recogniser
from bench.figures import percentile
from bench.smart_turn import GIVES_UP_MS, STOP_MS, SmartTurn
from bench.turn_taking import Ended, Policy, Talk, alike, fixed
from calls.settings import Listening, Settings, read_text
from nlu.ending import Ending
from simulator.background import NOISES

FIXED_MS = (250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000)


def policies(listening: Listening, words: dict[str, Ears], smart_turn: SmartTurn | None) -> list[Policy]:
    """Fixed silences as a curve, ours with less and more of what it knows, and pipecat's."""
    steady = listening.model_copy(update={"slower_by": 0.0})
    found = [fixed(ms) for ms in FIXED_MS]
    found.append(fixed(800, "pipecat: VAD stop 200 ms + speech timeout 600 ms"))
    if smart_turn:
        gives_up = alike(GIVES_UP_MS).model_copy(update={"complete_end_of_speech_ms": STOP_MS})
        found.append(Policy("pipecat: Smart Turn", gives_up, smart_turn=smart_turn))
    found.append(Policy("ours, by the question alone", steady))
    for name, ears in words.items():
        found += [Policy(f"ours, {name}", steady, ears), Policy(f"ours, {name}, by the caller's pace", listening, ears)]
    return found


def measured(turns: Sequence[Ended]) -> dict[str, Any]:
    waits = [turn.wait_ms for turn in turns if turn.wait_ms is not None]
    return {
        "turns": len(turns),
        "cut_ins_per_100": round(100 * sum(turn.early > 0 for turn in turns) / max(1, len(turns)), 1),
        "wait_median_ms": percentile(waits, 0.5),
        "wait_p95_ms": percentile(waits, 0.95),
        "wait_mean_ms": round(sum(waits) / max(1, len(waits))),
        "not_heard": len(turns) - len(waits),
    }


def by(turns: Sequence[Ended], what: str) -> dict[str, Any]:
    """The figures for each language, or each question."""
    names = sorted({str(getattr(turn.line, what)) for turn in turns})
    return {name: measured([turn for turn in turns if str(getattr(turn.line, what)) == name]) for name in names}


def table(report: dict[str, Any]) -> Iterator[str]:
    yield f"  {'':<52} cut-ins a hundred turns   wait after the end: median   p95   mean   not ended"
    for name, figures in report.items():
        waits = "".join(f"{figures[f'wait_{which}_ms']:>{width}.0f}" for which, width in (("median", 28), ("p95", 6), ("mean", 7)))
        yield f"  {name:<52} {figures['cut_ins_per_100']:>23.1f} {waits} {figures['not_heard']:>11}"


def bench_settings(path: Path) -> Settings:
    """Those of the bot, and a telephone number that it asks for."""
    tree = json.loads(read_text(path))
    asked = dict.fromkeys(tree["languages"], "Which number?")
    tree["intents"]["training"].setdefault("slots", {})["phone"] = {"kind": "phone", "label": asked, "ask": asked}
    return Settings.model_validate(tree)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.endpointing", description=__doc__)
    parser.add_argument("--set", default="held", choices=("held", "tuned", "all"), help="which callers; ours was tuned on the others")
    parser.add_argument("--words", default="both", choices=("heard", "said", "both"), help="the recogniser's, or what was really said")
    parser.add_argument("--recognition-ms", default=60, type=int, help="so long after the pause began to count, its words are known")
    parser.add_argument("--times", default=1, type=int, help="so often all is spoken, each time with other voices and other noise")
    parser.add_argument("--behind", choices=sorted(NOISES), help="what else is on the line")
    parser.add_argument("--snr", default=10.0, type=float, metavar="DB", help="it is so much softer than the words")
    parser.add_argument("--smart-turn", type=Path, help="pipecat's smart-turn-v3.2-cpu.onnx, to compare with")
    parser.add_argument("--file", default="jambonz-app.json", type=Path, help="the settings to listen by")
    parser.add_argument("--out", default="bench-results/endpointing.json", type=Path, help="where the figures are kept")
    return parser


def main() -> None:
    told = parser().parse_args()
    settings = bench_settings(told.file)
    ears: dict[str, Ears] = {}
    if told.words in ("heard", "both"):
        ears["words as the recogniser hears them"] = heard_by_recogniser(settings)
    if told.words in ("said", "both"):
        ears["words as they were said"] = as_said
    smart_turn = SmartTurn(told.smart_turn, takes_ms=told.recognition_ms) if told.smart_turn else None
    chosen = [line for line in lines() if told.set in ("all", line.half)]
    heard = [caller for seed in range(told.times) for caller in callers(chosen, seed=seed)]
    if told.behind:
        heard = [beside(caller, told.behind, told.snr, seed=seed) for seed, caller in enumerate(heard)]
    ending, report, details = Ending(settings), {}, {}
    for policy in policies(settings.listening, ears, smart_turn):
        turns = [turn for caller in heard for turn in Talk(caller, policy, ending, told.recognition_ms).run()]
        report[policy.name] = measured(turns)
        details[policy.name] = {"by_language": by(turns, "language"), "by_question": by(turns, "asked")}
    print("\n".join(table(report)))
    told.out.parent.mkdir(parents=True, exist_ok=True)
    kept = {
        "set": told.set,
        "times": told.times,
        "behind": [told.behind, told.snr] if told.behind else None,
        "recognition_ms": told.recognition_ms,
        "listening": settings.listening.model_dump(exclude={"acknowledgements"}),
    }
    told.out.write_text(json.dumps({**kept, "policies": report, "details": details}, indent=1))
    print(f"  kept in {told.out}")


if __name__ == "__main__":
    main()

"""A call in words, speaker by speaker: the description of its ticket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from calls.call import CallRecord, Consent, Outcome, OutcomeKind, TurnRecord
from calls.handover import Directory, callback_line, customer_line, transfer_line, wrap_up_lines
from calls.told import cares, told

CUT = "\n\n[... {} characters of the transcript are left out here ...]\n\n"

# turns that no word and no key of the caller's began
OUR_OWN = {"silence": "Caller: (silent)", "trouble": "(a fault of the bot)", "time_up": "(the call had reached its longest)"}


NOBODY = Directory()


def transcript(record: CallRecord, directory: Directory = NOBODY, *, now: datetime | None = None) -> str:
    """`Caller: ...` and `Bot: ...` in the order heard, then what an agent must know: who called, recording, transfers, outcome,
    the promise to call back (broken, if it is by `now`), and what an agent said of it all."""
    lines = [line for turn in record.turns for line in turn_lines(turn)]
    return "\n".join([*lines, *remarks(record, directory, now)])


def turn_lines(turn: TurnRecord) -> Iterator[str]:
    if turn.heard:
        yield f"Caller: {'(keyed in) ' if turn.keyed else ''}{turn.heard}"
    elif turn.intent in OUR_OWN:
        yield OUR_OWN[turn.intent]
    elif turn.intent:
        yield f"Caller: (pressed a key: {turn.intent})"
    if turn.said or turn.interrupted:
        yield " ".join(["Bot:", *turn.said, *(["(interrupted)"] if turn.interrupted else [])])


def remarks(record: CallRecord, directory: Directory, now: datetime | None) -> Iterator[str]:
    if record.customer:
        yield customer_line(record.customer)
    if record.consent is Consent.DECLINED:
        yield "Recording: declined by the caller"
    if given := told(record):
        yield "The caller gave: " + ", ".join(f"{name} {value}" for name, value in given.items())
    yield from (f"Noted by the bot: {note}" for note in record.notes)
    if care := cares(record):
        yield f"Take care: {care}"
    yield from (transfer_line(escalation, directory) for escalation in record.escalations)
    if record.outcome:
        yield f"Outcome: {outcome_told(record.outcome, directory)}"
    if record.callback:
        yield callback_line(record.callback, directory, now)
    if record.wrap_up:
        yield from wrap_up_lines(record.wrap_up)


def outcome_told(outcome: Outcome, directory: Directory) -> str:
    """ "finished (goodbye)"; a transfer's reason is the agent."""
    reason = directory.name_of(outcome.reason) if outcome.kind is OutcomeKind.TRANSFERRED and outcome.reason else outcome.reason
    return outcome.kind.value + (f" ({reason})" if reason else "")


def cut_in_the_middle(text: str, most: int) -> str:
    """`text` of at most `most` characters: its beginning, a note of how much is missing, its end, cut between words where there are any."""
    if len(text) <= most:
        return text
    half = (most - len(CUT.format(len(text)))) // 2
    head, tail = shortened(text[: half + 1], half, ""), text[-half:]
    gap = tail[:200].find(" ")
    tail = tail[gap + 1 :]
    return head + CUT.format(len(text) - len(head) - len(tail)) + tail


def shortened(text: str, most: int, ending: str = " ...") -> str:
    """At most `most` characters, cut after a word if one ends among the last 200."""
    if len(text) <= most:
        return text
    text = text[: most - len(ending)]
    gap = text.rfind(" ", max(0, len(text) - 200))
    return (text[:gap] if gap > 0 else text) + ending

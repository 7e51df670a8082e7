"""A call's earlier turns, for a stream that is opened again."""

from __future__ import annotations

from collections.abc import Sequence

from calls.call import CallRecord, Intent, Turn, TurnRecord

OURS = frozenset({"silence", "trouble", "time_up", "no_recording"})  # turns that answer no words
STILL_TO_COME = 4  # turns that the stream before may write at most when it is behind: the caller's last words and keys


def turns_of(record: CallRecord | None) -> list[Turn]:
    """The journalled turns as the conversation keeps them.

    Where the stream before has not written its end, it was killed, or still recognises the last words. Then a turn stands for what
    is not known of it: nothing was heard in it, and the numbers of those that may still be written stay free."""
    turns = [turn_of(turn) for turn in (record.turns if record else ())]
    if record and record.talking and turns:
        turns.append(Turn(turns[-1].number + STILL_TO_COME, language=turns[-1].language, intent=Intent("trouble")))
        turns[-1].interrupted.set()
    return turns


def turn_of(record: TurnRecord) -> Turn:
    turn = Turn(
        number=record.number,
        heard=record.heard,
        heard_confidence=record.heard_confidence,
        language=record.language,
        intent=intent_of(record),
        said=list(record.said),
        asked=record.asked,
        asked_slot=record.asked_slot,
        keyed=record.keyed,
        began_ms=record.began_ms,
        ended_ms=record.ended_ms,
    )
    if record.interrupted:
        turn.interrupted.set()
    return turn


def unanswered(turns: Sequence[Turn]) -> Turn | None:
    """The caller's last words or key, if the answer to them was cut off by the end of the stream before: they are answered anew."""
    last = turns[-1] if turns else None
    if last is None or not last.interrupted.is_set():
        return None
    return last if last.heard or (last.intent and last.intent.name not in OURS) else None


def intent_of(turn: TurnRecord) -> Intent | None:
    if not turn.intent:
        return None
    return Intent(turn.intent, turn.intent_confidence, turn.slots, turn.also, turn.signals, turn.faq)

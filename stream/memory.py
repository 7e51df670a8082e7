"""A call's earlier turns, for a stream that is opened again."""

from __future__ import annotations

from calls.call import CallRecord, Intent, Turn, TurnRecord


def turns_of(record: CallRecord | None) -> list[Turn]:
    """The journalled turns as the conversation keeps them."""
    return [
        Turn(
            number=turn.number,
            heard=turn.heard,
            heard_confidence=turn.heard_confidence,
            language=turn.language,
            intent=intent_of(turn),
            said=list(turn.said),
            asked=turn.asked,
            asked_slot=turn.asked_slot,
            keyed=turn.keyed,
            began_ms=turn.began_ms,
            ended_ms=turn.ended_ms,
        )
        for turn in (record.turns if record else ())
    ]


def intent_of(turn: TurnRecord) -> Intent | None:
    if not turn.intent:
        return None
    return Intent(turn.intent, turn.intent_confidence, turn.slots, turn.also, turn.signals, turn.faq)

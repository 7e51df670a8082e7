"""A call's earlier turns, for a stream that is opened again."""

from __future__ import annotations

from calls.call import CallRecord, Intent, Turn


def turns_of(record: CallRecord | None) -> list[Turn]:
    """The journalled turns as the conversation keeps them."""
    return [
        Turn(
            number=turn.number,
            heard=turn.heard,
            heard_confidence=turn.heard_confidence,
            language=turn.language,
            intent=Intent(turn.intent, turn.intent_confidence, turn.slots) if turn.intent else None,
            said=list(turn.said),
            asked=turn.asked,
            began_ms=turn.began_ms,
            ended_ms=turn.ended_ms,
        )
        for turn in (record.turns if record else ())
    ]

"""What the caller was asked last, and what of the talk stands open. Pure: from the turns alone."""

from __future__ import annotations

from collections.abc import Sequence

from calls.call import Question, Turn


def standing_turn(history: Sequence[Turn]) -> Turn | None:
    """The latest turn of which anything of ours was heard."""
    return next((turn for turn in reversed(history) if turn.said), None)


def standing_question(history: Sequence[Turn]) -> Question:
    """What the caller was asked last: of the latest turn of which anything was heard."""
    turn = standing_turn(history)
    return turn.asked if turn else Question.NONE


def standing_slot(history: Sequence[Turn]) -> str:
    """Which slot the standing question asks for, "" when it asks for none."""
    turn = standing_turn(history)
    return turn.asked_slot if turn else ""

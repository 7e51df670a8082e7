"""What a call's turns come to, for agents, tickets and notes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from calls.call import CallRecord, Consent, Question, TurnRecord, Usage
from calls.told import cares, model_use, told
from crm.transcript import transcript

WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def turn(**facts: Any) -> TurnRecord:
    usual: dict[str, Any] = {"number": 1, "heard": "well", "heard_confidence": 0.9, "language": "en", "intent": "gst_query"}
    usual |= {"intent_confidence": 0.9, "slots": {}, "said": (), "asked": Question.NONE, "interrupted": False, "began_ms": 0, "ended_ms": 0}
    return TurnRecord(**{**usual, "timings": {}, **facts})


def call(*turns: TurnRecord) -> CallRecord:
    return CallRecord("sid", "inbound", "+919812345678", "+9111", "en", "completed", Consent.GIVEN, WHEN, WHEN, 9, None, turns)


def test_what_was_given_counts_as_last_said() -> None:
    record = call(turn(slots={"order_id": "OD1", "nearest": "training"}), turn(slots={"order_id": "OD2", "language": "hi"}))
    assert told(record) == {"order id": "OD2"}


def test_what_was_read_back_and_wrong_is_not_told() -> None:
    asked = turn(slots={"order_id": "OD1"}, said=("OD1?",), asked=Question.CONFIRM_SLOT, asked_slot="order_id")
    assert told(call(asked, turn(intent="no"))) == {}
    assert told(call(asked, turn(intent="yes", said=("Anything else?",)), turn(intent="no"))) == {"order id": "OD1"}


def test_why_care_is_needed_is_said_once_each_and_signs_of_later_versions_are_left_out() -> None:
    record = call(turn(signals=("anger",)), turn(signals=("data_loss", "anger", "telepathy")))
    assert cares(record) == "angry; data is lost"


def test_what_the_model_used_is_added_up() -> None:
    first = Usage("claude", "m", input_tokens=100, output_tokens=10, cache_read_tokens=50, cost_usd=0.001)
    second = Usage("claude", "m", input_tokens=20, output_tokens=5, cost_usd=0.0005, fell_back="deadline")
    used = model_use(call(turn(usage=first), turn(), turn(usage=second)))
    assert used == Usage("claude", "m", 120, 15, 50, 0, 0.0015, None, "deadline")
    assert model_use(call(turn())) is None


def test_tickets_and_notes_tell_it() -> None:
    lines = transcript(call(turn(heard="712345678", keyed=True, slots={"serial": "712345678"}, signals=("anger",)))).splitlines()
    assert lines[0] == "Caller: (keyed in) 712345678"
    assert lines[1:] == ["The caller gave: serial 712345678", "Take care: angry"]

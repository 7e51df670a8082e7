"""Whom to ring for a call, when somebody is there, and until when a call back is promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from calls.helpdesk import EscalationSettings, Hours
from calls.routing import SWITCHBOARD, Ring, callback_due, is_open, opens_at, rings

KOLKATA, BERLIN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 5, 4, 12, tzinfo=KOLKATA)  # a Monday
PHONE, DESK = {"type": "phone", "number": "+911"}, {"type": "desk"}
OFFICE = {"week": {day: ["09:30-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}, "holidays": ["2026-05-06"]}

AGENTS: dict[str, Any] = {
    "asha": {"name": "Asha", "target": PHONE, "intents": ["gst_query"], "languages": ["en", "hi"]},
    "ravi": {"name": "Ravi", "target": DESK, "languages": ["en", "ta"]},
    "meena": {"name": "Meena", "target": PHONE, "languages": ["ta"], "presence": "always"},
    "noor": {"name": "Noor", "target": PHONE, "presence": "always", "hours": "office"},
}
EVERYBODY = tuple(AGENTS)


def helpdesk(**changes: Any) -> EscalationSettings:
    facts: dict[str, Any] = {
        "agents": AGENTS,
        "hours": {"office": OFFICE},
        "queues": {"all": {"agents": list(AGENTS)}},
        "target": [PHONE],
    }
    return EscalationSettings.model_validate(facts | changes)


def rung(
    settings: EscalationSettings,
    intent: str = "gst_query",
    language: str = "en",
    *,
    now: datetime = NOON,
    present: Sequence[str] = EVERYBODY,
    tried: Sequence[str] = (),
) -> list[str]:
    """The tries, as "queue:agent+agent/by"; the switchboard's as "-"."""
    found = rings(settings, intent=intent, language=language, now=now, present=present, tried=tried)
    return [f"{ring.queue}:{'+'.join(ring.agents)}/{ring.by}" if ring.agents != (SWITCHBOARD,) else "-" for ring in found]


WAYS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("in the queue's order", {}, ["all:asha/dial", "all:ravi/desk", "all:noor/dial", "all:meena/dial", "-"]),
    (
        "who speaks the language before who does not",
        {"language": "ta"},
        ["all:ravi/desk", "all:meena/dial", "all:noor/dial", "all:asha/dial", "-"],
    ),
    ("who does not know the matter is left out", {"intent": "training"}, ["all:ravi/desk", "all:noor/dial", "all:meena/dial", "-"]),
    ("a language that nobody speaks", {"language": "fr"}, ["all:noor/dial", "all:asha/dial", "all:ravi/desk", "all:meena/dial", "-"]),
    ("only who is present, or always there", {"present": ["asha"]}, ["all:asha/dial", "all:noor/dial", "all:meena/dial", "-"]),
    ("nobody on the desk", {"present": []}, ["all:noor/dial", "all:meena/dial", "-"]),
    ("whose hours are over", {"present": [], "now": NOON.replace(hour=20)}, ["all:meena/dial", "-"]),
    ("who was rung already", {"tried": ["asha", "noor", "stranger"]}, ["all:ravi/desk", "all:meena/dial", "-"]),
    ("nobody is left", {"tried": [*EVERYBODY, SWITCHBOARD]}, []),
    (
        "an unclear matter ends with whoever is there",
        {"intent": "transfer_to_human", "present": ["asha"]},
        ["all:noor/dial", "all:meena/dial", "-", "all:asha/dial"],
    ),
]


@pytest.mark.parametrize(("call", "tries"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_the_tries_of_a_call(call: dict[str, Any], tries: list[str]) -> None:
    assert rung(helpdesk(), **call) == tries


QUEUES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    (
        "all at once, telephones and desks apart",
        {"all": {"agents": ["asha", "ravi", "noor"], "ring": "all", "ring_timeout_s": 33}},
        {},
        ["all:asha+noor/dial", "all:ravi/desk", "-"],
    ),
    (
        "all at once, by language all the same",
        {"all": {"agents": ["asha", "ravi", "meena"], "ring": "all"}},
        {"language": "ta"},
        ["all:meena/dial", "all:ravi/desk", "all:asha/dial", "-"],
    ),
    (
        "the queue of the matter before the one for everything, as the file has them",
        {"gst": {"agents": ["asha"], "intents": ["gst_query"]}, "rest": {"agents": ["ravi"]}},
        {},
        ["gst:asha/dial", "rest:ravi/desk", "-"],
    ),
    (
        "no queue for the matter",
        {"gst": {"agents": ["noor"], "intents": ["gst_query"]}},
        {"intent": "training"},
        ["-"],
    ),
    (
        "an unclear matter comes to the special queues last",
        {"gst": {"agents": ["noor"], "intents": ["gst_query"]}, "rest": {"agents": ["ravi"]}},
        {"intent": "other"},
        ["rest:ravi/desk", "-", "gst:noor/dial"],
    ),
    (
        "a queue for those who only ask for a person",
        {"gst": {"agents": ["noor"], "intents": ["gst_query"]}, "door": {"agents": ["ravi"], "intents": ["transfer_to_human"]}},
        {"intent": "transfer_to_human"},
        ["door:ravi/desk", "-", "gst:noor/dial"],
    ),
    (
        "the queue of another language serves when its own has nobody",
        {"hindi": {"agents": ["noor"], "languages": ["hi"]}, "english": {"agents": ["ravi"], "languages": ["en"]}},
        {},
        ["english:ravi/desk", "hindi:noor/dial", "-"],
    ),
    (
        "a closed queue",
        {"day": {"agents": ["ravi"], "hours": "office"}, "night": {"agents": ["meena"]}},
        {"now": NOON.replace(hour=22)},
        ["night:meena/dial", "-"],
    ),
    (
        "an agent of two queues, or named twice, is rung once",
        {"one": {"agents": ["ravi", "ravi"]}, "two": {"agents": ["ravi", "noor"]}},
        {},
        ["one:ravi/desk", "two:noor/dial", "-"],
    ),
]


@pytest.mark.parametrize(("queues", "call", "tries"), [each[1:] for each in QUEUES], ids=[each[0] for each in QUEUES])
def test_the_tries_by_queue(queues: dict[str, Any], call: dict[str, Any], tries: list[str]) -> None:
    assert rung(helpdesk(queues=queues), **call) == tries


def test_each_rings_as_long_as_its_queue_says() -> None:
    settings = helpdesk(queues={"all": {"agents": ["ravi"], "ring_timeout_s": 33}}, ring_timeout_s=44)
    assert rings(settings, intent="", language="", now=NOON, present=["ravi"]) == [
        Ring("all", ("ravi",), 33, "desk"),
        Ring("", (SWITCHBOARD,), 44),
    ]


def test_a_switchboard_has_hours_or_does_not_exist() -> None:
    day_only = helpdesk(queues={}, target_hours="office")
    assert rung(day_only) == ["-"]
    assert rung(day_only, now=NOON.replace(hour=22)) == []
    assert rung(helpdesk(target=[]), present=[], now=NOON.replace(hour=22)) == ["all:meena/dial"]


# -- hours --------------------------------------------------------------------------------------
ROUND_THE_CLOCK = ["00:00-24:00"]
CLOCKS: list[tuple[str, dict[str, Any], str, bool]] = [
    ("the first minute", OFFICE, "2026-05-04T09:30+05:30", True),
    ("before it", OFFICE, "2026-05-04T09:29:59+05:30", False),
    ("the last second", OFFICE, "2026-05-04T17:59:59+05:30", True),
    ("the end", OFFICE, "2026-05-04T18:00+05:30", False),
    ("in UTC", OFFICE, "2026-05-04T04:00+00:00", True),
    ("Monday there, Sunday in UTC", {"week": {"mon": ["00:00-06:00"]}}, "2026-05-03T20:00+00:00", True),
    ("a day that is missing", OFFICE, "2026-05-09T12:00+05:30", False),
    ("a holiday", OFFICE, "2026-05-06T12:00+05:30", False),
    ("between two spans", {"week": {"mon": ["14:00-18:00", "09:00-13:00"]}}, "2026-05-04T13:30+05:30", False),
    ("in the second, however they are written", {"week": {"mon": ["14:00-18:00", "09:00-13:00"]}}, "2026-05-04T15:00+05:30", True),
    ("the last second before midnight", {"week": {"mon": ["22:00-24:00"]}}, "2026-05-04T23:59:59+05:30", True),
    ("midnight belongs to the next day", {"week": {"mon": ["22:00-24:00"]}}, "2026-05-05T00:00+05:30", False),
    ("a night over midnight", {"week": {"mon": ["22:00-24:00"], "tue": ["00:00-06:00"]}}, "2026-05-05T00:00+05:30", True),
    ("winter time in Berlin", {"time_zone": "Europe/Berlin", "week": {"mon": ["09:00-17:00"]}}, "2026-03-23T08:00+00:00", True),
    ("before it", {"time_zone": "Europe/Berlin", "week": {"mon": ["09:00-17:00"]}}, "2026-03-23T07:59+00:00", False),
    ("summer time in Berlin", {"time_zone": "Europe/Berlin", "week": {"mon": ["09:00-17:00"]}}, "2026-03-30T07:00+00:00", True),
    ("after it", {"time_zone": "Europe/Berlin", "week": {"mon": ["09:00-17:00"]}}, "2026-03-30T15:00+00:00", False),
    ("an hour that the clock leaves out", {"time_zone": "Europe/Berlin", "week": {"sun": ["02:30-04:00"]}}, "2026-03-29T01:30+00:00", True),
    ("never", {"week": {}}, "2026-05-04T12:00+05:30", False),
]


@pytest.mark.parametrize(("hours", "now", "is_so"), [each[1:] for each in CLOCKS], ids=[each[0] for each in CLOCKS])
def test_whether_somebody_is_there(hours: dict[str, Any], now: str, is_so: bool) -> None:
    settings = helpdesk(agents={}, queues={}, hours={"those": hours}, target_hours="those")
    assert is_open(settings, "those", datetime.fromisoformat(now)) is is_so
    assert (rung(settings, now=datetime.fromisoformat(now)) == ["-"]) is is_so


def test_without_hours_it_is_always_open() -> None:
    assert is_open(helpdesk(), None, NOON)


def test_an_end_of_the_same_zone_is_compared_as_a_moment_and_not_by_its_clock() -> None:
    """On the day when summer ends, half past two comes twice."""
    settings = helpdesk(agents={}, queues={}, hours={"night": {"time_zone": "Europe/Berlin", "week": {"sun": ["00:00-02:30"]}}})
    first, second = (datetime(2026, 10, 25, 2, 15, fold=fold, tzinfo=BERLIN) for fold in (0, 1))
    assert is_open(settings, "night", first)
    assert not is_open(settings, "night", second), "it was over at the first half past two"


# -- the next opening ------------------------------------------------------------------------------
def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KOLKATA)


OPENINGS: list[tuple[str, dict[str, Any], dict[str, Any], datetime | None]] = [
    ("open now", {"queues": {}}, {"now": NOON}, NOON),
    ("open now, only everybody is busy", {"target": [], "queues": {"all": {"agents": ["ravi"]}}}, {"now": NOON}, NOON),
    ("in the morning", {"queues": {}, "target_hours": "office"}, {"now": at("2026-05-04T20:00")}, at("2026-05-05T09:30")),
    ("later today", {"queues": {}, "target_hours": "office"}, {"now": at("2026-05-04T07:00")}, at("2026-05-04T09:30")),
    ("after the holiday", {"queues": {}, "target_hours": "office"}, {"now": at("2026-05-05T20:00")}, at("2026-05-07T09:30")),
    ("after the weekend", {"queues": {}, "target_hours": "office"}, {"now": at("2026-05-08T20:00")}, at("2026-05-11T09:30")),
    ("an agent's hours", {"target": [], "queues": {"all": {"agents": ["noor"]}}}, {"now": at("2026-05-04T20:00")}, at("2026-05-05T09:30")),
    (
        "other hours open before, but nobody for the matter",
        {
            "target": [],
            "queues": {
                "gst": {"agents": ["asha"], "intents": ["gst_query"], "hours": "early"},
                "rest": {"agents": ["ravi"], "hours": "office"},
            },
            "hours": {"office": OFFICE, "early": {"week": {"tue": ["06:00-07:00"]}}},
        },
        {"now": at("2026-05-04T20:00"), "intent": "training"},
        at("2026-05-05T09:30"),
    ),
    ("never", {"queues": {}, "target_hours": "shut", "hours": {"office": OFFICE, "shut": {"week": {}}}}, {"now": NOON}, None),
]


@pytest.mark.parametrize(("changes", "call", "opening"), [each[1:] for each in OPENINGS], ids=[each[0] for each in OPENINGS])
def test_when_somebody_will_be_there(changes: dict[str, Any], call: dict[str, Any], opening: datetime | None) -> None:
    assert opens_at(helpdesk(**changes), **{"intent": "gst_query", "language": "en", **call}) == opening


def test_the_opening_is_told_by_the_clock_there() -> None:
    opening = opens_at(helpdesk(queues={}, target_hours="office"), intent="", language="", now=datetime(2026, 5, 4, 18, tzinfo=UTC))
    assert opening is not None
    assert f"{opening:%A %H:%M}" == "Tuesday 09:30"


# -- promises ---------------------------------------------------------------------------------------
PROMISES: list[tuple[str, int, str | None, datetime, datetime]] = [
    ("at any hour", 120, None, at("2026-05-04T23:00"), at("2026-05-05T01:00")),
    ("within the day", 120, "office", NOON, at("2026-05-04T14:00")),
    ("just in time", 120, "office", at("2026-05-04T16:00"), at("2026-05-04T18:00")),
    ("over night", 120, "office", at("2026-05-04T17:00"), at("2026-05-05T10:30")),
    ("promised at night", 120, "office", at("2026-05-04T22:00"), at("2026-05-05T11:30")),
    ("promised early", 120, "office", at("2026-05-04T05:00"), at("2026-05-04T11:30")),
    ("over a holiday", 120, "office", at("2026-05-05T17:30"), at("2026-05-07T11:00")),
    ("over the weekend", 120, "office", at("2026-05-08T17:00"), at("2026-05-11T10:30")),
    ("several days of work", 1020, "office", NOON, at("2026-05-07T12:00")),
]


@pytest.mark.parametrize(("within_min", "hours", "now", "due"), [each[1:] for each in PROMISES], ids=[each[0] for each in PROMISES])
def test_a_call_back_is_due_within_opening_hours(within_min: int, hours: str | None, now: datetime, due: datetime) -> None:
    settings = helpdesk(callback={"within_min": within_min, "hours": hours})
    assert callback_due(settings, now) == due
    promised_in_utc = callback_due(settings, now.astimezone(UTC))
    assert (promised_in_utc, promised_in_utc.utcoffset()) == (due, timedelta(0))


def test_an_hour_that_the_clock_leaves_out_is_no_time_to_call() -> None:
    hours = {"night": {"time_zone": "Europe/Berlin", "week": {"sun": ROUND_THE_CLOCK}}}
    settings = helpdesk(agents={}, queues={}, hours=hours, callback={"within_min": 180, "hours": "night"})
    assert callback_due(settings, datetime(2026, 3, 28, 23, tzinfo=UTC)) == datetime(2026, 3, 29, 2, tzinfo=UTC), "four by the clock there"
    settings = helpdesk(agents={}, queues={}, hours=hours, callback={"within_min": 23 * 60 + 30, "hours": "night"})
    long_day = callback_due(settings, datetime(2026, 3, 28, 23, tzinfo=UTC))
    assert long_day == datetime(2026, 4, 4, 22, 30, tzinfo=UTC), "the day had 23 hours; the rest is the next Sunday's"


def test_hours_that_are_never_open_do_not_make_a_promise_without_end() -> None:
    settings = helpdesk(hours={"office": OFFICE, "shut": {"week": {}}}, callback={"within_min": 60, "hours": "shut"})
    assert callback_due(settings, NOON) == NOON + timedelta(hours=1)


# -- what an operator may write --------------------------------------------------------------------
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"queues": {}, "target": []}, "nobody would be rung"),
    ({"target": [DESK]}, "a switchboard has a telephone"),
    ({"agents": {**AGENTS, "switchboard": AGENTS["asha"]}}, "'switchboard' stands for target"),
    ({"agents": {**AGENTS, "asha": {"name": "A", "target": DESK, "presence": "always"}}}, "presence 'desk'"),
    ({"queues": {"all": {"agents": ["zoe"]}}}, "queues.all.agents.0: no agent 'zoe'"),
    ({"queues": {"all": {"agents": ["asha"], "hours": "late"}}}, "queues.all.hours: no hours 'late'; there are: office"),
    ({"agents": {**AGENTS, "asha": {"name": "A", "target": PHONE, "hours": "late"}}}, "agents.asha.hours: no hours 'late'"),
    ({"target_hours": "late"}, "target_hours: no hours 'late'"),
    ({"callback": {"hours": "late"}}, "callback.hours: no hours 'late'"),
    ({"target": [{"type": "sip"}]}, "'sip' needs 'sip_uri'"),
]


@pytest.mark.parametrize(("changes", "complaint"), FAULTS, ids=[complaint for _, complaint in FAULTS])
def test_a_faulty_helpdesk_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        helpdesk(**changes)


@pytest.mark.parametrize(
    ("hours", "complaint"),
    [
        ({"week": {"mon": ["9-17"]}}, "mon.0: a span is written"),
        ({"week": {"mon": ["09:00-17:00\n"]}}, "mon.0: a span is written"),
        ({"week": {"mon": ["17:00-09:00"]}}, "its end after its begin"),
        ({"week": {"mon": ["09:00-09:00"]}}, "its end after its begin"),
        ({"week": {"mon": ["24:00-24:00"]}}, "mon.0: a span is written"),
        ({"week": {"mon": ["12:00-18:00", "09:00-12:30"]}}, "mon: spans of a day overlap"),
        ({"week": {}, "time_zone": "Asia/Nowhere"}, "no time zone is called 'Asia/Nowhere'"),
        ({"week": {}, "time_zone": "Asia"}, "no time zone is called 'Asia'"),
        ({"week": {}, "time_zone": "../etc/passwd"}, "no time zone is called"),
        ({"week": {"monday": []}}, "week.monday"),
        ({"week": {}, "holidays": ["Diwali"]}, "holidays"),
    ],
)
def test_faulty_hours_are_refused(hours: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Hours.model_validate(hours)


def test_spans_may_touch() -> None:
    assert Hours.model_validate({"week": {"mon": ["12:00-24:00", "09:00-12:00"]}}).week

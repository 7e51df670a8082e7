"""Transfers replayed from recordings: the hooks of a real dial, with our own answers in between."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from calls.agents import Escalation
from calls.call import CallRecord, Intent, Outcome, OutcomeKind, Turn
from tests.hook_rig import House, Jambonz, Recorded, assert_taken, kinds, recordings, settings_with

ROUTES = {
    "/status": "/status",
    "/confirm": "/escalate/confirm",
    "/confirm-digits": "/escalate/confirm/key",
    "/dial-done": "/escalate/ended",
}
ASHA, RAVI = "+491701234567", "1002"  # as the recordings dialled
Verbs = list[dict[str, Any]]


def telephones(**more: Any) -> dict[str, Any]:
    """Two agents who are always there, one after the other; no switchboard."""
    return {
        "agents": {
            "asha": {"name": "Asha", "target": {"type": "phone", "number": ASHA}, "presence": "always", "language": "en"},
            "ravi": {"name": "Ravi", "target": {"type": "phone", "number": RAVI}, "presence": "always", "language": "ta"},
        },
        "queues": {"helpdesk": {"agents": ["asha", "ravi"], "ring_timeout_s": 20}},
        "target": [],
        **more,
    }


def both_at_once() -> dict[str, Any]:
    """The two agents of 13_dial_two_targets_simring."""
    tree = telephones()
    tree["agents"]["asha"]["target"]["number"] = "1001"
    tree["queues"]["helpdesk"]["ring"] = "all"
    return tree


@dataclass
class Replay:
    """One recorded call at our doors. `keys`: what the agent presses, in the gathers' order ("-": nothing), instead of what was
    recorded; `twice`: every hook is sent again, and must be answered alike."""

    house: House
    experiment: str
    keys: Sequence[str] | None = None
    twice: bool = False
    leaves_out: Sequence[str] = ()
    answers: list[tuple[str, Verbs]] = field(default_factory=list)
    sid: str = ""

    def __post_init__(self) -> None:
        self.hooks = [hook for hook in recordings() if hook.experiment == self.experiment]
        assert self.hooks, self.experiment
        self.jambonz = Jambonz(self.house)

    def run(self) -> Verbs:
        """The whole call up to the end of the dial; returns what the caller gets then."""
        last: Verbs = []
        for hook in self.hooks:
            for path, body in self.posts(hook):
                answer = self.send(path, body)
                last = answer if path == "/escalate/ended" else last
        return last

    def posts(self, hook: Recorded) -> Iterator[tuple[str, dict[str, Any]]]:
        self.house.now = datetime.fromtimestamp(hook.at, UTC)
        body = json.loads(hook.body)
        if hook.target == "/voice":
            self.sid = body["call_sid"]
            yield "/voice", body
        elif hook.target == "/confirm-digits" and self.keys is not None:
            yield from ((ROUTES[hook.target], pressed(body, key)) for key in self.keys)
        elif hook.target in ROUTES and hook.target not in self.leaves_out:
            yield ROUTES[hook.target], body
        if hook.target == "/voice":  # what the recording's own application left out
            talked(self.house, self.sid)
            yield "/escalate", {**body, "call_status": "in-progress"}

    def send(self, path: str, body: dict[str, Any]) -> Verbs:
        raw = json.dumps(body).encode()
        response = self.jambonz.raw(path, raw)
        again = self.jambonz.raw(path, raw) if self.twice else response
        assert (again.status_code, again.data) == (response.status_code, response.data)
        if path == "/status":
            assert response.status_code == 204
            return []
        verbs: Verbs = response.get_json()
        assert_taken(verbs)
        self.answers.append((path, verbs))
        return verbs

    def answered(self, path: str) -> Verbs:
        """The latest answer of a hook."""
        return next(verbs for each, verbs in reversed(self.answers) if each == path)

    @property
    def record(self) -> CallRecord:
        record = self.house.journal.record(self.sid)
        assert record is not None
        return record

    @property
    def first_try(self) -> Escalation:
        return self.record.escalations[0]

    def legs(self) -> list[tuple[str, str]]:
        """(agent, answer) of the first try."""
        return sorted((leg.agent, leg.answer.value) for leg in self.first_try.legs)

    def transfers(self) -> list[tuple[str, str]]:
        """(agent, state) as the screens were told."""
        return [(event.agent, event.data["state"]) for event in self.house.told("transfer")]

    def held(self) -> dict[str, str]:
        """Whom calls hold now."""
        return {each.agent: each.call_sid for each in self.house.presences.all() if each.call_sid}

    def resting(self) -> set[str]:
        """Who is left alone to wrap up."""
        return {
            each.agent for each in self.house.presences.all() if not each.call_sid and each.busy_until and each.busy_until > self.house.now
        }


def pressed(body: dict[str, Any], key: str) -> dict[str, Any]:
    others = {name: value for name, value in body.items() if name not in ("digits", "reason")}
    return others | ({"reason": "timeout"} if key == "-" else {"digits": key, "reason": "dtmfDetected"})


def talked(house: House, sid: str, language: str = "en") -> None:
    """The bot's part of the call, up to the wish for a human."""
    turn = Turn(1, heard="my licence has expired", language=language, intent=Intent("license_renewal", 0.93), said=["I see."])
    house.journal.turn_finished(sid, turn)
    house.journal.call_ended(sid, Outcome(OutcomeKind.ESCALATED, "asked"), now=house.now)


def rung(verbs: Verbs) -> list[str]:
    """Whose telephones a dial rings."""
    dials = [verb for verb in verbs if verb["verb"] == "dial"]
    return [target.get("number") or target.get("name") or target.get("sipUri") for dial in dials for target in dial["target"]]


def comes_back(verbs: Verbs) -> bool:
    """The bot talks to the caller again."""
    return kinds(verbs) == ["stream", "hangup"] and verbs[0]["metadata"]["after"] == "no_agent"


def house_with(database: Any, escalation: dict[str, Any] | None = None, **more: Any) -> House:
    return House(database, settings=settings_with(escalation=escalation or telephones()), **more)


def later(house: House, seconds: float) -> datetime:
    return house.now + timedelta(seconds=seconds)

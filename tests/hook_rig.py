"""A house behind its real doors: the hooks of webhooks/ on a real journal and desk in a SQLite file, with a clock that a test sets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

import webhooks
from calls.agents import ScreenPop
from calls.call import CallRecord, CallSummary, Intent, Outcome, OutcomeKind, Turn
from calls.live import FakeLive, LiveEvent
from calls.ports import Voice
from calls.settings import Environment, Settings, load
from calls.signature import sign
from crm.desk import Desk
from nlu.following import Following
from nlu.rules import Rules
from records.callbacks import Callbacks
from records.closing import Closing
from records.database import open_database
from records.journal import Journal
from records.presence import Presences
from tests import databases, verb_check
from webhooks.ports import ByRules

migrated_file = databases.migrated_file
ROOT = Path(__file__).parent.parent
SECRET = "wh_secret_rig_0123456789abcdef"  # of the recordings
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CALL_HOOKS = ("/voice", "/voice/ended", "/escalate", "/escalate/ended")
AGENT_HOOKS = ("/escalate/confirm", "/escalate/confirm/key")
JOURNAL = ("agent_legs", "escalations", "turns", "calls")  # its tables, in the order in which they can be dropped
AGENT = [{"type": "user", "name": "agent@example.com"}]
SID = "5f22b387-49e1-4edd-b5e2-d7c3b304f5cd"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One HTTP request of Jambonz's, and what the recording's own server answered."""

    experiment: str
    order: int
    at: float  # unix seconds
    method: str
    target: str
    signature: str
    body: str
    answered: int | None
    answer: Any


@cache
def recordings() -> tuple[Recorded, ...]:
    lines = (ROOT / "tests/recordings/hooks.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Recorded(**json.loads(line)) for line in lines)


def settings_with(**changes: Any) -> Settings:
    """jambonz-app.json of this repository, some sections replaced."""
    tree = load(ROOT / "jambonz-app.json").model_dump(by_alias=True) | changes
    return Settings.model_validate(tree)


def summed_up(record: CallRecord) -> CallSummary:
    """A Summarizer that takes the last turn's word for it."""
    intents = [turn.intent for turn in record.turns if turn.intent]
    heard = " ".join(turn.heard for turn in record.turns)
    return CallSummary(intents[-1] if intents else "other", 0.9, record.language or "en", "normal", f"The caller said: {heard}")


@cache
def rules_kept() -> list[ByRules]:
    return []


def by_rules(settings: Settings) -> ByRules:
    """To learn takes a second: once for settings that several tests share."""
    known = next((each for each in rules_kept() if each.settings is settings), None)
    if known is None:
        rules_kept().append(known := ByRules(settings, Rules(settings), Following(settings)))
    return known


@dataclass
class House:
    """Fits webhooks.ports.Bot; every part of it may be set by a test."""

    database: Engine
    settings: Settings = field(default_factory=settings_with)
    environment: Environment = field(default_factory=lambda: Environment.read({"JAMBONZ_WEBHOOK_SECRET": SECRET}))
    max_calls: int = 5
    now: datetime = NOW
    is_draining: bool = False
    is_deaf: bool = False
    promised: list[str] = field(default_factory=list)
    voice: Voice | None = None
    pushed: list[ScreenPop] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.presences, self.callbacks, self.live = Presences(self.database), Callbacks(self.database), FakeLive()
        self.journal = Journal(self.database, max_calls=self.max_calls)
        self.desk = Desk(self.database)
        self.summarizer = summed_up
        self.closing = Closing(self.journal, self.summarizer, self.desk)
        self.secrets = self.environment.webhook_secrets or ("random",)
        self.unsigned_allowed = self.environment.allow_unsigned

    def clock(self) -> datetime:
        return self.now

    def draining(self) -> bool:
        return self.is_draining

    def deaf(self) -> bool:
        return self.is_deaf

    def by_rules(self) -> ByRules:
        return by_rules(self.settings)

    def promise(self, call_sid: str) -> None:
        self.promised.append(call_sid)

    def push_pop(self, pop: ScreenPop) -> None:
        self.pushed.append(pop)

    def briefing(self, pop: ScreenPop, language: str) -> list[tuple[str, str]]:
        return [(f"A call about {pop.topic}.", language), (pop.last_words, pop.language)]

    def suggestion(self, record: CallRecord, language: str) -> str:
        return f"Hello in {language}."

    def told(self, kind: str, agent: str | None = None) -> list[LiveEvent]:
        """The live events of a kind, of an agent if one is given."""
        return [each for each in self.live.events if each.kind == kind and agent in (None, each.agent)]

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def lose(self, *tables: str) -> None:
        """What a database looks like that a call can't rely on."""
        with self.database.begin() as connection:
            for table in tables:
                connection.execute(text(f"DROP TABLE {table}"))

    def client(self) -> FlaskClient:
        app = Flask("hooks", static_folder=None)
        app.extensions["bot"] = self
        webhooks.register(app)
        return app.test_client()


class Jambonz:
    """Posts hooks as Jambonz does, signed at the house's own time."""

    def __init__(self, house: House, secret: str = SECRET) -> None:
        self.house, self.secret, self._client = house, secret, house.client()

    def raw(self, path: str, body: bytes, *, content_type: str = "application/json", signature: str | None = None) -> TestResponse:
        header = sign(body, self.secret, now=self.house.now.timestamp()) if signature is None else signature
        headers = {"Jambonz-Signature": header} if header else {}
        return self._client.post(path, data=body, content_type=content_type, headers=headers, buffered=True)  # to its end

    def post(self, path: str, **body: Any) -> TestResponse:
        facts = {"call_sid": SID, "direction": "inbound", "from": "15085551212", "to": "16174000000", "call_status": "in-progress", **body}
        return self.raw(path, json.dumps(facts).encode())

    def verbs(self, path: str, **body: Any) -> list[dict[str, Any]]:
        """The verbs that a call hook is answered with; it must be answered well."""
        response = self.post(path, **body)
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.content_type == "application/json"
        verbs: list[dict[str, Any]] = response.get_json()
        return verbs


def kinds(verbs: list[dict[str, Any]]) -> list[str]:
    return [verb["verb"] for verb in verbs]


def outcome(house: House, sid: str = SID) -> Outcome:
    found = house.journal.outcome(sid)
    assert found is not None
    return found


def talked(house: House, kind: OutcomeKind = OutcomeKind.ESCALATED, language: str = "hi") -> None:
    """The bot's part of a call, as the conversation journals it."""
    turn = Turn(1, heard='मेरा लाइसेंस "खत्म"', language=language, intent=Intent("license_renewal", 0.93), said=["ठीक है।"])
    house.journal.turn_finished(SID, turn)
    house.journal.call_ended(SID, Outcome(kind, "asked"), now=house.now)


def assert_taken(verbs: Sequence[Mapping[str, Any]]) -> None:
    """A real Jambonz would take these verbs (an empty list goes on with the next verb)."""
    if verb_check.PACKAGE.is_dir():  # without it tests/test_verbs.py says so
        assert verb_check.faults(verbs) == []


# -- fixtures -------------------------------------------------------------------
@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'voicebot.db')}")
    yield engine
    engine.dispose()


@pytest.fixture
def house(database: Engine) -> House:
    return House(database)


@pytest.fixture
def jambonz(house: House) -> Jambonz:
    return Jambonz(house)

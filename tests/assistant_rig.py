"""A language model's stand-in, our engine on it, and the turns of a call."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from calls.call import Call, Intent, Outcome, Question, Say, Ticket, Turn, Usage
from calls.errors import CrmError
from calls.settings import Settings, load
from nlu.assistant import Assistant
from nlu.assistant_model import Model
from nlu.claude import ClaudeModel
from nlu.openai_chat import OpenAiModel
from nlu.rules import Rules
from tests.fakes import claude as claude_fake
from tests.fakes import openai as openai_fake
from tests.fakes.claude import FakeClaude
from tests.fakes.openai import FakeOpenAi
from tests.fakes.streams import StreamingServer

CALL = Call("call-1", "+919876500001", "+911140000000")
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
EXPIRED = "my licence has expired"
FAKES: dict[str, Callable[[], StreamingServer]] = {"claude": FakeClaude, "openai": FakeOpenAi}


def tuned(settings: Settings, **assistant: Any) -> Settings:
    """With short deadlines, below what an admin may set: a test does not wait for seconds."""
    values = {"model": "test-model", "filler_after_ms": 3000, "give_up_after_ms": 6000, **assistant}
    return settings.model_copy(update={"assistant": settings.assistant.model_copy(update=values)})


class Bench:
    """One stand-in and one client for the tests of a file; every test gets engines of its own on them."""

    def __init__(self, name: str) -> None:
        self.name, self.fake = name, FAKES[name]()
        self._models: dict[tuple[str, int], Model] = {}

    def model(self, settings: Settings) -> Model:
        """Its client takes long to make."""
        key = (settings.assistant.model, settings.assistant.give_up_after_ms)
        if key not in self._models:
            self._models[key] = model_of(self.name, settings, self.fake)
        return self._models[key]

    def engine(self, settings: Settings, **house: Any) -> Assistant:
        return Assistant(settings, self.model(settings), **{"fallback": rules(settings), "now": lambda: NOW, **house})

    def __enter__(self) -> Self:
        self.fake.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        for model in self._models.values():
            model.close()
        self.fake.__exit__(None, None, None)


def model_of(name: str, settings: Settings, fake: StreamingServer) -> Model:
    if name == "claude":
        return ClaudeModel(settings, api_key=claude_fake.KEY, base_url=fake.url)
    return OpenAiModel(settings, api_key=openai_fake.KEY, base_url=f"{fake.url}/v1")


def shipped() -> Settings:
    return load(SHIPPED)


# -- fixtures of the tests that are the same for both engines -----------------------
@pytest.fixture(scope="module")
def settings() -> Settings:
    return shipped()


@pytest.fixture(scope="module", params=["claude", "openai"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with Bench(request.param) as bench:
        yield bench


@pytest.fixture
def fake(bench: Bench) -> StreamingServer:
    bench.fake.forget()
    return bench.fake


# -- what a model answers -----------------------------------------------------------
def head(intent: str, confidence: Any = 0.93, asks: str = "anything_else", **more: Any) -> str:
    return json.dumps({"intent": intent, "confidence": confidence, **more, "asks": asks}) + "\n"


# -- the call -------------------------------------------------------------------------
def opening() -> Turn:
    return Turn(0, said=["Hello, you have reached the Tally helpdesk.", "How can I help you?"], asked=Question.OPEN)


def said(number: int, heard: str, intent: str, *answer: str, asked: Question = Question.ANYTHING_ELSE, **more: Any) -> Turn:
    return Turn(number, heard=heard, intent=Intent(intent, 0.9), said=list(answer), asked=asked, **more)


@dataclass
class Reply:
    """What an engine yielded for a turn, in order."""

    parts: list[Any] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)

    def of(self, kind: type[Any]) -> list[Any]:
        return [part for part in self.parts if isinstance(part, kind)]

    @property
    def words(self) -> list[str]:
        return [say.text for say in self.of(Say)]

    @property
    def intent(self) -> Intent:
        (intent,) = self.of(Intent)
        return intent  # type: ignore[no-any-return]

    @property
    def usage(self) -> Usage:
        (usage,) = self.of(Usage)
        return usage  # type: ignore[no-any-return]

    @property
    def outcome(self) -> Outcome | None:
        outcomes = self.of(Outcome)
        assert len(outcomes) <= 1
        return outcomes[0] if outcomes else None

    @property
    def asks(self) -> Question:
        """What stands; only the last sentence may ask."""
        says = self.of(Say)
        return says[-1].asks if says else Question.NONE


def ask(
    engine: Assistant, heard: str, history: Sequence[Turn] | None = None, *, stop: Callable[[Any], bool] | None = None, **more: Any
) -> Reply:
    """One turn; `stop(part)` says when the caller speaks on."""
    history = [opening()] if history is None else history
    turn = Turn(len(history), heard=heard, **more)
    reply = Reply()
    for part in engine.respond(turn, history, CALL):
        reply.parts.append(part)
        reply.at_s.append(time.monotonic())
        if stop and stop(part):
            turn.interrupted.set()
    return reply


def rules_say(settings: Settings, heard: str, history: Sequence[Turn] | None = None, **more: Any) -> list[Any]:
    """What the rules alone answer."""
    history = [opening()] if history is None else history
    return list(rules(settings).respond(Turn(len(history), heard=heard, **more), history, CALL))


_RULES: dict[str, Rules] = {}


def rules(settings: Settings) -> Rules:
    """One for all tests: they only read, and the assistant's section is none of theirs."""
    if "one" not in _RULES:
        _RULES["one"] = Rules(settings, now=lambda: NOW)
    return _RULES["one"]


# -- the desk -------------------------------------------------------------------------
@dataclass
class Desk:
    """A helpdesk in memory."""

    tickets: list[Ticket] = field(default_factory=list)
    down: bool = False
    slow_s: float = 0.0
    asked_for: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def tickets_of(self, phone: str) -> Sequence[Ticket]:
        self.asked_for.append(phone)
        time.sleep(self.slow_s)
        if self.down:
            raise CrmError("the desk is down")
        return self.tickets

    def note(self, call_sid: str, text: str) -> Ticket | None:
        if self.down:
            raise CrmError("the desk is down")
        self.notes.append((call_sid, text))
        return ticket(7)


def ticket(number: int, summary: str = "Printer does not print invoices.") -> Ticket:
    return Ticket(f"T-{number}", "old", CALL.caller, "install_help", "normal", "en", "open", summary, "", 0.9, NOW, NOW)


# -- threads --------------------------------------------------------------------------
def model_threads() -> int:
    return sum(thread.name == "model" for thread in threading.enumerate())


@contextmanager
def leaving_no_thread(within_s: float = 2.0) -> Iterator[None]:
    """No reader of a model stays behind."""
    before = model_threads()
    yield
    assert soon(lambda: model_threads() <= before, within_s), "a reader thread was left behind"


def soon(happened: Callable[[], bool], within_s: float = 1.0) -> bool:
    ends = time.monotonic() + within_s
    while not happened() and time.monotonic() < ends:
        time.sleep(0.005)
    return happened()


def texts(bodies: Iterable[Any]) -> list[str]:
    """Everything that the model was sent, as text."""
    return [json.dumps(body, ensure_ascii=False) for body in bodies]

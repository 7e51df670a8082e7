"""Understanding and answering by a language model. The rules are always at hand: whatever becomes of the model, the call goes on.

`Assistant` is the engine behind "claude" (claude.py) and "openai" (openai_chat.py), which differ in the model's adapter alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from calls.breaker import Breaker
from calls.call import Call, Intent, Outcome, Question, Say, Turn, Usage
from calls.ports import Helpdesk, Understanding
from calls.settings import Settings
from nlu.assistant_acts import Complete, Kit
from nlu.assistant_exchange import Exchange
from nlu.assistant_guard import Guard
from nlu.assistant_header import HeaderReader
from nlu.assistant_model import Model, ModelFailed
from nlu.assistant_prompt import prompt_of
from nlu.assistant_tools import Toolbox
from nlu.dialogue import Dialogue
from nlu.humans import Anybody, always, utc_now
from nlu.speaking import Speaking

log = logging.getLogger(__name__)
_PATIENCE = 3  # so many failures in a call, and a human is offered
_ITS_LINE = frozenset({"refused", "unsafe", "empty"})  # failures of one answer: they say nothing of the next
_MISCONFIGURED = frozenset({"refused_key", "bad_request"})
_RESTING = "resting"


def as_it_is(intent: Intent, turn: Turn, history: Sequence[Turn]) -> Intent:
    """The `complete` of a house that notices nothing beside the model."""
    return intent


class Assistant:
    """See calls.ports.Understanding. Keeps nothing of a call."""

    def __init__(
        self,
        settings: Settings,
        model: Model,
        *,
        fallback: Understanding,
        helpdesk: Helpdesk | None = None,
        anybody: Anybody = always,
        now: Callable[[], datetime] = utc_now,
        complete: Complete = as_it_is,
        clock: Callable[[], float] = time.monotonic,
        breaker: Breaker | None = None,
    ) -> None:
        """`fallback`: the rules. `anybody(intent, language)`: whether a human could take such a call at this moment.

        `complete` adds what our rules notice to the model's intent (nlu.noticing.Noticing.complete). `clock` in seconds."""
        prompt = prompt_of(settings)
        self._settings, self._model, self._fallback = settings, model, fallback
        self._breaker = breaker or Breaker(clock)
        self._kit = Kit(
            settings,
            model,
            prompt,
            Guard(prompt.instructions, prompt.known, prompt.canary),
            HeaderReader(settings),
            Toolbox.of(helpdesk, allowed=settings.assistant.tools),
            Dialogue(settings, anybody=anybody, now=now),
            Speaking(settings),
            complete,
            clock,
        )

    @property
    def ahead(self) -> bool:
        """Whether it may be asked while it is not certain yet that the caller has finished (stream.work.Engines.ahead)."""
        return self._settings.assistant.ahead

    def respond(self, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome | Usage]:
        """See calls.ports.Understanding. A key that stands for an intent needs no model."""
        if not turn.heard:
            yield from self._fallback.respond(turn, history, call)
        elif not self._breaker.allows():
            yield Usage(self._model.engine, self._model.model, fell_back=_RESTING)
            yield from self._fallback.respond(turn, history, call)
        else:
            yield from self._converse(Exchange(self._kit, turn, history, call), turn, history, call)

    def describe(self) -> dict[str, Any]:
        """For /readyz and the log."""
        return {"engine": self._model.engine, "model": self._model.model, **self._breaker.describe()}

    def close(self) -> None:
        """When no call works with it any more."""
        self._model.close()

    def _converse(self, exchange: Exchange, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome | Usage]:
        verdict_due = True
        try:
            yield from exchange.run()
            self._judge(exchange)
            verdict_due = False
            failure = None if exchange.interrupted else exchange.failure
            yield exchange.meter.usage(failure.why if failure else "")
            if failure:
                yield from self._rescue(failure, exchange, turn, history, call)
        finally:
            if verdict_due:  # nobody wanted the rest
                self._breaker.left_open()

    def _judge(self, exchange: Exchange) -> None:
        failure = exchange.failure
        if exchange.interrupted or (failure and failure.why in _ITS_LINE):
            self._breaker.left_open()
        elif failure:
            self._breaker.failed(failure.why, rest_s=failure.rest_s)
        else:
            self._breaker.succeeded()

    # -- without the model --------------------------------------------------------------

    def _rescue(self, failure: ModelFailed, exchange: Exchange, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Any]:
        """What was said is not said again; what was understood is answered from jambonz-app.json; else the rules do it all."""
        self._log(failure.why, call)
        if exchange.spoke:
            more = exchange.asks is Question.NONE
            answer: Iterator[Any] = self._kit.speaking.prompt("anything_else", turn.language, Question.ANYTHING_ELSE) if more else iter(())
        elif exchange.intent:
            answer = self._kit.dialogue.answer(exchange.intent, turn, history)
        else:
            answer = self._fallback.respond(turn, history, call)
        failures = 1 + sum(_failed(earlier) for earlier in history)
        yield from self._offering_a_human(answer, turn) if failures % _PATIENCE == 0 else answer

    def _log(self, why: str, call: Call) -> None:
        about = {"engine": self._model.engine, "why": why, "call_sid": call.sid}
        if why in _MISCONFIGURED:
            log.error("the language model refuses our requests: see its key and assistant.model; the rules answer", extra=about)
        else:
            log.warning("a language model failed; the call goes on with the rules", extra=about)

    def _offering_a_human(self, answer: Iterator[Any], turn: Turn) -> Iterator[Any]:
        """The same answer, that ends with the offer of a human where it would have asked for more words."""
        for part in answer:
            if isinstance(part, Say) and part.asks in (Question.ANYTHING_ELSE, Question.AGAIN, Question.OPEN, Question.SOLVED):
                yield from self._kit.speaking.prompt("offer_human", turn.language, Question.OFFER_HUMAN)
            else:
                yield part


def _failed(turn: Turn) -> bool:
    return turn.usage is not None and turn.usage.fell_back not in ("", _RESTING)

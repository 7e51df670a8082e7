"""One turn with a language model: its answer sentence by sentence to the voice, deadlines, tools, and what is said when it fails.

    request -> header (intent) -> sentences -> [tool -> second request -> sentences] -> what it asks

The thread that talks to the caller never waits here for longer than a tick: it looks whether the caller has spoken on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calls.call import Call, Intent, Outcome, Question, Say, Turn, Usage
from calls.settings import Settings
from nlu import everyday
from nlu.assistant_draft import Draft, tongue_of
from nlu.assistant_guard import Guard
from nlu.assistant_header import Header, HeaderReader
from nlu.assistant_memory import conversation
from nlu.assistant_model import Model, ModelFailed, Request, Spent, Stopped, Text, ToolBegan, ToolCall, ToolRound
from nlu.assistant_prompt import Prompt
from nlu.assistant_reading import Over, Reading
from nlu.assistant_tools import END, LOOK_UP, TRANSFER, Toolbox
from nlu.connecting import wants_human
from nlu.dialogue import Dialogue
from nlu.speaking import Speaking
from nlu.standing import standing_question
from nlu.wishes import TRANSFER as HUMAN
from nlu.wishes import is_sure

log = logging.getLogger(__name__)
TICK_S = 0.02
_DONE = (everyday.GOODBYE, everyday.NO, everyday.THANKS)  # who says one of these may be said goodbye to
_OFFERED = (Question.OFFER_HUMAN, Question.OFFER_CALLBACK)
Complete = Callable[[Intent, Turn, Sequence[Turn]], Intent]
Part = Intent | Say | Outcome


@dataclass(frozen=True, slots=True)
class Kit:
    """What an exchange works with; shared by all calls."""

    settings: Settings
    model: Model
    prompt: Prompt
    guard: Guard
    headers: HeaderReader
    toolbox: Toolbox
    dialogue: Dialogue
    speaking: Speaking
    complete: Complete  # adds to the model's intent what our own rules noticed
    clock: Callable[[], float]  # seconds


class Exchange:
    """`run` once. Afterwards `usage` tells the tokens, `failure` why the model's answer was not, or not wholly, spoken."""

    def __init__(self, kit: Kit, turn: Turn, history: Sequence[Turn], call: Call) -> None:
        self._with, self._turn, self._history, self._call = kit, turn, history, call
        self._assistant = kit.settings.assistant
        self._spent: list[Spent] = []  # of each request
        self._began = self._quiet_since = kit.clock()
        self._first_text_ms: int | None = None
        self._header: Header | None = None
        self._calls: list[ToolCall] = []
        self._stopped = Stopped()
        self._found: list[str] = []  # what tools brought
        self._filled, self._closed = False, False  # a filler was said; the turn was closed in our own words
        self._said: list[str] = []
        self._asks = Question.NONE  # what was asked last
        self.failure: ModelFailed | None = None

    # -- the story ------------------------------------------------------------------

    def run(self) -> Iterator[Part]:
        """The answer, or what there was of it until `failure`."""
        try:
            yield from self._listen(self._request, strict=True)
            yield from self._use_tools()
            if not (self._said or self._closed or self.interrupted):
                raise ModelFailed("empty")
        except ModelFailed as failure:
            self.failure = failure

    @property
    def interrupted(self) -> bool:
        return self._turn.interrupted.is_set()

    @property
    def intent(self) -> Intent | None:
        """What the model took the words for; None while it has not said so."""
        return self._header.intent if self._header else None

    @property
    def spoke(self) -> bool:
        """Whether sentences of the model's went to the voice."""
        return bool(self._said)

    def usage(self, fell_back: str = "") -> Usage:
        total = Spent(*(sum(getattr(spent, name) for spent in self._spent) for name in Spent.__slots__))
        prices = self._assistant.prices
        cost = total.input * prices.input + total.output * prices.output
        cost += total.cache_read * prices.cache_read + total.cache_write * prices.cache_write
        model = self._with.model
        return Usage(
            model.engine,
            model.model,
            input_tokens=total.input,
            output_tokens=total.output,
            cache_read_tokens=total.cache_read,
            cache_write_tokens=total.cache_write,
            cost_usd=round(cost / 1e6, 8),
            first_text_ms=self._first_text_ms,
            fell_back=fell_back,
        )

    # -- listening to the model -------------------------------------------------------

    def _listen(self, request: Callable[[], Request], *, strict: bool) -> Iterator[Part]:
        """One request and what it brings."""
        draft, reading = Draft(strict=strict), Reading(self._with.model, request)
        self._quiet_since, self._stopped, spoken = self._with.clock(), Stopped(), len(self._said)
        self._spent.append(Spent())
        header: Header | None = None
        try:
            for piece in self._pieces(reading, since=spoken):
                match piece:
                    case Say():
                        yield piece
                    case Text(text):
                        whole = draft.add(text)
                        if header is None and draft.header is not None:
                            header = self._with.headers.read(draft.header)
                            yield from self._understood(header)
                            if self._is_ours():
                                yield from self._close(self.intent)
                                return
                        yield from self._speak(whole)
                    case ToolBegan():
                        yield from self._speak_rest(draft, header)
                    case ToolCall():
                        self._calls.append(piece)
                    case Spent():
                        self._spent[-1] = piece
                    case Stopped():
                        self._stopped = piece
            if not self.interrupted:
                yield from self._finish(draft, header)
        finally:
            reading.abandon()

    def _pieces(self, reading: Reading, since: int) -> Iterator[Any]:
        """What comes, and the filler while nothing does. Ends with the stream, or when the caller speaks on. Raises ModelFailed."""
        while not self.interrupted:
            piece = reading.next(TICK_S)
            if isinstance(piece, Over):
                return
            if isinstance(piece, Text) and len(self._said) > since:
                self._quiet_since = self._with.clock()
            if piece is not None:
                yield piece
            quiet_ms = (self._with.clock() - self._quiet_since) * 1000
            if quiet_ms > self._assistant.give_up_after_ms:
                raise ModelFailed("stalled" if self._said else "deadline")
            if quiet_ms > self._assistant.filler_after_ms and not self._filled and len(self._said) == since:
                self._filled = True
                yield from self._with.speaking.prompt("filler", self._turn.language)

    def _finish(self, draft: Draft, header: Header | None) -> Iterator[Part]:
        """The stream is whole: so are the last sentences, unless it was cut off at max_tokens."""
        if self._stopped.why == "refused":
            raise ModelFailed("refused")
        yield from self._speak_rest(draft, header)
        if self._stopped.why == "length" and self._said and self._asks is Question.NONE:
            yield from self._with.speaking.prompt("anything_else", self._turn.language, Question.ANYTHING_ELSE)

    def _speak_rest(self, draft: Draft, header: Header | None) -> Iterator[Say]:
        """The very last sentence carries the question."""
        *before, last = draft.rest(ended=self._stopped.why != "length") or [""]
        yield from self._speak(before)
        if last:
            yield from self._speak([last], *self._asked(header or self._header, last))

    def _asked(self, header: Header | None, sentence: str) -> tuple[Question, str]:
        """What stands after the answer. A question that the model forgot to name is an open one."""
        asks = header.asks if header else Question.NONE
        if asks is Question.NONE and sentence.rstrip("\"'”’").endswith("?"):
            asks = Question.OPEN
        return asks, header.slot if header and asks is Question.SLOT else ""

    def _speak(self, sentences: Sequence[str], asks: Question = Question.NONE, slot: str = "") -> Iterator[Say]:
        for sentence in sentences:
            if self.interrupted:
                return
            self._check(sentence)
            if self._first_text_ms is None:
                self._first_text_ms = round((self._with.clock() - self._began) * 1000)
            self._said.append(sentence)
            self._asks = asks
            yield Say(sentence, tongue_of(sentence, self._turn.language, self._with.settings.languages), asks, slot)
            self._quiet_since = self._with.clock()

    def _check(self, sentence: str) -> None:
        theirs = [*(turn.heard for turn in self._history), self._turn.heard, *self._found]
        if why := self._with.guard.objection(sentence, *theirs):
            log.warning("a sentence of the language model was not spoken", extra={"why": why, "call_sid": self._call.sid})
            raise ModelFailed("unsafe")

    def _request(self) -> Request:
        messages = conversation(self._turn, self._history, most_turns=self._assistant.max_history_turns)
        return Request(self._with.prompt.text, messages, self._assistant.max_reply_tokens, self._with.toolbox.tools)

    # -- what the intent alone decides ------------------------------------------------

    def _understood(self, header: Header) -> Iterator[Intent]:
        if self._header is None:
            self._header = replace(header, intent=self._with.complete(header.intent, self._turn, self._history))
            yield self._header.intent

    def _is_ours(self) -> bool:
        """Whether what follows has consequences that we carry out, in our own words: goodbye, a handover, a promise."""
        if self.intent is None or self._said or not is_sure(self._with.settings, self.intent):
            return False
        asked, name = standing_question(self._history), self.intent.name
        if name in (everyday.YES, everyday.NO) and asked in _OFFERED:
            return True
        if name in (everyday.NO, everyday.THANKS) and asked is Question.ANYTHING_ELSE:
            return True
        return name == everyday.GOODBYE or wants_human(self._with.settings, self.intent)

    def _close(self, intent: Intent | None) -> Iterator[Say | Outcome]:
        if intent is not None:
            self._closed = True
            yield from self._with.dialogue.answer(intent, self._turn, self._history)

    # -- tools ------------------------------------------------------------------------

    def _use_tools(self) -> Iterator[Part]:
        """A transfer or the end is ours to say; for the rest the model gets what was found, once, and answers again."""
        calls, self._calls = tuple(self._calls), []
        if not calls or self.interrupted:
            return
        yield from self._closing(calls)
        if self._closed:
            return
        if self._asks is not Question.NONE and all(called.name != LOOK_UP for called in calls):
            threading.Thread(target=self._results, args=(calls,), name="note", daemon=True).start()  # the caller has an answer
            return
        text = " ".join(self._said)
        yield from self._listen(lambda: self._second_request(calls, text), strict=self._header is None)
        if not self.interrupted:
            yield from self._closing(self._calls)

    def _closing(self, calls: Sequence[ToolCall]) -> Iterator[Part]:
        """Connects or says goodbye if the model asked for that, and may."""
        names = {called.name for called in calls if called.name in (TRANSFER, END) and self._with.toolbox.arguments(called) is not None}
        if TRANSFER in names:
            human = Intent(HUMAN)
            if self.intent is None:
                yield human
            yield from self._close(human)
        elif END in names and self._may_end():
            yield from self._close(Intent(everyday.GOODBYE))

    def _may_end(self) -> bool:
        """Only when the caller sounded done, not because the model was talked into it."""
        return self.intent is not None and self.intent.name in _DONE and is_sure(self._with.settings, self.intent)

    def _second_request(self, calls: Sequence[ToolCall], text: str) -> Request:
        return replace(self._request(), tool_round=ToolRound(text, self._results(calls)))

    def _results(self, calls: Sequence[ToolCall]) -> tuple[tuple[ToolCall, str, bool], ...]:
        results = tuple((called, *self._with.toolbox.use(called, self._call)) for called in calls)
        self._found += [result for _, result, _ in results]
        return results

"""One turn with a language model: its answer sentence by sentence to the voice, with deadlines, and a second one after a look at the desk.

    request -> header (intent) -> sentences -> [tool -> second request -> sentences] -> what it asks

The thread that talks to the caller never waits here for longer than a tick: it looks whether the caller has spoken on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from nlu import everyday
from nlu.assistant_acts import Acts, Kit, looks
from nlu.assistant_draft import Draft, tongue_of
from nlu.assistant_header import Header
from nlu.assistant_memory import conversation
from nlu.assistant_meter import Meter
from nlu.assistant_model import ModelFailed, Request, Spent, Stopped, Text, ToolBegan, ToolCall, ToolRound
from nlu.assistant_reading import Over, Reading
from nlu.assistant_tools import NOTE

log = logging.getLogger(__name__)
TICK_S = 0.02
Part = Intent | Say | Outcome


class Exchange:
    """`run` once. Afterwards `failure` tells why the model's answer was not, or not wholly, spoken."""

    def __init__(self, kit: Kit, turn: Turn, history: Sequence[Turn], call: Call) -> None:
        self._kit, self._turn, self._history, self._call = kit, turn, history, call
        self._assistant = kit.settings.assistant
        self._acts = Acts(kit, turn, history, call)
        self.meter = Meter(kit.model, self._assistant.prices, kit.clock)
        self.failure: ModelFailed | None = None
        self.asks = Question.NONE  # what the last sentence asked
        self._header: Header | None = None
        self._calls: list[ToolCall] = []  # of the last request
        self._spoken: list[str] = []  # sentences of the model's that went to the voice
        self._filled = False  # a filler was said
        self._quiet_since = kit.clock()

    # -- the story ------------------------------------------------------------------

    def run(self) -> Iterator[Part]:
        """The answer, or what there was of it until `failure`."""
        try:
            yield from self._listen(self._request, strict=True)
            yield from self._use_tools()
            if not (self._spoken or self._acts.closed or self.interrupted or self._waits):
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
    def _waits(self) -> bool:
        """The caller asked for a moment: to say nothing is an answer, too."""
        return self.intent is not None and self.intent.name == everyday.WAIT

    @property
    def spoke(self) -> bool:
        return bool(self._spoken)

    def _certain(self) -> bool:
        """What lasts is done only when the caller has finished for certain. False: nobody wants the answer any more."""
        while not self.interrupted:
            if self._turn.settled.wait(TICK_S):
                return True
        return False

    def _use_tools(self) -> Iterator[Part]:
        """A transfer or the end is ours to say; for the rest the model gets what was found, once, and answers again."""
        calls, self._calls = tuple(self._calls), []
        if not calls or not self._certain():
            return
        yield from self._acts.closing(calls, self.intent)
        if self._acts.closed or (self.asks is not Question.NONE and not looks(calls)):  # the caller has an answer and is asked
            self._note(calls)
            return
        yield from self._listen(lambda: self._second_request(calls), strict=self._header is None)
        if not self.interrupted:
            self._note(self._calls)
            yield from self._acts.closing(self._calls, self.intent)

    def _note(self, calls: Sequence[ToolCall]) -> None:
        """A note needs no more words of the model's, and nobody waits for the desk."""
        if notes := tuple(called for called in calls if called.name == NOTE):
            threading.Thread(target=self._acts.results, args=(notes,), name="note", daemon=True).start()

    # -- one request ----------------------------------------------------------------

    def _listen(self, request: Callable[[], Request], *, strict: bool) -> Iterator[Part]:
        draft, reading, stopped = Draft(strict=strict), Reading(self._kit.model, request), Stopped()
        header: Header | None = None
        self.meter.request()
        self._quiet_since = self._kit.clock()
        try:
            for piece in self._pieces(reading, before=len(self._spoken)):
                match piece:
                    case Say():
                        yield piece
                    case Text(text):
                        whole = draft.add(text)
                        if header is None and draft.header is not None:
                            header = self._kit.headers.read(draft.header)
                            yield from self._understood(header)
                            if self._acts.closed:
                                return
                        yield from self._speak(whole)
                    case ToolBegan():
                        yield from self._speak_rest(draft, header)
                    case ToolCall():
                        self._calls.append(piece)
                    case Spent():
                        self.meter.spent(piece)
                    case Stopped():
                        stopped = piece
            if not self.interrupted:
                yield from self._finish(draft, header, stopped)
        finally:
            reading.abandon()

    def _pieces(self, reading: Reading, before: int) -> Iterator[Any]:
        """What comes, and the filler while nothing does. Ends with the answer, or when the caller speaks on. Raises ModelFailed."""
        while not self.interrupted:
            piece = reading.next(TICK_S)
            if isinstance(piece, Over):
                return
            if isinstance(piece, Text) and len(self._spoken) > before:
                self._quiet_since = self._kit.clock()
            if piece is not None:
                yield piece
            if isinstance(piece, Stopped):
                return
            quiet_ms = (self._kit.clock() - self._quiet_since) * 1000
            if quiet_ms > self._assistant.give_up_after_ms:
                raise ModelFailed("stalled" if self._spoken else "deadline")
            if quiet_ms > self._assistant.filler_after_ms and not self._filled and len(self._spoken) == before:
                self._filled = True
                yield from self._kit.speaking.prompt("filler", self._turn.language)

    def _understood(self, header: Header) -> Iterator[Part]:
        """The caller's wish; what is ours to say to it is said at once."""
        if self._header is not None:
            return
        intent = _both(header.intent, self._kit.complete(header.intent, self._turn, self._history))
        self._header = replace(header, intent=intent)
        yield intent
        if not self._spoken and self._acts.is_ours(intent):
            yield from self._acts.close(intent)

    # -- words ------------------------------------------------------------------------

    def _finish(self, draft: Draft, header: Header | None, stopped: Stopped) -> Iterator[Say]:
        """The answer is over; cut off at max_tokens, what was said stands, and the talk goes on."""
        if stopped.why == "refused":
            raise ModelFailed("refused")
        yield from self._speak_rest(draft, header, ended=stopped.why != "length")
        if stopped.why == "length" and self._spoken and self.asks is Question.NONE:
            yield from self._kit.speaking.prompt("anything_else", self._turn.language, Question.ANYTHING_ELSE)

    def _speak_rest(self, draft: Draft, header: Header | None, *, ended: bool = True) -> Iterator[Say]:
        """The very last sentence carries the question; of one about a slot all do, as the caller may break into the first with it."""
        *before, last = draft.rest(ended=ended) or [""]
        asks, slot = _asked(header or self._header, last)
        yield from self._speak(before, *((asks, slot) if asks is Question.SLOT else ()))
        if last:
            yield from self._speak([last], asks, slot)

    def _speak(self, sentences: Sequence[str], asks: Question = Question.NONE, slot: str = "") -> Iterator[Say]:
        for sentence in sentences:
            if self.interrupted:
                return
            self._check(sentence)
            self.meter.first_text()
            self._spoken.append(sentence)
            self.asks = asks
            yield Say(sentence, tongue_of(sentence, self._turn.language, self._kit.settings.languages), asks, slot)
            self._quiet_since = self._kit.clock()

    def _check(self, sentence: str) -> None:
        theirs = [*(turn.heard for turn in self._history), self._turn.heard, *self._acts.found]
        if why := self._kit.guard.objection(sentence, theirs):
            log.warning("a sentence of the language model was not spoken", extra={"why": why, "call_sid": self._call.sid})
            raise ModelFailed("unsafe")

    # -- requests -----------------------------------------------------------------------

    def _request(self) -> Request:
        prompt, most_turns = self._kit.prompt, self._assistant.max_history_turns
        messages = conversation(self._turn, self._history, most_turns=most_turns, fillers=prompt.fillers)
        return Request(prompt.text, messages, self._assistant.max_reply_tokens, self._kit.toolbox.tools)

    def _second_request(self, calls: Sequence[ToolCall]) -> Request:
        return replace(self._request(), tool_round=ToolRound(" ".join(self._spoken), self._acts.results(calls)))


def _both(told: Intent, noticed: Intent) -> Intent:
    """What the model told, and what our rules noticed in the same words; of a slot, theirs counts, as it was read and checked."""
    signals = tuple(dict.fromkeys((*told.signals, *noticed.signals)))
    return replace(noticed, slots={**told.slots, **noticed.slots}, also=told.also, signals=signals, faq=told.faq or noticed.faq)


def _asked(header: Header | None, sentence: str) -> tuple[Question, str]:
    """What stands after the answer. A question that the model forgot to name is an open one."""
    asks = header.asks if header else Question.NONE
    if asks is Question.NONE and sentence.rstrip("\"'”’").endswith("?"):
        asks = Question.OPEN
    return asks, header.slot if header and asks is Question.SLOT else ""

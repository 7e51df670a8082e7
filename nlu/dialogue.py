"""What to say: decides from an intent, the turn and what the caller has heard so far. Knows no words of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from calls.call import ABOUT_A_SLOT, Intent, Outcome, OutcomeKind, Question, Say, Turn
from calls.settings import IntentSettings, Settings
from calls.standing import standing_question, standing_slot, standing_turn
from calls.urgency import Signal
from nlu import everyday
from nlu.asking import Asking
from nlu.connecting import Connecting, wants_human
from nlu.form import DETAILS, Form, form_of
from nlu.humans import Anybody, Humans, always, utc_now
from nlu.speaking import Speaking, says
from nlu.wishes import OTHER, is_sure, is_wish, topic_of

_BESIDE_THE_TALK = frozenset(
    {everyday.WAIT, everyday.REPEAT, everyday.LANGUAGE, "silence", "trouble", "no_recording"}
)  # neither understood nor not
_ANSWERABLE = (
    Question.ANYTHING_ELSE,
    Question.OFFER_HUMAN,
    Question.OFFER_CALLBACK,
    Question.STILL_THERE,
    Question.ABOUT_TICKET,
    Question.SOLVED,
    Question.SLOT,
    Question.CONFIRM_SLOT,
)
_UPSET = frozenset({Signal.ANGER, Signal.REPETITION, Signal.STANDSTILL, Signal.ASKED_FOR_HUMAN})
_AGAIN = {  # how a question is asked once more, in another language
    Question.ANYTHING_ELSE: "anything_else",
    Question.OFFER_HUMAN: "offer_human",
    Question.OFFER_CALLBACK: "nobody_there",
    Question.SOLVED: "solved",
    Question.STILL_THERE: "still_there",
}


class Dialogue:
    """`answer(intent, turn, history)` -> sentences, and an Outcome when the bot's part is over."""

    def __init__(self, settings: Settings, *, anybody: Anybody = always, now: Callable[[], datetime] = utc_now) -> None:
        """`anybody(intent, language)`: whether a human could take such a call at this moment."""
        self._settings, self._speaking = settings, Speaking(settings)
        self._connecting = Connecting(settings, self._speaking, Humans(settings, anybody, now))
        self._asking = Asking(settings, self._speaking)

    def answer(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        asked = standing_question(history)
        if not self._understood(intent, asked):
            return self._ask_again(intent, turn, history, asked)
        if asked in ABOUT_A_SLOT and intent.name in (DETAILS, everyday.YES, everyday.NO, everyday.GREETING):
            return self._go_on_asking(intent, turn, history)
        match intent.name:
            case everyday.YES | everyday.NO:
                return self._yes_or_no(intent, asked, turn, history)
            case everyday.THANKS if asked is not Question.ANYTHING_ELSE:
                return self._prompt("anything_else", turn, Question.ANYTHING_ELSE)
            case everyday.GOODBYE | everyday.THANKS:
                return self._connecting.end("goodbye", Outcome(OutcomeKind.FINISHED, "goodbye"), turn)
            case everyday.REPEAT:
                return self._repeat(turn, history)
            case everyday.LANGUAGE:
                return self._in_other_language(intent, turn, history)
            case everyday.GREETING:
                return self._prompt("welcome_back", turn, Question.OPEN)
            case everyday.WAIT:
                return iter(())
            case _:
                return self._help(intent, turn, history)

    # -- wishes -----------------------------------------------------------------------

    def _help(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        wish = self._settings.intents.get(intent.name)
        if wish is None:
            return self._ask_again(intent, turn, history, standing_question(history))
        if wants_human(self._settings, intent):
            return self._connecting.connect(self._human_of(intent), intent, turn, history)
        if self._is_upset(intent, history):
            return self._prompt("upset", turn, Question.OFFER_HUMAN)
        if intent.faq:
            return self._from_faq(intent, turn, history)
        if intent.name == OTHER:
            return self._what_else(self._before(intent.name, history), turn)
        return self._fill_in(form_of(self._settings, history, intent), turn, history)

    def _human_of(self, intent: Intent) -> str:
        """Which of the breath's wishes is the one for a human."""
        return next(name for name in (intent.name, *intent.also) if self._settings.intents[name].ends_in == "human")

    def _go_on_asking(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        """An "okay" to the question for a number is not yet the number, and who says hello wants to know whether we are there."""
        form = form_of(self._settings, history, intent)
        if intent.name == everyday.GREETING:
            return self._repeat(turn, history)
        if intent.name == everyday.YES and standing_question(history) is Question.SLOT and not form.values.get(standing_slot(history)):
            return iter(())
        return self._fill_in(form, turn, history)

    def _fill_in(self, form: Form, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        """Asks for what the wish needs to know; when there is nothing more to ask, the answer."""
        if asks := self._asking.next(form, turn.language):
            return iter(asks)
        wish = self._settings.intents.get(form.wish)
        if wish is None:
            return self._prompt("anything_else", turn, Question.ANYTHING_ELSE)
        if missing := self._asking.gave_up(form):
            return self._do_without(missing, turn)
        return self._explain(form, wish, turn, history)

    def _do_without(self, missing: str, turn: Turn) -> Iterator[Say]:
        yield from self._asking.without(missing, turn.language)
        yield from self._prompt("offer_human", turn, Question.OFFER_HUMAN)

    def _explain(self, form: Form, wish: IntentSettings, turn: Turn, history: Sequence[Turn]) -> Iterator[Say]:
        """The answer; the second time, for lost data, or where there is none, a human is offered with it."""
        yield from self._speaking.spoken(wish.answer, turn.language, **self._asking.blanks(form))
        if self._before(form.wish, history) or not wish.answer or Signal.DATA_LOSS in form.wanted.signals:
            return (yield from self._prompt("offer_human", turn, Question.OFFER_HUMAN))
        yield from self._beside_it(form, turn) or self._prompt("anything_else", turn, Question.ANYTHING_ELSE)

    def _beside_it(self, form: Form, turn: Turn) -> list[Say]:
        """A second wish of the same breath is not forgotten: its answer, or the question for what it needs to know."""
        wish = self._settings.intents.get(name := next(iter(form.wanted.also), ""))
        beside = replace(form, wish=name)
        if wish is None or not wish.answer or name == form.wish or self._asking.gave_up(beside):
            return []
        asks = self._asking.next(beside, turn.language)
        answer = self._speaking.spoken(wish.answer, turn.language, **self._asking.blanks(beside))
        then = asks or [*answer, *self._prompt("anything_else", turn, Question.ANYTHING_ELSE)]
        return [*self._prompt("also_asked", turn, topic=topic_of(self._settings, name, turn.language)), *then]

    def _from_faq(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say]:
        """Asked for the second time, the answer has not helped: a human is offered with it."""
        yield from self._speaking.spoken(self._settings.faq[intent.faq].answer, turn.language)
        if any(earlier.intent and earlier.intent.faq == intent.faq for earlier in history):
            yield from self._prompt("offer_human", turn, Question.OFFER_HUMAN)
        else:
            yield from self._prompt("solved", turn, Question.SOLVED)

    def _what_else(self, before: bool, turn: Turn) -> Iterator[Say]:
        """The caller wants none of the known things: what, then?"""
        if before:
            return self._prompt("offer_human", turn, Question.OFFER_HUMAN)
        return self._prompt("again_simpler", turn, Question.OPEN)

    def _before(self, name: str, history: Sequence[Turn]) -> bool:
        """Whether the same was wanted, and answered, earlier in the call."""
        return any(
            earlier.intent and earlier.intent.name == name and is_sure(self._settings, earlier.intent) and not self._put_off(earlier)
            for earlier in history
            if earlier.asked not in ABOUT_A_SLOT
        )

    def _is_upset(self, intent: Intent, history: Sequence[Turn]) -> bool:
        """Once in a call: who declines a human then is not asked at every word."""
        offered = any(earlier.asked in (Question.OFFER_HUMAN, Question.OFFER_CALLBACK) for earlier in history)
        return bool(_UPSET & {*intent.signals}) and not offered

    # -- short answers ----------------------------------------------------------------

    def _yes_or_no(self, intent: Intent, asked: Question, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        match asked, intent.name == everyday.YES:
            case Question.OFFER_HUMAN, True:
                return self._connecting.connect("offered", intent, turn, history)
            case Question.OFFER_HUMAN, False if self._put_off(last := standing_turn(history)) and last and last.intent:
                return self._answer_after_all(last.intent, turn, history)
            case Question.OFFER_CALLBACK, True:
                return self._connecting.promise("callback_promised", "asked", turn)
            case Question.SOLVED, False:
                return self._prompt("not_solved", turn, Question.OFFER_HUMAN)
            case (Question.OFFER_CALLBACK, False) | (Question.SOLVED, True):
                return self._prompt("anything_else", turn, Question.ANYTHING_ELSE)
            case Question.ANYTHING_ELSE, False:
                return self._connecting.end("goodbye", Outcome(OutcomeKind.FINISHED, "goodbye"), turn)
            case Question.ABOUT_TICKET, True:
                return self._prompt("ticket_noted", turn, Question.OPEN)
        return self._prompt("welcome_back", turn, Question.OPEN)

    def _answer_after_all(self, wish: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        """Who was upset and wants no human gets the answer that was put off for the offer."""
        if not is_wish(self._settings, (wish.name, wish.confidence)):
            return self._prompt("welcome_back", turn, Question.OPEN)
        if wish.faq:
            return self._from_faq(wish, turn, history[:-1])
        return self._fill_in(form_of(self._settings, history, wish), turn, history)

    def _put_off(self, turn: Turn | None) -> bool:
        """Whether a wish was not answered then, as a human was offered to an upset caller first."""
        if not (turn and turn.intent and turn.said and _UPSET & {*turn.intent.signals}):
            return False
        return any(" ".join(offer.split()).startswith(" ".join(turn.said)) for offer in self._settings.prompts.upset.values())

    def _repeat(self, turn: Turn, history: Sequence[Turn]) -> Iterator[Say]:
        """What the caller heard last, in the language that it was said in."""
        last = standing_turn(history)
        if last is None:
            return self._prompt("nothing_to_repeat", turn, Question.OPEN)
        return says(list(last.said), last.language, last.asked, last.asked_slot)

    def _in_other_language(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        """The caller asked for another language, which is the turn's by now: what was said last is said in it, if it was worth it."""
        yield from self._prompt("language_changed", turn)
        last, asked = standing_turn(history), standing_question(history)
        wish = last.intent if last and last.intent else None
        if wish and is_wish(self._settings, (wish.name, wish.confidence)) and not self._put_off(last):
            yield from self._answer_after_all(wish, turn, [earlier for earlier in history if earlier is not last])
        elif asked in ABOUT_A_SLOT:
            yield from self._fill_in(form_of(self._settings, history, intent), turn, history)
        elif asked in _AGAIN:
            yield from self._prompt(_AGAIN[asked], turn, asked)
        else:
            yield from self._prompt("welcome_back", turn, Question.OPEN)

    # -- not understood ---------------------------------------------------------------

    def _ask_again(self, intent: Intent, turn: Turn, history: Sequence[Turn], asked: Question) -> Iterator[Say | Outcome]:
        misses, most = self._misses(history), self._settings.understanding.max_reprompts
        offered = asked in (Question.OFFER_HUMAN, Question.OFFER_CALLBACK)
        if misses > most or (offered and misses):
            return self._connecting.connect("not_understood", intent, turn, history)
        if asked is Question.OFFER_CALLBACK:
            return self._connecting.nobody_there("not_understood", intent, turn, history)
        if self._is_upset(intent, history):
            return self._prompt("upset", turn, Question.OFFER_HUMAN)
        if misses == most or asked is Question.OFFER_HUMAN:
            return self._prompt("offer_human", turn, Question.OFFER_HUMAN)
        if asked in ABOUT_A_SLOT:
            return self._asking.again(standing_slot(history), turn.language)
        return self._prompt("again_simpler" if misses else "again", turn, Question.AGAIN)

    def _misses(self, history: Sequence[Turn]) -> int:
        """How many turns in a row, up to now, were not understood."""
        misses = 0
        for number in range(len(history) - 1, -1, -1):
            intent = history[number].intent
            if intent and intent.name in _BESIDE_THE_TALK:
                continue
            if intent is None or self._understood(intent, standing_question(history[:number])):
                break
            misses += 1
        return misses

    def _understood(self, intent: Intent, asked: Question) -> bool:
        """A yes or no is an answer only where something was asked."""
        return is_sure(self._settings, intent) and (intent.name not in (everyday.YES, everyday.NO) or asked in _ANSWERABLE)

    def _prompt(self, name: str, turn: Turn, asks: Question = Question.NONE, **blanks: str) -> Iterator[Say]:
        return self._speaking.prompt(name, turn.language, asks, **blanks)

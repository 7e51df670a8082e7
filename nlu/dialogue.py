"""What to say: decides from an intent, the turn and what the caller has heard so far. Knows no words of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from calls.call import Intent, Outcome, OutcomeKind, Question, Say, Turn
from calls.settings import IntentSettings, Settings, fill
from nlu import everyday
from nlu.humans import Anybody, Humans, always, utc_now
from nlu.sentences import split
from nlu.wishes import OTHER

_BESIDE_THE_TALK = frozenset({everyday.WAIT, everyday.REPEAT, "silence", "trouble", "no_recording"})  # neither understood nor not
_ANSWERABLE = (Question.ANYTHING_ELSE, Question.OFFER_HUMAN, Question.OFFER_CALLBACK, Question.STILL_THERE, Question.ABOUT_TICKET)
_PATIENCE_WITH_HUMANS = 2  # so often a call is handed over; then a call back is promised


class Dialogue:
    """`answer(intent, turn, history)` -> sentences, and an Outcome when the bot's part is over."""

    def __init__(self, settings: Settings, *, anybody: Anybody = always, now: Callable[[], datetime] = utc_now) -> None:
        """`anybody(intent, language)`: whether a human could take such a call at this moment."""
        self._settings, self._humans = settings, Humans(settings, anybody, now)

    def answer(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        asked = standing_question(history)
        if not self._understood(intent, asked):
            return self._ask_again(turn, history, asked)
        match intent.name:
            case everyday.YES | everyday.NO:
                return self._yes_or_no(intent.name == everyday.YES, asked, turn, history)
            case everyday.THANKS if asked is not Question.ANYTHING_ELSE:
                return self._prompt("anything_else", turn, Question.ANYTHING_ELSE)
            case everyday.GOODBYE | everyday.THANKS:
                return self._goodbye(turn)
            case everyday.REPEAT:
                return self._repeat(turn, history)
            case everyday.GREETING:
                return self._prompt("welcome_back", turn, Question.OPEN)
            case everyday.WAIT:
                return iter(())
            case name:
                return self._help(name, turn, history)

    # -- wishes -----------------------------------------------------------------------

    def _help(self, name: str, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        wish = self._settings.intents.get(name)
        if wish is None:
            return self._ask_again(turn, history, standing_question(history))
        if wish.ends_in == "human":
            return self._connect(name, turn, history)
        before = any(earlier.intent and earlier.intent.name == name and self._sure(earlier.intent) for earlier in history)
        return self._what_else(before, turn) if name == OTHER else self._explain(wish, before, turn)

    def _explain(self, wish: IntentSettings, before: bool, turn: Turn) -> Iterator[Say]:
        """The answer; the second time, or where there is none, a human is offered."""
        yield from self._spoken(wish.answer, turn)
        if before or not wish.answer:
            yield from self._prompt("offer_human", turn, Question.OFFER_HUMAN)
        else:
            yield from self._prompt("anything_else", turn, Question.ANYTHING_ELSE)

    def _what_else(self, before: bool, turn: Turn) -> Iterator[Say]:
        """The caller wants none of the known things: what, then?"""
        if before:
            return self._prompt("offer_human", turn, Question.OFFER_HUMAN)
        return self._prompt("again_simpler", turn, Question.OPEN)

    # -- short answers ----------------------------------------------------------------

    def _yes_or_no(self, yes: bool, asked: Question, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        if asked is Question.OFFER_HUMAN and yes:
            return self._connect("offered", turn, history)
        if asked is Question.OFFER_CALLBACK:
            return self._promise("callback_promised", "asked", turn) if yes else self._prompt("anything_else", turn, Question.ANYTHING_ELSE)
        if asked is Question.ANYTHING_ELSE and not yes:
            return self._goodbye(turn)
        if asked is Question.ABOUT_TICKET and yes:
            return self._prompt("ticket_noted", turn, Question.OPEN)
        return self._prompt("welcome_back", turn, Question.OPEN)

    def _repeat(self, turn: Turn, history: Sequence[Turn]) -> Iterator[Say]:
        """What the caller heard last, in the language that it was said in."""
        last = next((earlier for earlier in reversed(history) if earlier.said), None)
        if last is None:
            return self._prompt("nothing_to_repeat", turn, Question.OPEN)
        return _say(list(last.said), last.language, last.asked)

    # -- not understood ---------------------------------------------------------------

    def _ask_again(self, turn: Turn, history: Sequence[Turn], asked: Question) -> Iterator[Say | Outcome]:
        misses, most = self._misses(history), self._settings.understanding.max_reprompts
        offered = asked in (Question.OFFER_HUMAN, Question.OFFER_CALLBACK)
        if misses > most or (offered and misses):
            return self._connect("not_understood", turn, history)
        if asked is Question.OFFER_CALLBACK:
            return self._nobody_there("not_understood", turn, history)
        if misses == most or asked is Question.OFFER_HUMAN:
            return self._prompt("offer_human", turn, Question.OFFER_HUMAN)
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
        return self._sure(intent) and (intent.name not in (everyday.YES, everyday.NO) or asked in _ANSWERABLE)

    def _sure(self, intent: Intent) -> bool:
        return intent.confidence >= self._settings.understanding.threshold

    # -- humans -----------------------------------------------------------------------

    def _connect(self, reason: str, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        """To a human, if one is there; else a call back is offered, and promised to a caller who asks once more.

        After two handovers that came back to us a call back is promised instead of a third."""
        handed_over = sum(self._was_handed_over(number, history) for number in range(len(history)))
        if handed_over < _PATIENCE_WITH_HUMANS and self._humans.are_there(reason, turn, history):
            return self._end("connecting", Outcome(OutcomeKind.ESCALATED, reason), turn)
        if handed_over:
            return self._promise("no_agent", reason, turn)
        if standing_question(history) is Question.OFFER_CALLBACK:
            return self._promise("callback_promised", reason, turn)
        return self._nobody_there(reason, turn, history)

    def _nobody_there(self, reason: str, turn: Turn, history: Sequence[Turn]) -> Iterator[Say]:
        """Offers a call back; when it is for the hour that nobody is there, the caller hears when somebody will be."""
        language = self._language(self._settings.prompts.closed, turn)
        if when := self._humans.come_back(reason, turn, history, language):
            return self._prompt("closed", turn, Question.OFFER_CALLBACK, opening=when)
        return self._prompt("nobody_there", turn, Question.OFFER_CALLBACK)

    def _promise(self, prompt: str, reason: str, turn: Turn) -> Iterator[Say | Outcome]:
        return self._end(prompt, Outcome(OutcomeKind.CALLBACK, reason), turn)

    def _was_handed_over(self, number: int, history: Sequence[Turn]) -> bool:
        intent = history[number].intent
        if intent is None or not self._sure(intent) or history[number].asked is Question.OFFER_CALLBACK:
            return False
        wish = self._settings.intents.get(intent.name)
        accepted = intent.name == everyday.YES and standing_question(history[:number]) is Question.OFFER_HUMAN
        return accepted or (wish is not None and wish.ends_in == "human")

    # -- words ------------------------------------------------------------------------

    def _goodbye(self, turn: Turn) -> Iterator[Say | Outcome]:
        return self._end("goodbye", Outcome(OutcomeKind.FINISHED, "goodbye"), turn)

    def _end(self, prompt: str, outcome: Outcome, turn: Turn) -> Iterator[Say | Outcome]:
        yield from self._prompt(prompt, turn)
        yield outcome

    def _prompt(self, name: str, turn: Turn, asks: Question = Question.NONE, **blanks: str) -> Iterator[Say]:
        return self._spoken(getattr(self._settings.prompts, name), turn, asks, **blanks)

    def _spoken(self, spoken: Mapping[str, str], turn: Turn, asks: Question = Question.NONE, **blanks: str) -> Iterator[Say]:
        language = self._language(spoken, turn)
        return _say(split(fill(spoken.get(language, ""), blanks)), language, asks)

    def _language(self, spoken: Mapping[str, str], turn: Turn) -> str:
        return turn.language if turn.language in spoken else self._settings.language


def standing_question(history: Sequence[Turn]) -> Question:
    """What the caller was asked last: of the latest turn of which anything was heard."""
    return next((turn.asked for turn in reversed(history) if turn.said), Question.NONE)


def _say(sentences: list[str], language: str, asks: Question) -> Iterator[Say]:
    """The last sentence is the one that asks."""
    for number, sentence in enumerate(sentences, start=1):
        yield Say(sentence, language, asks if number == len(sentences) else Question.NONE)

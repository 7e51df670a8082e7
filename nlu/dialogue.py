"""What to say: decides from an intent, the turn and what the caller has heard so far. Pure; knows no words of the caller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calls.call import Intent, Outcome, OutcomeKind, Question, Say, Turn
from calls.settings import IntentSettings, Settings
from nlu import everyday
from nlu.sentences import split

OTHER = "other"
_BESIDE_THE_TALK = frozenset({everyday.WAIT, everyday.REPEAT, "silence", "trouble", "no_recording"})  # neither understood nor not
_ANSWERABLE = (Question.ANYTHING_ELSE, Question.OFFER_HUMAN, Question.STILL_THERE, Question.ABOUT_TICKET)
_PATIENCE_WITH_HUMANS = 2  # so often a call is handed over; then a call back is promised


class Dialogue:
    """`answer(intent, turn, history)` -> sentences, and an Outcome when the bot's part is over."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

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
        if misses > most or (asked is Question.OFFER_HUMAN and misses):
            return self._connect("not_understood", turn, history)
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

    # -- endings ----------------------------------------------------------------------

    def _connect(self, reason: str, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        """To a human. After two handovers that came back to us, a call back is promised instead of a third."""
        if sum(self._was_handed_over(number, history) for number in range(len(history))) >= _PATIENCE_WITH_HUMANS:
            yield from self._prompt("no_agent", turn)
            yield Outcome(OutcomeKind.CALLBACK, reason)
        else:
            yield from self._prompt("connecting", turn)
            yield Outcome(OutcomeKind.ESCALATED, reason)

    def _was_handed_over(self, number: int, history: Sequence[Turn]) -> bool:
        intent = history[number].intent
        if intent is None or not self._sure(intent):
            return False
        wish = self._settings.intents.get(intent.name)
        accepted = intent.name == everyday.YES and standing_question(history[:number]) is Question.OFFER_HUMAN
        return accepted or (wish is not None and wish.ends_in == "human")

    def _goodbye(self, turn: Turn) -> Iterator[Say | Outcome]:
        yield from self._prompt("goodbye", turn)
        yield Outcome(OutcomeKind.FINISHED, "goodbye")

    # -- words ------------------------------------------------------------------------

    def _prompt(self, name: str, turn: Turn, asks: Question = Question.NONE) -> Iterator[Say]:
        return self._spoken(getattr(self._settings.prompts, name), turn, asks)

    def _spoken(self, spoken: dict[str, str], turn: Turn, asks: Question = Question.NONE) -> Iterator[Say]:
        language = turn.language if turn.language in spoken else self._settings.language
        return _say(split(spoken.get(language, "")), language, asks)


def standing_question(history: Sequence[Turn]) -> Question:
    """What the caller was asked last: of the latest turn of which anything was heard."""
    return next((turn.asked for turn in reversed(history) if turn.said), Question.NONE)


def _say(sentences: list[str], language: str, asks: Question) -> Iterator[Say]:
    """The last sentence is the one that asks."""
    for number, sentence in enumerate(sentences, start=1):
        yield Say(sentence, language, asks if number == len(sentences) else Question.NONE)

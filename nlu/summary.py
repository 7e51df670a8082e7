"""What a call was about, for an agent to read in five seconds. Pure: the journal's record in, three sentences out."""

from __future__ import annotations

from calls.call import CallRecord, CallSummary, OutcomeKind, Question, TurnRecord
from calls.settings import Settings
from nlu import everyday

TRANSFER, OTHER = "transfer_to_human", "other"
_QUOTE_LENGTH = 120  # characters of the caller's own words
_SHORTEST_WISH = 3  # words that an unclassified sentence needs to be worth quoting
_HUMANS = frozenset({OutcomeKind.ESCALATED, OutcomeKind.BROKEN, OutcomeKind.TRANSFERRED, OutcomeKind.CALLBACK})

_ENDINGS = {
    OutcomeKind.FINISHED: "The caller finished the call with the bot.",
    OutcomeKind.HUNG_UP: "The caller hung up before the end.",
    OutcomeKind.BROKEN: "The line to the bot broke; the caller was to be passed to a person.",
    OutcomeKind.TRANSFERRED: "An agent took over the call.",
    OutcomeKind.CALLBACK: "Nobody could take the call: please call back.",
}
_ESCALATIONS = {
    TRANSFER: "The caller asked for a person.",
    "offered": "The caller accepted the offer of a person.",
    "not_understood": "The bot did not understand the caller and passed the call to a person.",
    "engine_failed": "The bot failed and passed the call to a person.",
    "time_up": "The call reached its longest time and was passed to a person.",
    "silence": "The caller could not be heard and was passed to a person.",
}


class Summarizer:
    """See calls.ports.Summarizer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, record: CallRecord) -> CallSummary:
        turn = self._main_turn(record)
        intent = turn.intent if turn else TRANSFER if _went_to_a_human(record) else OTHER
        wish = self._settings.intents.get(intent)
        return CallSummary(
            intent=intent,
            confidence=turn.intent_confidence if turn else 0.0,
            language=record.turns[-1].language if record.turns else record.language,
            priority=wish.priority if wish else "normal",
            text=" ".join([_about(record, intent, self._last_words(record, turn)), self._answered(intent, turn), _ended(record)]),
        )

    def _main_turn(self, record: CallRecord) -> TurnRecord | None:
        """Of the wishes that were well understood: an urgent one, else one for the bot's help, each time the latest."""
        wishes = [turn for turn in record.turns if self._is_wish(turn)]
        return max(
            wishes,
            key=lambda turn: (self._settings.intents[turn.intent].priority == "high", turn.intent != TRANSFER, turn.number),
            default=None,
        )

    def _is_wish(self, turn: TurnRecord) -> bool:
        known = turn.intent in self._settings.intents and turn.intent != OTHER
        return known and turn.intent_confidence >= self._settings.understanding.threshold

    def _answered(self, intent: str, turn: TurnRecord | None) -> str:
        """Whether the caller *heard* the answer."""
        wish = self._settings.intents.get(intent)
        if turn is None or wish is None or not wish.answer:
            return "The bot gave no answer to it."
        if not turn.said:
            return "The caller did not hear the bot's answer."
        return f'The bot answered: "{_bounded(turn.said[0])}"' + (", but was interrupted." if turn.interrupted else "")

    def _last_words(self, record: CallRecord, turn: TurnRecord | None) -> str:
        """The caller's own words for the wish; where none was understood, the last that are more than small talk."""
        if turn and turn.heard:
            return turn.heard
        told = [turn.heard for turn in record.turns if turn.intent not in everyday.INTENTS and len(turn.heard.split()) >= _SHORTEST_WISH]
        heard = [turn.heard for turn in record.turns if turn.heard and turn.intent not in everyday.INTENTS]
        return (told or heard or [""])[-1]


def _about(record: CallRecord, intent: str, words: str) -> str:
    who = record.caller or "A caller with a hidden number"
    called = "was called" if record.direction == "outbound" else "called"
    what = (
        "wanted to speak to a person"
        if intent == TRANSFER
        else "the wish was not understood"
        if intent == OTHER
        else f"about {intent.replace('_', ' ')}"
    )
    joint = ": " if intent == OTHER else " and " if intent == TRANSFER else " "
    said = f': "{_bounded(words)}"' if words else ""
    return f"{who} {called}{joint}{what}{said}."


def _ended(record: CallRecord) -> str:
    outcome = record.outcome
    if outcome is None:
        return "The call is still going on." if record.ended_at is None else "The call ended without a word to the bot."
    if outcome.kind is not OutcomeKind.ESCALATED:
        return _ENDINGS[outcome.kind]
    return _ESCALATIONS.get(outcome.reason, f"The call was passed to a person ({outcome.reason.replace('_', ' ')}).") + _reached(record)


def _reached(record: CallRecord) -> str:
    if not record.escalations:
        return ""
    last = record.escalations[-1].state
    return {"completed": " An agent spoke to them.", "dialling": " It is ringing now."}.get(
        last, f" No agent was reached ({last}): please call back."
    )


def _went_to_a_human(record: CallRecord) -> bool:
    asked = any(turn.asked is Question.OFFER_HUMAN for turn in record.turns)
    return record.outcome is not None and (record.outcome.kind in _HUMANS or (asked and bool(record.escalations)))


def _bounded(text: str) -> str:
    text = " ".join(text.replace('"', "'").split())
    return text if len(text) <= _QUOTE_LENGTH else text[: _QUOTE_LENGTH - 1].rsplit(" ", 1)[0] + "…"

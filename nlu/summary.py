"""What a call was about, for an agent to read in five seconds. Pure: the journal's record in, three sentences out."""

from __future__ import annotations

from calls.call import CallRecord, CallSummary, OutcomeKind, Question, TurnRecord
from calls.handover import Directory
from calls.settings import Settings
from nlu import everyday
from nlu.endings import ended
from nlu.wishes import OTHER, TRANSFER, main_wish

_QUOTE_LENGTH = 120  # characters of the caller's own words
_SHORTEST_WISH = 3  # words that an unclassified sentence needs to be worth quoting
_HUMANS = frozenset({OutcomeKind.ESCALATED, OutcomeKind.BROKEN, OutcomeKind.TRANSFERRED, OutcomeKind.CALLBACK})


class Summarizer:
    """See calls.ports.Summarizer. What the bot took for the caller's wish, unless an agent knows better."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._directory = settings, Directory.of(settings.escalation)

    def __call__(self, record: CallRecord) -> CallSummary:
        turn = self._main_turn(record)
        heard = turn.intent if turn else TRANSFER if _went_to_a_human(record) else OTHER
        corrected = record.wrap_up.intent if record.wrap_up else ""
        wish = self._settings.intents.get(corrected or heard)
        text = [_about(record, heard, self._last_words(record, turn)), self._answered(heard, turn), ended(record, self._directory)]
        return CallSummary(
            intent=corrected or heard,
            confidence=1.0 if corrected else turn.intent_confidence if turn else 0.0,
            language=record.turns[-1].language if record.turns else record.language,
            priority=wish.priority if wish else "normal",
            text=" ".join(text),
        )

    def _main_turn(self, record: CallRecord) -> TurnRecord | None:
        at = main_wish(self._settings, [(turn.intent, turn.intent_confidence) for turn in record.turns])
        return None if at is None else record.turns[at]

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


def _went_to_a_human(record: CallRecord) -> bool:
    asked = any(turn.asked is Question.OFFER_HUMAN for turn in record.turns)
    return record.outcome is not None and (record.outcome.kind in _HUMANS or (asked and bool(record.escalations)))


def _bounded(text: str) -> str:
    text = " ".join(text.replace('"', "'").split())
    return text if len(text) <= _QUOTE_LENGTH else text[: _QUOTE_LENGTH - 1].rsplit(" ", 1)[0] + "…"

"""What a call was about, for an agent to read in five seconds. Pure: the journal's record in, a few English sentences out."""

from __future__ import annotations

from itertools import takewhile

from calls.call import ABOUT_A_SLOT, CallRecord, CallSummary, OutcomeKind, Question, TurnRecord
from calls.handover import Directory, one_line
from calls.settings import Settings
from calls.told import cares, told
from calls.urgency import Signal
from nlu import everyday
from nlu.faq import helped
from nlu.summary_outcome import ended
from nlu.wishes import OTHER, TRANSFER, main_wish

_QUOTE_LENGTH = 120  # characters of the caller's own words
_SHORTEST_WISH = 3  # words that an unclassified sentence needs to be worth quoting
_HUMANS = frozenset({OutcomeKind.ESCALATED, OutcomeKind.BROKEN, OutcomeKind.TRANSFERRED, OutcomeKind.CALLBACK})
_URGENT = frozenset({Signal.ANGER, Signal.REPETITION, Signal.DATA_LOSS, Signal.DEADLINE, Signal.STANDSTILL})
_HELPED = {True: "the caller said that it helped", False: "the caller said that it did not help", None: ""}
_SENTENCE_ENDS = (".", "!", "?", "।", "…", '"')


class Summarizer:
    """See calls.ports.Summarizer. What the bot took for the caller's wish, unless an agent knows better."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._directory = settings, Directory.of(settings.escalation)

    def __call__(self, record: CallRecord) -> CallSummary:
        turn = self._main_turn(record)
        heard = turn.intent if turn else TRANSFER if _went_to_a_human(record) else OTHER
        corrected = record.wrap_up.intent if record.wrap_up else ""
        wish = self._settings.intents.get(corrected or heard)
        urgent = any(signal in _URGENT for each in record.turns for signal in each.signals)
        return CallSummary(
            intent=corrected or heard,
            confidence=1.0 if corrected else turn.intent_confidence if turn else 0.0,
            language=record.turns[-1].language if record.turns else record.language,
            priority="high" if urgent else wish.priority if wish else "normal",
            text=" ".join([*self._told(record, heard, turn), *_care(record, urgent=urgent), ended(record, self._directory)]),
        )

    def _main_turn(self, record: CallRecord) -> TurnRecord | None:
        """The wish that the call is about; of a call with none, its last question that the FAQ answers."""
        at = main_wish(self._settings, [(turn.intent, turn.intent_confidence) for turn in record.turns])
        if at is not None:
            return record.turns[at]
        return next((turn for turn in reversed(record.turns) if turn.faq and not _went_to_a_human(record)), None)

    # -- what was wanted and tried ----------------------------------------------------
    def _told(self, record: CallRecord, heard: str, turn: TurnRecord | None) -> list[str]:
        """In a language model's words where it has summarised the call."""
        if record.summary.strip():
            text = one_line(record.summary)
            return [text if text.endswith(_SENTENCE_ENDS) else f"{text}."]
        return [f"{_who(record)} {self._about(record, heard, turn)}{_given(record)}.", self._answered(record, heard, turn)]

    def _about(self, record: CallRecord, heard: str, turn: TurnRecord | None) -> str:
        called = "was called" if record.direction == "outbound" else "called"
        words = self._last_words(record, turn)
        said = f': "{_bounded(words)}"' if words else ""
        if heard == TRANSFER:
            return f"{called} and wanted to speak to a person{said}"
        if heard == OTHER:
            return f"{called} and asked a question{said}" if turn and turn.faq else f"{called}: the wish was not understood{said}"
        return f"{called} about {' and '.join([heard, *self._beside(record, heard)]).replace('_', ' ')}{said}"

    def _beside(self, record: CallRecord, heard: str) -> list[str]:
        """Further wishes of one breath with another."""
        names = dict.fromkeys(name for turn in record.turns for name in turn.also if name in self._settings.intents)
        return [name for name in names if name not in (heard, OTHER, TRANSFER)]

    def _answered(self, record: CallRecord, intent: str, turn: TurnRecord | None) -> str:
        """Whether the caller *heard* the answer, and what they said of it."""
        wish = self._settings.intents.get(intent)
        if turn is None or not (turn.faq or (wish and wish.answer)):
            return "The bot gave no answer to it."
        answer = _after_the_slots(record, turn)
        if answer.asked in ABOUT_A_SLOT:
            return f"The bot gave no answer yet: it was asking for the {answer.asked_slot.replace('_', ' ') or 'details'}."
        if not answer.said:
            return "The caller did not hear the bot's answer."
        source = " from the FAQ" if turn.faq else ""
        verdict = _HELPED[helped(record.turns, record.turns.index(turn))] if turn.faq else ""
        ending = ", but was interrupted." if answer.interrupted else ""
        return f'The bot answered{source}: "{_bounded(answer.said[0])}"' + (f"; {verdict}." if verdict else ending)

    def _last_words(self, record: CallRecord, turn: TurnRecord | None) -> str:
        """The caller's own words for the wish; where none was understood, the last that are more than small talk."""
        if turn and turn.heard:
            return turn.heard
        spoken = [turn.heard for turn in record.turns if turn.intent not in everyday.INTENTS and not turn.keyed]
        at_length = [heard for heard in spoken if len(heard.split()) >= _SHORTEST_WISH]
        return (at_length or [heard for heard in spoken if heard] or [""])[-1]


def _after_the_slots(record: CallRecord, turn: TurnRecord) -> TurnRecord:
    """The turn that answers the wish of `turn`: the bot may first have asked for what it needs to know."""
    following = record.turns[record.turns.index(turn) :]
    asking = list(takewhile(lambda each: each.asked in ABOUT_A_SLOT or (each is not turn and not each.said), following))
    return following[len(asking)] if len(asking) < len(following) else turn


def _who(record: CallRecord) -> str:
    """ "Ravi Traders (+919876543210)"; the number alone where no CRM knows it."""
    name = one_line(record.customer.name) if record.customer else ""
    number = record.caller or ("hidden number" if name else "A caller with a hidden number")
    return f"{name} ({number})" if name else number


def _given(record: CallRecord) -> str:
    given = ", ".join(f"{name} {value}" for name, value in told(record).items())
    return f" ({given})" if given else ""


def _care(record: CallRecord, *, urgent: bool) -> list[str]:
    """Why the ticket is urgent though its intent may not be."""
    reasons = cares(record)
    return [f"{'Urgent' if urgent else 'Take care'}: {reasons}."] if reasons else []


def _went_to_a_human(record: CallRecord) -> bool:
    asked = any(turn.asked is Question.OFFER_HUMAN for turn in record.turns)
    return record.outcome is not None and (record.outcome.kind in _HUMANS or (asked and bool(record.escalations)))


def _bounded(text: str) -> str:
    text = " ".join(text.replace('"', "'").split())
    return text if len(text) <= _QUOTE_LENGTH else text[: _QUOTE_LENGTH - 1].rsplit(" ", 1)[0] + "…"

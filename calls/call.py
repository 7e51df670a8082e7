"""The nouns of a phone call.

Times within a call are milliseconds since its audio socket opened (`*_ms`); moments that outlive the call
are aware UTC datetimes (`*_at`). Sound is 16-bit little-endian mono PCM.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from calls.agents import Callback, Customer, Escalation, WrapUp


class OutcomeKind(StrEnum):
    """How the bot's part of a call ended."""

    FINISHED = "finished"  # the caller was done, the bot said goodbye
    ESCALATED = "escalated"  # to a human
    HUNG_UP = "hung_up"  # the caller hung up
    BROKEN = "broken"  # the stream ended without a word; the next hook goes to a human
    TRANSFERRED = "transferred"  # an agent took the call and it was completed
    CALLBACK = "callback"  # nobody could take it: a call back was promised
    UNHEARD = "unheard"  # our recognisers failed; Jambonz's own listens from here on, or the keypad does


class Question(StrEnum):
    """What the bot has just asked; a short answer is read in its light."""

    NONE = "none"
    OPEN = "open"  # "how can I help?"
    AGAIN = "again"  # "sorry, could you say that again?"
    ANYTHING_ELSE = "anything_else"
    OFFER_HUMAN = "offer_human"  # "shall I connect you to a person?"
    STILL_THERE = "still_there"
    ABOUT_TICKET = "about_ticket"  # "is it about your ticket ...?"
    OFFER_CALLBACK = "offer_callback"  # "nobody is there now: shall we call you back?"
    SOLVED = "solved"  # after an answer from the FAQ: "did that answer your question?"
    SLOT = "slot"  # "what is your serial number?"; Say.slot tells which
    CONFIRM_SLOT = "confirm_slot"  # "I have understood 7 1 2: is that right?"


ABOUT_A_SLOT = (Question.SLOT, Question.CONFIRM_SLOT)


class Completeness(StrEnum):
    """Whether the caller's words so far, followed by a silence, are all that there is to come."""

    COMPLETE = "complete"  # for what was asked: a whole number, a yes to a yes-or-no question, a whole wish
    OPEN = "open"  # the words do not tell
    UNFINISHED = "unfinished"  # they end in the middle: "and", "um", five digits of ten


class Consent(StrEnum):
    """Whether the call may be recorded (the caller presses 9 to decline)."""

    GIVEN = "given"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Call:
    """One phone call, as the audio socket introduces it. `caller` and `called` are as Jambonz writes them."""

    sid: str
    caller: str
    called: str
    sample_rate: int = 16_000  # Hz
    language: str = "en"  # the language to begin in
    after: str = ""  # why the stream was opened again ("no_agent"), or empty on the first


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the caller said in one breath, still as sound, with a little silence on both sides."""

    pcm: bytes
    sample_rate: int  # Hz
    began_ms: int  # the first speech frame
    ended_ms: int  # the last speech frame; the endpoint was decided later

    @property
    def duration_ms(self) -> int:
        return len(self.pcm) * 1000 // (2 * self.sample_rate)


class Wanted:
    """Whether an utterance's recognition is a guess that the caller has finished, is needed, or is of no use any more.

    The call sets it, the recogniser looks at it between its steps; both from their own threads."""

    __slots__ = ("dropped", "sure")

    def __init__(self, *, sure: bool = True) -> None:
        self.sure, self.dropped = sure, False

    def confirm(self) -> None:
        """The caller has finished indeed: it goes before guesses."""
        self.sure = True

    def drop(self) -> None:
        """The caller has gone on, or has gone: the recogniser may leave it undone."""
        self.dropped = True


@dataclass(frozen=True, slots=True)
class Spent:
    """Where a recogniser's time went, in ms."""

    queue_ms: int = 0  # until the engine took the utterance
    encode_ms: int = 0
    decode_ms: int = 0


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the recogniser made of an utterance. `rejected` says why an invented text was dropped (then `text` is empty)."""

    text: str
    language: str
    confidence: float = 1.0  # 0..1, of the words
    language_confidence: float = 1.0  # 0..1
    rejected: str = ""  # "", "silence", "no_speech", "low_confidence", "repetition", "prompt_echo"; "dropped": it was wanted no more
    spent: Spent | None = field(default=None, compare=False)  # None of a recogniser that does not tell


@dataclass(frozen=True, slots=True)
class Intent:
    """What the caller wants: one of the intents of jambonz-app.json or of the everyday ones (yes, no, goodbye ...)."""

    name: str
    confidence: float = 1.0  # 0..1: of the answers given with 0.9, nine in ten should be right
    slots: Mapping[str, str] = field(default_factory=dict)  # what was said of them in this turn, in their normal form (calls/slots.py)
    also: tuple[str, ...] = ()  # further intents of the same breath, the most urgent first
    signals: tuple[str, ...] = ()  # why the caller needs care: calls.urgency.Signal values
    faq: str = ""  # the entry of jambonz-app.json's faq that answers the question


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence for the voice; `asks` when it is (the end of) a question to the caller."""

    text: str
    language: str
    asks: Question = Question.NONE
    slot: str = ""  # which slot a SLOT or CONFIRM_SLOT asks for


@dataclass(frozen=True, slots=True)
class Usage:
    """What a language model was asked in one turn, and what it cost."""

    engine: str  # "claude", "openai"
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0  # 0 where the model's prices are not configured
    first_text_ms: int | None = None  # from the request to the first speakable text
    fell_back: str = ""  # why the rules answered instead: a constant word such as "deadline", "overloaded", "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the bot's part of the call ended, and so which verbs the next hook answers with."""

    kind: OutcomeKind
    reason: str = ""  # a short constant word or intent name, never the caller's words


@dataclass(slots=True)
class Timings:
    """Where the time of a reply went, ms since the caller's last speech frame; None where it did not come to that.

    What is done ahead, while it is not certain yet that the caller has finished, may lie before `endpoint`."""

    asked: int | None = None  # the recogniser was given the utterance
    begun: int | None = None  # it took it from its queue
    encoded: int | None = None
    decoded: int | None = None
    endpoint: int | None = None  # the end of speech was decided
    transcribed: int | None = None  # the words were there, and certain to be the caller's last
    understood: int | None = None
    first_text: int | None = None  # the first sentence of the answer was there
    voiced: int | None = None  # the first sound left the voice
    reply: int | None = None  # the first audible sample was written to the socket
    heard: int | None = None  # it reached the caller's ear, as far as our own clock tells

    def as_dict(self) -> dict[str, int]:
        pairs = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: value for name, value in pairs if value is not None}


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(slots=True)
class Turn:
    """One exchange: the caller's words and our answer to them. Turn 0 is the greeting and has no words."""

    number: int
    heard: str = ""
    heard_confidence: float = 1.0
    language: str = "en"
    intent: Intent | None = None
    said: list[str] = field(default_factory=list)  # what the caller *heard* of our answer, sentence by sentence
    asked: Question = Question.NONE
    began_ms: int = 0  # when the caller began to speak
    ended_ms: int = 0  # when the caller's last speech frame came
    timings: Timings = field(default_factory=Timings)
    interrupted: threading.Event = field(default_factory=threading.Event)  # lanes look at it between chunks
    asked_slot: str = ""  # which slot was asked for
    keyed: bool = False  # the words are digits from the keypad
    usage: Usage | None = None  # of a language model
    settled: threading.Event = field(default_factory=_set)  # not yet set: the caller may go on; nothing may be done that lasts


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as the journal keeps it."""

    number: int
    heard: str
    heard_confidence: float
    language: str
    intent: str  # "" for the greeting
    intent_confidence: float
    slots: Mapping[str, str]
    said: tuple[str, ...]
    asked: Question
    interrupted: bool
    began_ms: int
    ended_ms: int
    timings: Mapping[str, int]
    asked_slot: str = ""
    keyed: bool = False
    also: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    faq: str = ""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class CallEnd:
    """What is known of a call when Jambonz tells its end."""

    outcome: Outcome | None
    handed_over: bool  # a human's phone rang, or a human talked to the caller


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Everything the journal knows of one call."""

    sid: str
    direction: str
    caller: str
    called: str
    language: str
    status: str  # Jambonz's last call_status
    consent: Consent
    started_at: datetime
    ended_at: datetime | None
    duration_s: int | None
    outcome: Outcome | None
    turns: tuple[TurnRecord, ...] = ()
    talking: bool = False  # a conversation is going on, or recognising the last words of a caller who has hung up
    about_ticket: str = ""  # id on the built-in desk: the caller said that the call is about this open ticket
    escalations: tuple[Escalation, ...] = ()
    customer: Customer | None = None
    callback: Callback | None = None
    wrap_up: WrapUp | None = None
    notes: tuple[str, ...] = ()  # what a language model noted for our team during the call
    summary: str = ""  # a language model's, made once after the call; "" where the rules summarise


@dataclass(frozen=True, slots=True)
class CallSummary:
    """What a call was about, for an agent to read in five seconds."""

    intent: str  # the intent the ticket is filed under
    confidence: float
    language: str
    priority: str  # "high" or "normal"
    text: str  # two or three English sentences


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket in a ticket system."""

    id: str
    call_sid: str
    phone: str
    intent: str
    priority: str
    language: str
    status: str  # "open", "pending", "closed"
    summary: str
    description: str  # the transcript, speaker by speaker
    confidence: float
    created_at: datetime
    updated_at: datetime
    url: str = ""
    due_at: datetime | None = None  # a call back was promised until then


@dataclass(frozen=True, slots=True)
class CallerProfile:
    """What is known of a caller before a word was said: a name from a CRM, an open ticket on the desk."""

    name: str = ""
    ticket_id: str = ""
    topic: str = ""  # the open ticket's intent
    customer: Customer | None = None  # as the CRM that knows the number has it

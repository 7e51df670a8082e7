"""What the call asks of its engines. Any class with these methods fits; none needs to inherit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from calls.agents import Customer
from calls.call import Call, CallRecord, CallSummary, Completeness, Intent, Outcome, Say, Ticket, Transcript, Turn, Usage, Utterance, Wanted

NEEDED = Wanted()


def never() -> bool:
    """The `cancelled` of work that nobody interrupts."""
    return False


class SpeechDetector(Protocol):
    """One per call, as it remembers the line's noise."""

    def is_speech(self, pcm: bytes, *, bot_db: float | None) -> bool:
        """Whether a 20 ms frame is the caller's speech.

        `bot_db`: the loudest sound of ours (dBFS) whose echo may be in it, None if there can be none."""


class Recognizer(Protocol):
    """Shared by all calls; called from several threads."""

    languages: tuple[str, ...]  # that it can hear, in the order configured

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        """`language`: the caller's so far, kept unless the sound says otherwise; None when nothing is known.

        `wanted` may change meanwhile: what is sure goes before guesses, and of what is dropped the transcript may be empty (`rejected`
        is "dropped"). Raises EngineError."""


class Understanding(Protocol):
    """Shared by all calls."""

    def respond(self, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome | Usage]:
        """First what the caller wants, then the answer sentence by sentence, and an Outcome if the call ends with it.

        A Usage may come anywhere. `history` holds the earlier turns, the greeting first, each with what the caller *heard*.
        Touches neither. `turn.interrupted` is set when nobody listens any more: then it should stop soon."""


class Languages(Protocol):
    """Which language a turn is answered in. Shared by all calls; takes well under a millisecond."""

    def __call__(self, transcript: Transcript, turns: Sequence[Turn], language: str) -> str:
        """`language`: the call's so far; `turns`: the earlier ones. Keeps the language unless the words say otherwise."""


class Endings(Protocol):
    """Whether a caller who is silent now has said all. Shared by all calls; takes well under a millisecond."""

    def __call__(self, transcript: Transcript, turns: Sequence[Turn], language: str) -> Completeness:
        """`transcript`: the words before the silence; `turns`: the earlier ones, whose last question stands; `language`: the call's."""


class Helpdesk(Protocol):
    """What a language model may do at the desk while the call goes on. Raises CrmError."""

    def tickets_of(self, phone: str) -> Sequence[Ticket]:
        """The caller's open tickets, the newest first."""

    def note(self, call_sid: str, text: str) -> Ticket | None:
        """The call's ticket as it is now, with this note (English, at most 500 characters); made if there is none yet."""


class Voice(Protocol):
    """Shared by all calls."""

    def speak(self, text: str, *, language: str, sample_rate: int, cancelled: Callable[[], bool] = never) -> Iterator[bytes]:
        """PCM chunks (16-bit mono at `sample_rate` Hz) of one sentence; stops soon after `cancelled()` turns true.

        Raises EngineError."""


class Journal(Protocol):
    """What the conversation writes. All methods may be called twice with the same facts and raise JournalError."""

    def turn_finished(self, call_sid: str, turn: Turn) -> None: ...

    def alive(self, call_sid: str, *, now: datetime) -> None:
        """A heartbeat: the call's process lives and keeps its slot."""

    def consent_declined(self, call_sid: str) -> None: ...

    def about_ticket(self, call_sid: str, ticket_id: str) -> None:
        """The caller said that the call is about this open ticket of the desk."""

    def customer_known(self, call_sid: str, customer: Customer) -> None:
        """A CRM knows the caller's number."""

    def call_ended(self, call_sid: str, outcome: Outcome, *, now: datetime) -> None:
        """The bot's part is over. A later outcome of the same call (transferred ...) replaces an earlier one."""


class Summarizer(Protocol):
    def __call__(self, record: CallRecord) -> CallSummary: ...


class Crm(Protocol):
    def file(self, record: CallRecord, summary: CallSummary, *, now: datetime) -> Ticket:
        """Make the call's ticket, or bring it up to date: one ticket a call, however often this is called. Raises CrmError."""

"""A whole call without a socket: a scripted line, engines that do what they are told, and a clock that jumps 20 ms a frame."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from calls.agents import Customer
from calls.call import Call, CallerProfile, Intent, Outcome, OutcomeKind, Question, Say, Turn
from calls.errors import JournalError
from calls.live import Tell, tell_nobody
from calls.ports import Endings
from calls.settings import Settings, load
from stream.conversation import Conversation, House
from stream.fake import InlinePool, Loudness, ScriptedLine, ScriptedRecognizer, ScriptedUnderstanding, ToneVoice
from stream.lane import Lanes, Pool
from stream.work import Engines, untold

SETTINGS = load("jambonz-app.json")
ANSWER = "a b c d e f g h i j k l m n o p q r s t u v w x y z"  # 51 letters: 2.55 s of ToneVoice
LICENSE = Intent("license_renewal", 0.9)
GOODBYE, TO_HUMAN = Outcome(OutcomeKind.FINISHED, "goodbye"), Outcome(OutcomeKind.ESCALATED, "transfer_to_human")
DISCLOSURE_S = len(SETTINGS.prompts.disclosure["en"]) * 0.05
GREETING_S = len(SETTINGS.prompts.greeting["en"]) * 0.05
OPENING_S = DISCLOSURE_S + GREETING_S + 0.5


@dataclass
class Notes:
    """A journal that keeps what it is told."""

    turns: dict[int, Turn] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    declined: bool = False
    about: str = ""
    customer: Customer | None = None
    promised: list[str] = field(default_factory=list)
    beats: int = 0
    closed: int = 0
    fails: bool = False

    def turn_finished(self, call_sid: str, turn: Turn) -> None:
        self.turns[turn.number] = turn

    def alive(self, call_sid: str, *, now: datetime) -> None:
        self.beats += 1

    def consent_declined(self, call_sid: str) -> None:
        self.declined = True

    def about_ticket(self, call_sid: str, ticket_id: str) -> None:
        self.about = ticket_id

    def customer_known(self, call_sid: str, customer: Customer) -> None:
        self.customer = customer

    def promise(self, call_sid: str) -> None:
        assert not self.outcomes, "a promise is noted before the outcome tells of it"
        self.promised.append(call_sid)

    def call_ended(self, call_sid: str, outcome: Outcome, *, now: datetime) -> None:
        if self.fails:
            raise JournalError("down")
        self.outcomes.append(outcome)

    def close(self, call_sid: str) -> None:
        self.closed += 1


@dataclass
class Played:
    line: ScriptedLine
    notes: Notes
    outcome: Outcome
    recognizer: ScriptedRecognizer
    understanding: ScriptedUnderstanding
    conversation: Conversation

    def heard(self) -> list[str]:
        return [turn.heard for _, turn in sorted(self.notes.turns.items()) if turn.heard]


REPLIES: dict[str, list[Any]] = {
    "licence": [LICENSE, Say(ANSWER, "en"), Say("anything else?", "en", Question.ANYTHING_ELSE)],
    "human": [Intent("transfer_to_human"), Say("connecting you", "en"), TO_HUMAN],
    "bye": [Intent("goodbye"), Say("goodbye", "en"), GOODBYE],
    "ask": [Intent("other", 0.2), Say("is it about a licence or about something else?", "en", Question.AGAIN)],
}


@dataclass
class PacedLine(ScriptedLine):
    pace_s: float = 0.0

    def receive(self, timeout: float) -> Any:
        time.sleep(self.pace_s)
        return super().receive(timeout)


SORRY = [Intent("other", 0.1), Say("sorry?", "en", Question.AGAIN)]


def play(
    *script: list[Any],
    hears: tuple[Any, ...] = (),
    voice: ToneVoice | None = None,
    notes: Notes | None = None,
    settings: Settings = SETTINGS,
    after: str = "",
    replies: dict[str, list[Any]] | None = None,
    profile: Callable[[str], CallerProfile | None] = lambda phone: None,
    tell: Tell = tell_nobody,
    understanding: Any = None,
    endings: Endings = untold,
    recognizer: ScriptedRecognizer | None = None,
    pools: dict[str, Pool] | None = None,
    pace_s: float = 0.0,
) -> Played:
    """`pace_s`: real time that a frame takes, where threads have to come along."""
    line = PacedLine([event for part in script for event in part], pace_s=pace_s)
    notes, recognizer = notes or Notes(), recognizer or ScriptedRecognizer(*hears)
    understanding = understanding or ScriptedUnderstanding(REPLIES if replies is None else replies, SORRY)
    engines = Engines(lambda rate: Loudness(), recognizer, understanding, voice or ToneVoice(), endings=endings)
    inline: dict[str, Pool] = {name: InlinePool() for name in ("ear", "mind", "pen", "files")}
    lanes = Lanes(**inline | (pools or {}))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    house = House(engines, notes, notes.close, settings, lanes, profile, line.clock, lambda: now, tell, notes.promise)
    conversation = Conversation(Call("c1", "+911", "+912", after=after), line, house)  # type: ignore[arg-type]
    return Played(line, notes, conversation.run(), recognizer, understanding, conversation)

"""What an agent says of a call afterwards: the form, what is wrong with it, and who may fill it in. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from calls.agents import LegAnswer, WrapUp
from calls.call import CallRecord
from console.desk_ports import Bot, called
from records.people import Person

RESOLUTIONS = {"resolved": "Resolved", "follow_up": "To be followed up"}
LONGEST_NOTE = 4000  # characters
SUPERVISORS = ("supervisor", "admin")


@dataclass(frozen=True, slots=True)
class WrapUpForm:
    """As typed, so that nothing is lost when something is wrong with it. `faults`: field, or "" -> what to do about it."""

    record: CallRecord
    understood: str  # what the bot took the call to be about, for people
    intents: Mapping[str, str]  # the others -> what they are called
    resolution: str = ""
    intent: str = ""  # "": the bot was right
    note: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Of the form on the page, which is the same as long as it is about this call; a call's sid may hold what no selector does."""
        return "wrap-up-" + hashlib.sha256(self.record.sid.encode()).hexdigest()[:12]

    @property
    def longest_note(self) -> int:
        return LONGEST_NOTE

    def refused(self, why: str) -> WrapUpForm:
        """As typed, with what stood in the way of it as a whole."""
        return replace(self, faults={"": why})

    def as_wrap_up(self, person: Person, now: datetime) -> WrapUp:
        return WrapUp(self.record.sid, person.agent, person.name or person.login, self.resolution, self.intent, self.note, now)


def form_for(bot: Bot, record: CallRecord) -> WrapUpForm:
    """Empty, or as it was written before."""
    understood = bot.summarizer(replace(record, wrap_up=None)).intent
    others = {name: called(name) for name in bot.settings.intents if name != understood}
    form = WrapUpForm(record, called(understood), others)
    before = record.wrap_up
    return replace(form, resolution=before.resolution, intent=before.intent, note=before.note) if before else form


def filled(form: WrapUpForm, given: Mapping[str, str]) -> WrapUpForm:
    """With what was typed, and what is wrong with that."""
    note = given.get("note", "").replace("\r\n", "\n").strip()
    typed = replace(form, resolution=given.get("resolution", ""), intent=given.get("intent", ""), note=note)
    return replace(typed, faults=faults_of(typed))


def faults_of(form: WrapUpForm) -> dict[str, str]:
    faults = {}
    if form.resolution not in RESOLUTIONS:
        faults["resolution"] = "Choose whether the call is resolved or is to be followed up."
    if form.intent and form.intent not in form.intents:
        faults["intent"] = "Choose one of the topics."
    if (length := len(form.note)) > LONGEST_NOTE:
        faults["note"] = f"The note has {length} characters; {LONGEST_NOTE} fit. Shorten it by {length - LONGEST_NOTE}."
    return faults


def may_wrap_up(record: CallRecord, person: Person) -> bool:
    """Who talked in the call, who calls its customer back, and supervisors."""
    legs = [leg for attempt in record.escalations for leg in attempt.legs if leg.answer is LegAnswer.ACCEPTED]
    talked = bool(person.agent) and any(leg.agent == person.agent for leg in legs)
    calls_back = record.callback is not None and record.callback.agent == person.login
    return person.role in SUPERVISORS or talked or calls_back


def is_over_for(record: CallRecord, agent: str) -> bool:
    """The agent does not talk in it any more."""
    legs = [leg for attempt in record.escalations for leg in attempt.legs if leg.agent == agent and leg.answer is LegAnswer.ACCEPTED]
    return record.ended_at is not None or all(leg.ended_at for leg in legs)

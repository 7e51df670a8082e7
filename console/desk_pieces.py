"""An agent's desk as pieces of HTML, each made of what the database knows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from flask import render_template

from calls.agents import Presence
from calls.call import CallRecord
from calls.handover import Directory
from calls.tokens import agent_key
from console.agents_calls import AgentsCall, latest_taken, missed, rung, who_calls
from console.desk_ports import Bot, called, house
from console.moments import Clock, clock_for
from console.pops import AtHand, at_hand, is_reserved
from console.words import Line, spoken, together
from console.wrapping_up import RESOLUTIONS, form_for

CALL_PIECES = ("presence", "now", "words", "wrap-up", "missed", "recent")
PIECES = (*CALL_PIECES, "callbacks")
OF_CALL_LIST = {"wrap-up", "missed", "recent"}
CALLBACKS_SHOWN = 5
CALLS_SHOWN = 15
CALLS_LOOKED_AT = 50  # so that a day's missed calls are among them


class DeskPieces:
    """Of the desk of `agent`, an id of jambonz-app.json. `look` first, then `make`; both raise JournalError and CrmError."""

    def __init__(self, bot: Bot, agent: str) -> None:
        self._bot, self._agent = bot, agent
        self._calls: list[AgentsCall] = []
        self._key = ("", "")  # the call at hand, and what lets this page talk in it
        self.at_hand: AtHand | None = None
        self._makers = {
            "presence": self._presence,
            "now": self._now,
            "wrap-up": self._wrap_up,
            "missed": self._missed,
            "recent": self._recent,
            "callbacks": self._callbacks,
        }

    def look(self, now: datetime, names: Collection[str] = PIECES) -> None:
        """What these pieces are to be made of, as it is now."""
        self._settings = self._bot.settings.escalation
        self._clock = clock_for(self._settings, self._agent, now)
        self.at_hand = at_hand(self._bot, self._agent, now)
        if not OF_CALL_LIST.isdisjoint(names):
            records = self._bot.history.of_agent(self._agent, limit=CALLS_LOOKED_AT)
            self._calls = rung(records, self._agent, Directory.of(self._settings))

    def make(self, name: str, heard: Sequence[Line] = ()) -> str:
        """One of PIECES. `heard`: lines of the call at hand that the journal may not have yet."""
        return self._words(heard) if name == "words" else self._makers[name]()

    def _presence(self) -> str:
        here, now = self._bot.presences.of(self._agent), self._clock.now
        return self._piece(
            "desk_presence.html",
            available=here is not None and here.state is Presence.AVAILABLE,
            since=here.since if here else None,
            in_a_call=here is not None and is_reserved(here, now),
            wraps_up_until=here.busy_until if here and not here.call_sid and here.busy_until and here.busy_until > now else None,
            always=self._agent in self._settings.agents and self._settings.agents[self._agent].presence == "always",
        )

    def _now(self) -> str:
        pop = self.at_hand.pop if self.at_hand else None
        return self._piece("desk_now.html", at_hand=self.at_hand, pop=pop, key=self._key_now())

    def _key_now(self) -> str:
        """The same for as long as it rings, so that the piece stays the same too."""
        if self.at_hand is None or not self.at_hand.can_take_here:
            return ""
        sid = self.at_hand.record.sid
        if self._key[0] != sid:
            self._key = sid, agent_key(self._bot.secrets[0], sid, self._agent)
        return self._key[1]

    def _words(self, heard: Sequence[Line] = ()) -> str:
        lines = together(spoken(self.at_hand.record), heard) if self.at_hand else []
        return self._piece("desk_words.html", at_hand=self.at_hand, lines=lines)

    def _wrap_up(self) -> str:
        talks = self.at_hand.record if self.at_hand and self.at_hand.stage == "talks" else None
        latest = latest_taken(call for call in self._calls if self._clock.today(call.at))
        record = talks or (latest.record if latest else None)
        ticket = self._bot.desk.ticket_of(record.sid) if record else None
        if record and not record.wrap_up:
            return self._piece("desk_wrap_up_form.html", form=form_for(self._bot, record), ticket=ticket, talks=talks is not None)
        return self._piece("desk_wrapped_up.html", record=record, wrap_up=record.wrap_up if record else None, ticket=ticket)

    def _missed(self) -> str:
        return self._piece("desk_missed.html", calls=[call for call in missed(self._calls) if self._clock.today(call.at)])

    def _recent(self) -> str:
        return self._piece("desk_recent.html", calls=self._calls[:CALLS_SHOWN])

    def _callbacks(self) -> str:
        promises = self._bot.callbacks
        counts = {"count": promises.unsettled(), "overdue": promises.overdue(now=self._clock.now)}
        return self._piece("desk_callbacks.html", callbacks=promises.open(CALLBACKS_SHOWN), **counts)

    def _piece(self, template: str, **facts: Any) -> str:
        return piece(template, self._clock, **facts)


def piece(template: str, clock: Clock, **facts: Any) -> str:
    """A template of the agents' pages, with what all of them need."""

    def topic_of(record: CallRecord) -> str:
        return called(house().summarizer(record).intent)

    return render_template(template, clock=clock, called=called, topic_of=topic_of, who_calls=who_calls, RESOLUTIONS=RESOLUTIONS, **facts)

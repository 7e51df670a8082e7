"""`/live`: the calls that go on now, for supervisors; every row changes in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Protocol

from flask import Blueprint, Response, current_app, render_template
from markupsafe import Markup, escape

from calls.ears import Ears
from calls.live import Live
from calls.settings import Environment, Settings, pick
from console.board import Board
from console.board_rows import Row
from console.current import Current
from console.door import needs
from console.events import Message, event_stream
from console.moments import Clock, clock_for
from console.overview import SharedOverview
from records.callbacks import Callbacks
from records.history import History
from records.journal import Journal
from records.presence import Presences

bp = Blueprint("live", __name__, template_folder="templates")
TALKING = {"greeting", "listening", "thinking", "speaking"}
CHANGED = '<template><tr hx-swap-oob="true"{}</template>'
ADDED = '<template><tbody id="calls" hx-swap-oob="afterbegin">{}</tbody></template>'
REMOVED = '<template><tr id="{}" hx-swap-oob="delete"></tr></template>'
SAID = {"": "begins", "with_agent": "with an agent"}  # how a state is called where its own name won't do


class Bot(Protocol):
    """What the page looks for in `app.extensions["bot"]`."""

    settings: Settings
    environment: Environment
    live: Live
    history: History
    journal: Journal
    presences: Presences
    callbacks: Callbacks
    ears: Callable[[], Ears]
    clock: Callable[[], datetime]


@bp.get("/live")
@needs("supervisor")
def show() -> str:
    page = LivePage(*watched())
    with closing(page.board.watch()):
        return render_template("live.html", calls=page.all_rows(), counts=page.counts(), agents=page.agents())


@bp.get("/live/events")
@needs("supervisor")
def events() -> Response:
    page = LivePage(*watched())
    return event_stream(page.board.watch, page.whole, page.told, beat=page.beside)


def watched() -> tuple[Board, SharedOverview]:
    """One of each in a process, made when somebody first asks."""
    bot: Bot = current_app.extensions["bot"]
    agents, slots = Current(lambda: bot.settings.escalation.agents), bot.environment.max_calls
    board = Board(bot.live, bot.history, Current(lambda: bot.settings.intents), clock=bot.clock)
    overview = SharedOverview(bot.journal, bot.presences, bot.callbacks, agents, slots, ears=bot.ears, clock=bot.clock)
    return current_app.extensions.setdefault("board", board), current_app.extensions.setdefault("overview", overview)


class LivePage:
    """One page of live calls, and what it has been sent: its methods are what console.events.event_stream asks for."""

    def __init__(self, board: Board, overview: SharedOverview) -> None:
        self.board, self._overview = board, overview
        self._version, self._shown = 0, set[str]()
        self._sent: dict[str, str] = {}

    def whole(self) -> Iterator[Message]:
        self._version, _ = self.board.changed_since(0)
        self._sent.clear()
        yield Message("calls", self.all_rows())
        yield from self.beside()

    def told(self, _: Sequence[int]) -> Iterator[Message]:
        self._version, rows = self.board.changed_since(self._version)
        there, changes = self.board.sids(), []
        changes += [CHANGED.format(self._row(row).removeprefix("<tr")) for row in rows if row.call_sid in self._shown]
        changes += [ADDED.format(self._row(row)) for row in rows if row.call_sid not in self._shown]
        changes += [REMOVED.format(element_id(sid)) for sid in self._shown - there]
        self._shown = (self._shown | {row.call_sid for row in rows}) & there
        if changes:
            yield Message("changes", "".join(changes))
        yield from self.beside()

    def beside(self) -> Iterator[Message]:
        """The parts around the calls, where they are not any more as they were sent."""
        for name, html in (("counts", self.counts()), ("agents", self.agents())):
            if self._sent.get(name) != html:
                self._sent[name] = html
                yield Message(name, html)

    # -- its parts ------------------------------------------------------------------
    def all_rows(self) -> str:
        rows = self.board.rows()
        self._shown = {row.call_sid for row in rows}
        return "".join(self._row(row) for row in rows)

    def counts(self) -> str:
        states = Counter(row.state for row in self.board.rows())
        talking = sum(states[state] for state in TALKING)
        here = self._overview.get(self.board.around)
        return render_template(
            "live_counts.html", talking=talking, ringing=states["ringing"], with_agent=states["with_agent"], here=here, clock=wall_clock()
        )

    def agents(self) -> str:
        return render_template("live_agents.html", agents=self._overview.get(self.board.around).agents, clock=wall_clock())

    def _row(self, row: Row) -> str:
        return self.board.drawn(row, draw)


def draw(row: Row) -> str:
    """A `<tr>` that finds its place on the page by its id."""
    bot: Bot = current_app.extensions["bot"]
    intent = bot.settings.intents.get(row.intent)
    topic = pick(intent.label, "en", bot.settings.language) if intent else ""
    names = [agent.strip() for agent in row.agent.split(",") if agent.strip()]
    known = bot.settings.escalation.agents
    agents = ", ".join(known[name].name if name in known else name for name in names)
    state = SAID.get(row.state, row.state)
    id_ = element_id(row.call_sid)
    return render_template("live_row.html", row=row, id=id_, state=state, topic=topic or row.intent, agents=agents, clock=wall_clock())


def wall_clock() -> Clock:
    """In the helpdesk's time zone: a row is drawn once for all who watch."""
    bot: Bot = current_app.extensions["bot"]
    return clock_for(bot.settings.escalation, "", bot.clock())


def element_id(call_sid: str) -> Markup:
    """A call's row on the page; whatever is in a sid, it is safe within quotes."""
    return Markup("call-") + escape(call_sid)

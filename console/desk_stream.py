"""What an open desk is sent: a piece of the page whenever it is not any more as it was sent.

An event only says which pieces to look at again. The words of a turn that goes on are the exception: the journal has them when
the turn is over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from calls.live import LiveEvent
from console.desk_pieces import CALL_PIECES, PIECES, DeskPieces
from console.desk_ports import Bot
from console.events import Message
from console.words import Line, told

CONCERNED = {
    "pop": ("presence", "now", "words"),  # no more than that: an agent waits for it
    "transfer": CALL_PIECES,
    "presence": ("presence", "now"),
    "words": ("words",),
    "callback": ("callbacks",),
    "ticket": ("now", "wrap-up"),
}
LOGGED_OUT = "logged-out"  # the page is to be left


class DeskStream:
    """To one page of the desk of `agent`: its methods are what console.events.event_stream asks for.

    `allowed`: whether who looks at it is still logged in, asked at every beat."""

    def __init__(self, bot: Bot, agent: str, *, allowed: Callable[[], bool]) -> None:
        self._bot, self._agent, self._allowed = bot, agent, allowed
        self._pieces = DeskPieces(bot, agent)
        self._sent: dict[str, str] = {}
        self._heard: list[Line] = []  # what was told of the call at hand
        self._is_over = False

    def whole(self) -> Iterable[Message]:
        """Everything; and the page is open from now on, so that its agent can be rung."""
        self._sent.clear()
        self._bot.presences.seen(self._agent, now=self._bot.clock())
        return self._changed(PIECES)

    def told(self, news: Sequence[LiveEvent]) -> Iterable[Message]:
        concerning = [event for event in news if self._concerns(event)]
        self._heard += [line for line in map(told, concerning) if line]
        concerned = {name for event in concerning for name in CONCERNED[event.kind]}
        return self._changed([name for name in PIECES if name in concerned])

    def beat(self) -> Iterable[Message]:
        """The page is still open, and what no event told is noticed."""
        self._is_over = self._is_over or not self._allowed()
        if self._is_over:
            return [Message(LOGGED_OUT, "")]
        self._bot.presences.seen(self._agent, now=self._bot.clock())
        return self._changed(PIECES)

    def _concerns(self, event: LiveEvent) -> bool:
        this_call = bool(event.call_sid) and event.call_sid == self._call_sid
        return event.kind in CONCERNED and (event.kind == "callback" or event.agent == self._agent or this_call)

    def _changed(self, names: Collection[str]) -> Iterator[Message]:
        if not names or self._is_over:
            return
        before = self._call_sid
        self._pieces.look(self._bot.clock(), names)
        if self._call_sid != before:
            self._heard.clear()
        for name in names:
            html = self._pieces.make(name, self._heard)
            if self._sent.get(name) != html:
                self._sent[name] = html
                yield Message(name, html)

    @property
    def _call_sid(self) -> str:
        return self._pieces.at_hand.record.sid if self._pieces.at_hand else ""

"""What the people who watch are told by the hooks (calls.live). Nothing of a call hangs on it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from calls.errors import JournalError
from calls.live import LiveEvent
from webhooks.ports import Bot

log = logging.getLogger(__name__)


def tell(house: Bot, kind: str, call_sid: str, data: Mapping[str, Any], *, agent: str = "") -> None:
    """`data` as the table of calls.live has it for this kind."""
    house.live.publish(LiveEvent(kind, call_sid, agent, data, at=house.clock()))


def tell_transfer(house: Bot, call_sid: str, state: str, agents: Iterable[str], **data: Any) -> None:
    """To each agent whom it concerns."""
    for agent in agents:
        tell(house, "transfer", call_sid, {"state": state, **data}, agent=agent)


def tell_presence(house: Bot, agents: Iterable[str]) -> None:
    """Where these agents are now."""
    try:
        found = [house.presences.of(agent) for agent in agents]
    except JournalError:
        log.exception("where agents are could not be told")
        return
    for here in filter(None, found):
        tell(house, "presence", "", {"state": here.state.value, "call_sid": here.call_sid}, agent=here.agent)

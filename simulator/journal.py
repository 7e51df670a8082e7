"""The bot's own journal of the call, read while it runs, and printed as a conversation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx

from simulator.hooks import sign

POLL_S = 0.2
SETTLE_S = 3.0  # so long after the call the ticket may take

View = Mapping[str, Any]  # the answer of GET /calls/<call_sid>


async def read_journal(client: httpx.AsyncClient, url: str, secret: str, call_sid: str) -> View | None:
    """What the bot has journalled of a call; None when it knows nothing of it, or does not answer."""
    path = f"/calls/{call_sid}"
    headers = {"Jambonz-Signature": sign(secret, f"GET {path}".encode(), time.time())}
    try:
        response = await client.get(urljoin(url, path), headers=headers)
        view: View | None = response.json() if response.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError):
        return None
    return view


@dataclass(slots=True)
class Conversation:
    """Prints each turn once, and again where it has changed."""

    tell: Callable[[str], None]
    view: View = field(default_factory=dict)
    _told: dict[tuple[int, str], str] = field(default_factory=dict)

    def show(self, view: View) -> None:
        self.view = view
        for turn in view.get("turns", []):
            if turn["heard"]:
                self._tell_once(turn["number"], "caller", turn["heard"])
            if turn["said"]:
                self._tell_once(turn["number"], "bot", f"{' '.join(turn['said'])}{remarks_on(turn)}")

    def _tell_once(self, number: int, who: str, words: str) -> None:
        if self._told.get((number, who)) != words:
            self._told[number, who] = words
            self.tell(f"{who:<8}{words}")


def remarks_on(turn: Mapping[str, Any]) -> str:
    """`  [license_renewal 0.93, en, 612 ms, interrupted]`."""
    reply_ms = turn.get("timings", {}).get("reply")
    remarks = [
        f"{turn['intent']} {turn['confidence']:.2f}" if turn.get("intent") else "",
        turn["language"],
        f"{reply_ms} ms" if reply_ms is not None else "",
        "interrupted" if turn.get("interrupted") else "",
    ]
    return f"  [{', '.join(remark for remark in remarks if remark)}]"


async def follow(url: str, secret: str, call_sid: str, conversation: Conversation, ended: asyncio.Event, look: Callable[[], None]) -> None:
    """Poll the journal until the call has ended and its ticket is there, or has had time enough; `look` is called each time."""
    async with httpx.AsyncClient(timeout=5.0) as client:
        deadline_s: float | None = None
        while True:
            view = await read_journal(client, url, secret, call_sid)
            if view is not None:
                conversation.show(view)
            look()
            if ended.is_set():
                deadline_s = time.monotonic() + SETTLE_S if deadline_s is None else deadline_s
                if conversation.view.get("ticket") or time.monotonic() > deadline_s:
                    return
            await asyncio.sleep(POLL_S)

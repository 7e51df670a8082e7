"""Sending Jambonz's webhooks: the signature, and which answers are taken."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urljoin

import httpx

from simulator.leg import Leg
from simulator.result import HookExchange
from simulator.verbs import Verb, faults_of

HOOK_TIMEOUT_S = 10.0
STATUS_PATIENCE_S = 0.5
ACCEPTED = {200, 202, 204}
B3 = "00000000000000000000000000000000-0000000000000000-1"


def sign(secret: str, payload: bytes, now_s: float) -> str:
    """The value of Jambonz-Signature over a raw body."""
    stamp = str(int(now_s))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + payload, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


@cache
def trusted() -> ssl.SSLContext:
    """One for all calls: making it takes longer than a hook."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a hook was answered with. `fault`: why Jambonz does not take it; `verbs` is empty then."""

    verbs: tuple[Verb, ...] = ()
    fault: str = ""


class Hooks:
    """Sends the hooks of one call and keeps what was sent."""

    def __init__(self, url: str, secret: str, *, clock_ms: Callable[[], float]) -> None:
        self.exchanges: list[HookExchange] = []
        self._base, self._secret, self._clock_ms = url, secret, clock_ms
        self._client = httpx.AsyncClient(timeout=HOOK_TIMEOUT_S, headers={"user-agent": "jambonz"}, verify=trusted())
        for header in ("accept", "accept-encoding"):
            del self._client.headers[header]

    async def close(self) -> None:
        await self._client.aclose()

    async def post(self, hook: str | Mapping[str, Any], body: Mapping[str, Any], *, of_verb: bool = False) -> Answer:
        """Send a hook; `of_verb` for all but the call and status hooks. Never raises for what the bot does."""
        target = hook if isinstance(hook, str) else str(hook["url"])
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {"Jambonz-Signature": sign(self._secret, raw, time.time()), "Content-Type": "application/json"}
        began_ms = self._clock_ms()
        response: httpx.Response | None = None
        fault = ""
        try:
            response = await self._client.post(urljoin(self._base, target), content=raw, headers=headers | ({"b3": B3} if of_verb else {}))
        except httpx.HTTPError as error:
            fault = f"{target}: no answer ({type(error).__name__})"
        status = response.status_code if response is not None else None
        self.exchanges.append(HookExchange(target, body, status, began_ms, self._clock_ms() - began_ms))
        return Answer(fault=fault) if response is None else read_answer(target, response)

    async def fetch(self, url: str) -> bytes:
        """What a media server gets from there, unsigned; nothing when it is not answered with 200."""
        try:
            response = await self._client.get(url)
        except httpx.HTTPError:
            return b""
        return response.content if response.status_code == httpx.codes.OK else b""


def read_answer(target: str, response: httpx.Response) -> Answer:
    """Only 200, 202 and 204 count, and a body only as application/json."""
    if response.status_code not in ACCEPTED:
        return Answer(fault=f"{target}: answered {response.status_code}")
    is_json = response.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
    if not is_json or not response.content:
        return Answer()
    try:
        payload = response.json()
    except ValueError:
        return Answer(fault=f"{target}: the answer is no JSON")
    faults = faults_of(payload)
    return Answer(fault=f"{target}: {'; '.join(faults)}") if faults else Answer(tuple(payload))


class Switch:
    """What the verbs of one call share: its hooks, its statuses, and the news that the caller has left."""

    def __init__(self, hooks: Hooks, status_hook: str) -> None:
        self.hooks = hooks
        self.caller_left = asyncio.Event()
        self._status_hook = status_hook
        self._late: set[asyncio.Task[Answer]] = set()

    async def status(self, leg: Leg) -> None:
        """Tell a leg's status. A slow or failing status hook holds nothing up."""
        task = asyncio.create_task(self.hooks.post(self._status_hook, leg.body()))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        await asyncio.wait({task}, timeout=STATUS_PATIENCE_S)

    async def wait(self, ms: float) -> bool:
        """Let time pass; True, and earlier, when the caller has left."""
        try:
            await asyncio.wait_for(self.caller_left.wait(), ms / 1000)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        if self._late:
            await asyncio.wait(self._late, timeout=HOOK_TIMEOUT_S)
        await self.hooks.close()

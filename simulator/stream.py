"""Jambonz's stream (or listen) verb: opens the audio socket, puts the line on it, waits for its end, and tells the actionHook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from simulator.audio_socket import AudioSocket
from simulator.handshake import HandshakeUnanswered, SocketRefused, open_socket
from simulator.hooks import Switch
from simulator.leg import Leg
from simulator.line import Line
from simulator.playback import Playback
from simulator.result import CallResult, Violation
from simulator.verbs import Verb

CONNECT_MS = 45  # from the answer to the handshake, and from the end of a stream to its actionHook
METADATA_BYTES = 8192
RATES = (8000, 16_000, 24_000)


def stream_url(base: str, url: str) -> str:
    """The socket's address: absolute, or relative to the bot's; http is taken for ws."""
    whole = urljoin(base, url)
    return "ws" + whole.removeprefix("http") if whole.startswith("http") else whole


def mistakes_of(verb: Verb) -> list[str]:
    """What Jambonz takes without a word although the call suffers from it."""
    bidirectional = verb.get("bidirectionalAudio", {})
    rate, metadata = verb.get("sampleRate", 8000), verb.get("metadata", {})
    found = {
        "the caller hears nothing: bidirectionalAudio needs enabled, streaming and sampleRate": not hears(verb),
        "the bot's sound has another rate than the caller's; this is not simulated": bidirectional.get("sampleRate", rate) != rate,
        f"sampleRate {rate} is not one of {', '.join(map(str, RATES))}": rate not in RATES,
        f"metadata is longer than {METADATA_BYTES} bytes": len(json.dumps(metadata)) > METADATA_BYTES,
        "metadata is nested, which can make the first frame invalid": any(isinstance(value, dict | list) for value in metadata.values()),
    }
    return [f"{verb['verb']}: {text}" for text, is_so in found.items() if is_so]


def hears(verb: Verb) -> bool:
    bidirectional = verb.get("bidirectionalAudio", {})
    return bool(bidirectional.get("enabled") and bidirectional.get("streaming") and bidirectional.get("sampleRate"))


@dataclass(slots=True)
class Stream:
    """One stream verb at work for the leg `leg`."""

    switch: Switch
    leg: Leg
    verb: Verb
    base_url: str
    result: CallResult
    clock_ms: Callable[[], float]
    end_call: Callable[[], Any]  # awaited when the caller has left: tells the status before the socket closes
    handshake_s: float
    lost_after_kill_ms: float
    lingering: list[AudioSocket] = field(default_factory=list)  # ended by an error message: open until the call ends

    async def run(self, line_at: Callable[[int], Line]) -> Mapping[str, Any] | None:
        """Returns what the actionHook's body has beside the leg; None when the call hangs without an answer to the handshake."""
        self.result.violations += [Violation(text) for text in mistakes_of(self.verb)]
        began_ms = self.clock_ms()
        await self.switch.wait(CONNECT_MS)
        try:
            socket = await self._open()
        except SocketRefused as error:
            self.result.violations.append(Violation(f"{self.verb['verb']}: the socket was refused ({error})"))
            return {}
        except HandshakeUnanswered:
            self.result.violations.append(Violation(f"{self.verb['verb']}: the handshake was not answered; a real call hangs silently"))
            return None
        line = line_at(self.verb.get("sampleRate", 8000))
        line.socket = socket
        told = await self._until_it_ends(line, socket)
        return told if "error" in self.result.socket_ends[-1:] else {**told, "dial_call_duration": int((self.clock_ms() - began_ms) / 1000)}

    async def _open(self) -> AudioSocket:
        ws = await open_socket(stream_url(self.base_url, self.verb["url"]), self.verb, timeout_s=self.handshake_s)
        await ws.send(self.leg.first_frame(self.verb))
        rate = self.verb.get("sampleRate", 8000)
        playback = Playback(rate, lost_after_kill_ms=self.lost_after_kill_ms)
        playback.gaps = self.result.gaps
        result = self.result
        socket = AudioSocket(ws, playback, self.clock_ms, result.traffic, result.utterances, result.violations, silent=not hears(self.verb))
        socket.pass_dtmf, socket.finish_on_key = self.verb.get("passDtmf", False), self.verb.get("finishOnKey", "")
        return socket

    async def _until_it_ends(self, line: Line, socket: AudioSocket) -> dict[str, Any]:
        receiving = asyncio.create_task(socket.receive())
        leaving = asyncio.create_task(self.switch.caller_left.wait())
        ends: set[asyncio.Future[Any]] = {receiving, leaving, socket.finished_by}
        await asyncio.wait(ends, timeout=self.verb.get("maxLength"), return_when=asyncio.FIRST_COMPLETED)
        end, told = self._how(receiving, socket)
        self.result.socket_ends.append(end)
        if end == "error":
            self.lingering.append(socket)
        else:
            await self._let_go(line, socket, end)
        for task in (receiving, leaving):
            task.cancel()
        return told

    def _how(self, receiving: asyncio.Task[str], socket: AudioSocket) -> tuple[str, dict[str, Any]]:
        if self.switch.caller_left.is_set():
            return "caller", {}
        if receiving.done():
            return receiving.result(), {}
        if socket.finished_by.done():
            return "key", {"digits": socket.finished_by.result()}
        return "maxLength", {}

    async def _let_go(self, line: Line, socket: AudioSocket, end: str) -> None:
        """Close within some 45 ms; what is still buffered then is never heard."""
        if end == "caller":
            await self.end_call()
        if end not in {"key", "maxLength"}:
            await asyncio.sleep(CONNECT_MS / 1000)
        line.socket = None
        await socket.close()

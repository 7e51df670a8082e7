"""One audio socket as Jambonz's media server holds it: sound both ways, keys, marks, and how it ends."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from simulator.playback import Playback, is_loud
from simulator.result import Traffic, Utterance, Violation

MARK_MS = 15  # a mark comes back so soon, whatever is still to be played: the recorded fault
MARKS_AT_MOST = 30
GOING_AWAY = 1001
IGNORED = {"json", "transcription", "playAudio", "transfer"}


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class AudioSocket:
    """An open socket. `silent`: the verb did not ask for sound from us, so the caller hears none."""

    ws: ClientConnection
    playback: Playback
    clock_ms: Callable[[], float]
    traffic: Traffic
    utterances: list[Utterance]
    violations: list[Violation]
    silent: bool = False
    pass_dtmf: bool = False
    finish_on_key: str = ""
    finished_by: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())  # a key
    _flowing: asyncio.Event = field(default_factory=_set)  # clear while the network holds up what the bot sends
    _marks: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    async def send(self, frame: bytes, digit: str = "") -> None:
        """A frame of the caller's sound (b"": none), and a key pressed. A socket that has gone is noticed by `receive`."""
        try:
            if frame:
                await self.ws.send(frame)
                self.traffic.frames_sent += 1
            if digit and self.pass_dtmf:
                await self.ws.send(json.dumps({"event": "dtmf", "dtmf": digit, "duration": "1280"}, separators=(",", ":")))
        except ConnectionClosed:
            return
        if digit and digit in self.finish_on_key and not self.finished_by.done():
            self.finished_by.set_result(digit)

    async def receive(self) -> str:
        """Take what the bot sends until it ends the stream; says how: "disconnect", "error", "closed 1000", "lost"."""
        try:
            while True:
                message = await self.ws.recv()
                await self._flowing.wait()
                end = self._take_sound(message) if isinstance(message, bytes) else self._take_text(message)
                if end:
                    return end
        except ConnectionClosed as closed:
            return f"closed {closed.rcvd.code}" if closed.rcvd else "lost"

    def hold(self, held: bool) -> None:
        """While held nothing of the bot's arrives; afterwards all of it does."""
        if held:
            self._flowing.clear()
        else:
            self._flowing.set()

    def drop(self, how: str) -> None:
        """The socket breaks on its way: "reset", or "closed" as by a proxy that goes away."""
        self._flowing.set()
        if how == "closed":
            self._later(self.ws.close(GOING_AWAY))
            return
        raw: socket.socket = self.ws.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing then sends a RST
        self.ws.transport.abort()

    async def close(self) -> None:
        self._flowing.set()
        for handle in self._marks.values():
            handle.cancel()
        await self.ws.close(1000)

    def _take_sound(self, data: bytes) -> str:
        now_ms = self.clock_ms()
        self.traffic.messages_received += 1
        self.traffic.bytes_received += len(data)
        if self.silent:
            return ""
        self.playback.receive(data, now_ms)
        if is_loud(np.frombuffer(data[: len(data) // 2 * 2], np.int16)):
            self._note_reply(now_ms)
        return ""

    def _note_reply(self, now_ms: float) -> None:
        last = self.utterances[-1] if self.utterances else None
        if last is None or last.ended_ms is None or last.reply_ms is not None:
            return
        if last.kind == "say" or last.barge_in_ms is not None:
            last.reply_ms = now_ms - last.ended_ms

    def _take_text(self, text: str) -> str:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        match message:
            case {"type": "killAudio"}:
                self._kill()
            case {"type": "mark", "data": {"name": str(name)}}:
                self._mark(name)
            case {"type": "clearMarks"}:
                self._clear_marks()
            case {"type": "disconnect" | "error" as end}:
                return str(end)
            case _:
                self._ignore(message)
        return ""

    def _ignore(self, message: Any) -> None:
        kind = message.get("type") if isinstance(message, dict) else None
        why = f"a message of type {kind} is ignored while streaming" if kind in IGNORED else "a text message that Jambonz does not know"
        self.violations.append(Violation(f"audio socket: {why}"))

    def _kill(self) -> None:
        now_ms = self.clock_ms()
        self.traffic.kills += 1
        self.playback.kill(now_ms)
        self._clear_marks()
        last = self.utterances[-1] if self.utterances else None
        if last and last.began_ms is not None and last.barge_in_ms is None and last.reply_ms is None:
            last.barge_in_ms = now_ms - last.began_ms

    def _mark(self, name: str) -> None:
        if len(self._marks) < MARKS_AT_MOST:
            self._marks[name] = asyncio.get_running_loop().call_later(MARK_MS / 1000, self._tell_mark, name, "playout")

    def _clear_marks(self) -> None:
        for name, handle in list(self._marks.items()):
            handle.cancel()
            self._tell_mark(name, "cleared")

    def _tell_mark(self, name: str, event: str) -> None:
        self._marks.pop(name, None)
        self._later(self._send_quietly(f'{{"type": "mark", "data": {{"name":{json.dumps(name)}, "event": "{event}"}}}}'))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_quietly(self, text: str) -> None:
        try:
            await self.ws.send(text)
        except ConnectionClosed:
            pass

"""Jambonz's audio socket (subprotocol audio.jambonz.org) in our words: two pure halves and a thin Line.

Facts from the recordings of Jambonz 0.9.8: the first frame is text, camelCase JSON with our metadata flat in it (14);
sound is L16 little-endian, a message per 20 ms (15); DTMF is `{"event":"dtmf","dtmf":"5","duration":"1280"}` (16);
`killAudio` silences within a frame (22); `disconnect` lets the verb's actionHook run (27).
"""

from __future__ import annotations

import json
import logging
from collections import deque
from typing import Any, Protocol

from simple_websocket import ConnectionClosed

from calls.call import Call
from calls.events import AudioFrame, Connected, Dtmf, HungUp, Ignored, MarkPlayed

log = logging.getLogger(__name__)

SUBPROTOCOL = "audio.jambonz.org"
KILL_AUDIO = json.dumps({"type": "killAudio"})
DISCONNECT = json.dumps({"type": "disconnect"})
MAX_MESSAGE_BYTES = 1_048_576  # 32 s of sound at 16 kHz; Jambonz sends 640 bytes
MAX_BACKLOG = 400  # messages: 8 s that we are behind; beyond that it is a flood, not a stall of the line
RATES = (8000, 16_000)
NO_JSON = "text that is no JSON"
KEYS = frozenset("0123456789*#ABCD")

LineEvent = Connected | AudioFrame | Dtmf | MarkPlayed | Ignored | HungUp


def decode(message: str | bytes) -> LineEvent:
    """One message of the socket as an event. Never raises: what makes no sense is Ignored, with a constant reason."""
    if isinstance(message, bytes):
        even = message[: len(message) & ~1]  # a message starts at a sample; half a sample at its end is dropped
        return AudioFrame(even) if even else Ignored("empty sound")
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return Ignored(NO_JSON)
    if not isinstance(body, dict):
        return Ignored("JSON that is no object")
    return _event(body)


def _event(body: dict[str, Any]) -> LineEvent:
    match body:
        case {"event": "dtmf", "dtmf": str(digit)} if digit in KEYS:
            return Dtmf(digit)
        case {"type": "mark", "data": {"name": str(name), "event": event}}:
            return MarkPlayed(name, cleared=event == "cleared")
        case {"callSid": str(sid), "sampleRate": int(rate)} if sid and rate in RATES:
            return Connected(Call(sid, _text(body, "from"), _text(body, "to"), rate, _text(body, "language") or "en", _text(body, "after")))
        case {"callSid": _}:
            return Ignored("a preamble without a sampleRate of 8000 or 16000")
    return Ignored("an unknown message")


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return value[:256] if isinstance(value, str) else ""


class Socket(Protocol):
    """What a line asks of its socket (stream.socket.WebSocket)."""

    backlog: deque[str | bytes]  # has come, and was not received yet

    def gather(self, count: int) -> None: ...
    def receive(self, timeout: float | None = None) -> str | bytes | None: ...
    def send(self, data: str | bytes) -> None: ...
    def wake(self) -> None: ...


class Line:
    """One socket, written by one thread. A closed socket is simply a caller who hung up."""

    def __init__(self, ws: Socket) -> None:
        self._ws, self._together = ws, 1
        self.ignored = 0
        self.dropped = 0

    def gather(self, frames: int) -> None:
        """From now on `receive` waits for so many frames of the caller's, or its timeout, and gives those that have come as one."""
        self._together = frames
        self._ws.gather(frames)

    def receive(self, timeout: float) -> LineEvent | None:
        """The next message as an event; None when none came within `timeout` seconds, or at once after `wake`."""
        try:
            message = self._ws.receive(timeout)
        except ConnectionClosed:
            return HungUp()
        if message is None:
            return None
        self._forget_flood()
        if self._together > 1 and isinstance(message, bytes) and len(message) % 2 == 0:
            message = self._joined(message)
        event = decode(message)
        if isinstance(event, Ignored):
            self._note(event)
        return event

    def wake(self) -> None:
        """End a `receive` that waits; from any thread. A lane's result need not wait for the caller's next frame."""
        self._ws.wake()

    def play(self, pcm: bytes) -> None:
        self._send(pcm)

    def kill_audio(self) -> None:
        self._send(KILL_AUDIO)

    def disconnect(self) -> None:
        self._send(DISCONNECT)

    def tell(self, kind: str, **about: str) -> None:
        """For pages of ours, which know more messages than Jambonz does."""
        self._send(json.dumps({"type": kind, **about}))

    def _send(self, data: str | bytes) -> None:
        try:
            self._ws.send(data)
        except ConnectionClosed:
            pass  # the next receive says HungUp

    def _joined(self, first: bytes) -> bytes:
        """With those behind it that are as long."""
        backlog, size, parts = self._ws.backlog, len(first), [first]
        while len(parts) < self._together and backlog and isinstance(backlog[0], bytes) and len(backlog[0]) == size:
            parts.append(backlog.popleft())  # type: ignore[arg-type]
        return b"".join(parts) if len(parts) > 1 else first

    def _forget_flood(self) -> None:
        """Sound that comes much faster than it can have been spoken is dropped, the oldest first."""
        backlog = self._ws.backlog
        if len(backlog) > MAX_BACKLOG:
            oldest = [backlog.popleft() for _ in range(len(backlog) - MAX_BACKLOG // 2)]
            kept = [message for message in oldest if isinstance(message, str)][:16]
            backlog.extendleft(reversed(kept))
            self.dropped += len(oldest) - len(kept)

    def _note(self, event: Ignored) -> None:
        self.ignored += 1
        if self.ignored in (1, 10, 100) or self.ignored % 1000 == 0:
            log.warning("a message on the audio socket was ignored", extra={"why": event.why, "so_far": self.ignored})

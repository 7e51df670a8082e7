"""The hooks of a bot that only talks: what Jambonz is answered, so that a peer can be rung as our own bot is.

Pure, and without a package that is not Python's own: a peer's environment need not hold ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

from calls.signature import verify

SUBPROTOCOL = "audio.jambonz.org"
SAMPLE_RATE = 16_000  # Hz, both ways; what `stream.sample_rate` of our own bot is unless it is changed


@dataclass(frozen=True, slots=True)
class Front:
    """Answers the hooks signed with `secret`; calls talk on the socket at the path `socket_path`."""

    secret: str
    socket_path: str = "/audio"

    def answer(self, path: str, raw_body: bytes, signature: str | None, *, now_s: float) -> tuple[int, bytes]:
        """HTTP status and JSON body for a hook at `path`: one `stream` for the call, nothing for whatever else Jambonz tells."""
        if not verify(raw_body, signature, [self.secret], now=now_s):
            return HTTPStatus.UNAUTHORIZED, b"[]"
        return HTTPStatus.OK, json.dumps([self._stream()] if path == "/voice" else []).encode()

    def _stream(self) -> dict[str, object]:
        both_ways = {"enabled": True, "streaming": True, "sampleRate": SAMPLE_RATE}
        return {
            "verb": "stream",
            "url": self.socket_path,
            "actionHook": "/ended",
            "sampleRate": SAMPLE_RATE,
            "mixType": "mono",
            "passDtmf": True,
            "bidirectionalAudio": both_ways,
        }


def rate_in(first_message: str) -> int:
    """The rate in Hz that a socket's first message announces (recording 14). Raises ValueError when it announces none."""
    try:
        rate = json.loads(first_message)["sampleRate"]
    except (KeyError, TypeError) as error:
        raise ValueError("the socket's first message says no sampleRate") from error
    if not isinstance(rate, int) or rate not in (8000, 16_000):
        raise ValueError("the socket's first message says no sampleRate of 8000 or 16000")
    return rate

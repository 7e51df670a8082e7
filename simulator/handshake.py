"""Opening an audio socket as Jambonz's media server does."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI
from websockets.typing import Origin, Subprotocol

from simulator.verbs import Verb

SUBPROTOCOL = Subprotocol("audio.jambonz.org")


class SocketRefused(Exception):
    """The bot refused the audio socket."""


class HandshakeUnanswered(Exception):
    """The bot left the handshake open: a real call hangs silently from here on."""


async def open_socket(url: str, verb: Verb, *, timeout_s: float) -> ClientConnection:
    """Connect as the media server does: Host without the port, the audio subprotocol, Basic auth from wsAuth."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
    query = f"?{parts.query}" if parts.query else ""
    try:
        return await connect(
            f"{parts.scheme}://{host}{parts.path or '/'}{query}",
            host=host,
            port=port,
            origin=Origin(f"http://{host}"),
            subprotocols=[SUBPROTOCOL],
            additional_headers=basic_auth(verb.get("wsAuth")),
            compression=None,
            ping_interval=None,
            max_size=None,
            proxy=None,
            user_agent_header=None,
            open_timeout=timeout_s,
            close_timeout=1,
        )
    except TimeoutError:
        raise HandshakeUnanswered from None
    except (InvalidHandshake, InvalidURI, OSError, EOFError) as error:
        raise SocketRefused(f"{type(error).__name__}: {error}") from None


def basic_auth(credentials: Mapping[str, str] | None) -> dict[str, str]:
    if not credentials:
        return {}
    pair = f"{credentials['username']}:{credentials['password']}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

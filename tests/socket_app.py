"""A small application with the audio socket's server in it, for tests/test_socket.py: `python -m tests.socket_app PORT`, or gunicorn."""

from __future__ import annotations

import sys
import threading
import time

import flask
import flask_sock

import stream.route  # noqa: F401 - puts our server into flask-sock
from stream.frames import HandshakeRefused
from stream.socket import WebSocket

app = flask.Flask(__name__)
sock = flask_sock.Sock(app)
holding: set[WebSocket] = set()


@app.before_request
def refuse() -> tuple[str, int] | None:
    status = int(flask.request.args.get("refuse", 0))
    return ("not now", status) if status else None


@app.errorhandler(HandshakeRefused)
def no_handshake(error: HandshakeRefused) -> tuple[str, int]:
    return str(error), error.status


@app.get("/threads")
def threads() -> str:
    return str(threading.active_count())


@app.get("/sockets")
def sockets() -> str:
    """How many are still held, after a moment for those that are just ending."""
    give_up_at = time.monotonic() + 10
    while holding and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return str(len(holding))


@sock.route("/echo")  # type: ignore[untyped-decorator]
def echo(ws: WebSocket) -> None:
    holding.add(ws)
    try:
        while True:
            if (message := ws.receive(timeout=0.02)) is not None:
                ws.send(message)
    finally:
        holding.discard(ws)


@sock.route("/bye")  # type: ignore[untyped-decorator]
def bye(ws: WebSocket) -> None:
    ws.receive(timeout=5)
    ws.send("goodbye")


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)

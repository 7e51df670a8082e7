"""What bench/sockets.py measures: an application whose one socket only receives, served by flask-sock's own server or by ours (SOCKETS: see
bench/sockets.py)."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Any

import flask
import flask_sock

from stream.socket import WebSocket

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
KIND = os.environ.get("SOCKETS")
TOGETHER = 4 if KIND == "together" else 1
TIMEOUT_S = 0.02 if TOGETHER == 1 else (TOGETHER + 1) * 0.02
if KIND != "stock":
    flask_sock.Server = WebSocket

app = flask.Flask(__name__)
app.config["SOCK_SERVER_OPTIONS"] = {"subprotocols": ["audio.jambonz.org"], "max_message_size": 1_048_576, "ping_interval": 25}
sock = flask_sock.Sock(app)
late_ms: list[float] = []


@app.get("/figures")
def figures() -> dict[str, Any]:
    if flask.request.args.get("forget"):
        late_ms.clear()
    spent = os.times()
    return {
        "at_s": time.monotonic(),
        "cpu_s": spent.user + spent.system,
        "messages": len(late_ms),
        "late_ms": late_ms,
        "threads": len(os.listdir("/proc/self/task")),
        "files": len(os.listdir("/proc/self/fd")),
        "rss_bytes": int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES,
    }


@sock.route("/audio")  # type: ignore[untyped-decorator]
def audio(ws: Any) -> None:
    if TOGETHER > 1:
        ws.gather(TOGETHER)
    while True:
        if (message := ws.receive(timeout=TIMEOUT_S)) is not None:
            late_ms.append((time.monotonic() - struct.unpack_from(">d", message)[0]) * 1000)

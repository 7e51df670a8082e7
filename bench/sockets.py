"""`python -m bench.sockets`: what a message costs the audio socket's server, flask-sock's own and ours, side by side.

Callers send 640 bytes fifty times a second each; the server is gunicorn's gthread worker, whose route does nothing but receive, as a call
does. The caller writes the time into its frame, so that the server itself sees how late it is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.figures import distribution, percentile
from bench.wire import Wire, stamped
from simulator.bot_process import ROOT, free_port

FRAME_S, FRAME_BYTES = 0.02, 640
SETTLE_S = 2.0
KINDS = ("stock", "ours", "together")


class Server:
    """`with Server("ours", 100) as server:` serves that many sockets. "together": ours, woken by four messages at once."""

    def __init__(self, kind: str, sockets: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", str(sockets + 8), "--no-control-socket"]
        self._command = [*command, "--worker-connections", "5000", "-b", f"127.0.0.1:{port}", "bench.sockets_server:app"]
        self._environ = {**os.environ, "PYTHONPATH": str(ROOT), "SOCKETS": kind}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self._process = subprocess.Popen(self._command, cwd=self._folder.name, env=self._environ, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                self.ask("figures")
                return self
            except httpx.HTTPError:
                time.sleep(0.1)
        raise SystemExit("the server did not start")

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)
        self._folder.cleanup()

    def ask(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.url}/{path}", timeout=30).json()
        return answer


def speak(wires: Sequence[Wire], seconds: float) -> float:
    """Every wire a frame each 20 ms, spread over them; returns how late (p99, ms) we were ourselves."""
    data, began, lags = bytes(FRAME_BYTES), time.monotonic(), []
    for number in range(round(seconds / FRAME_S)):
        for at, wire in enumerate(wires):
            due = began + (number + at / len(wires)) * FRAME_S
            now = time.monotonic()
            if due > now:
                time.sleep(due - now)
                now = time.monotonic()
            lags.append((now - due) * 1000)
            wire.send(stamped(data, now))
    return percentile(lags, 0.99)


def measure(kind: str, sockets: int, seconds: float) -> dict[str, Any]:
    with Server(kind, sockets) as server:
        idle = server.ask("figures")
        wires = [Wire(f"{server.url.replace('http', 'ws', 1)}/audio") for _ in range(sockets)]
        speak(wires, SETTLE_S)
        before = server.ask("figures?forget=1")
        lag_ms = speak(wires, seconds)
        after = server.ask("figures")
        for wire in wires:
            wire.close()
    messages = after["messages"] - before["messages"]
    return {
        "kind": kind,
        "sockets": sockets,
        "messages": messages,
        "missing": round(sockets * seconds / FRAME_S) - messages,
        "cpu_us_a_message": round((after["cpu_s"] - before["cpu_s"]) / max(1, messages) * 1e6, 1),
        "cores": round((after["cpu_s"] - before["cpu_s"]) / (after["at_s"] - before["at_s"]), 3),
        "late_ms": distribution(after["late_ms"]) | {"p99": round(percentile(after["late_ms"], 0.99), 1)},
        "threads_a_socket": round((after["threads"] - idle["threads"]) / sockets, 2),
        "rss_kb_a_socket": round((after["rss_bytes"] - idle["rss_bytes"]) / sockets / 1000, 1),
        "files_a_socket": round((after["files"] - idle["files"]) / sockets, 2),
        "callers_lag_p99_ms": round(lag_ms, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.sockets", description=__doc__)
    parser.add_argument("--sockets", type=int, nargs="+", default=[50, 100, 200, 300])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--out", type=Path, default=Path("bench-results/sockets.json"))
    options = parser.parse_args()
    rows = []
    for sockets in options.sockets:
        for kind in options.kinds:
            row = measure(kind, sockets, options.seconds)
            rows.append(row)
            late = row["late_ms"]
            print(
                f"  {kind:<8} {sockets:>4} sockets: {row['cpu_us_a_message']:>6.1f} us a message, {row['cores']:.2f} cores; late median "
                f"{late['median']:.1f}, p99 {late['p99']:.1f}, max {late['max']:.1f} ms; {row['threads_a_socket']:.1f} threads, "
                f"{row['files_a_socket']:.1f} files, {row['rss_kb_a_socket']:.0f} KB a socket; {row['missing']} not received",
                flush=True,
            )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1))
    print(f"  kept in {options.out}; the callers were {max(row['callers_lag_p99_ms'] for row in rows):.1f} ms late at most (p99)")


if __name__ == "__main__":
    main()

"""What callers notice when a replica dies: two of them under load on this machine, one killed in the middle.

    python -m deploy.ray.kill_one --seconds 60 --threads 6
    python -m deploy.ray.kill_one --victim Door           # one that speaks HTTP
    python -m deploy.ray.kill_one --signal STOP           # it does not die: it hangs

Every thread is a caller who says one recording after the other, through the bot's own client with the offline model behind it.
Prints what was lost, what fell to the model behind, and how long recognition took before, around and after the death; ends with 1
when an utterance was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import sys
import threading
import time
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SOUNDS = ROOT / "tests" / "recordings" / "speech"
TWO = 2
AROUND_S = 5.0  # so long after the death counts as around it
os.environ.update({"STT_REPLICAS_LEAST": str(TWO), "STT_REPLICAS_MOST": str(TWO), "RAY_USAGE_STATS_ENABLED": "0"})
os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
os.environ.setdefault("WHISPER_MODEL", "offline")
os.environ.setdefault("STT_CPUS_EACH", "0.5")  # a share that Ray counts, no limit: both fit on a machine of one core
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("BOT_CONFIG", str(ROOT / "jambonz-app.json"))

import ray  # noqa: E402 - the replicas read the environment as it is now
from ray import serve  # noqa: E402

from calls.call import Utterance  # noqa: E402
from calls.errors import EngineError  # noqa: E402
from calls.ports import Recognizer  # noqa: E402
from calls.settings import Environment, load  # noqa: E402
from deploy.ray.serve_stt import app  # noqa: E402
from engines import make_recognizer  # noqa: E402


@dataclass(frozen=True, slots=True)
class Asked:
    """One utterance; times in `time.monotonic` seconds."""

    name: str
    began: float
    took_s: float
    text: str
    lost: str = ""  # why nobody heard it


def main(arguments: Sequence[str]) -> int:
    asked_for = arguments_of(arguments)
    port = free_port()
    try:
        victims = started(port, asked_for.victim)
        figures = measured(victims, f"http://127.0.0.1:{port}/v1", asked_for)
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()
    print(table(figures))
    print(json.dumps(figures))
    return 1 if figures["lost"] else 0


def arguments_of(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.ray.kill_one", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60, help="of load; the death is in the middle")
    parser.add_argument("--threads", type=int, default=6, help="callers at once")
    parser.add_argument("--signal", choices=["KILL", "STOP"], default="KILL", help="what is done to it")
    parser.add_argument("--victim", choices=["Replica", "Door"], default="Replica", help="of serve_stt.py; there are two of either")
    return parser.parse_args(arguments)


def started(port: int, victim: str) -> Any:
    """The handle of those of whom one will die, when all of them have loaded."""
    cores = max(2, os.cpu_count() or 2)
    ray.init(num_cpus=cores, include_dashboard=False, log_to_driver=False, object_store_memory=100 * 2**20)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(app, name="stt")
    for name in ("Door", "Replica"):
        pids_of(serve.get_deployment_handle(name, "stt"), count=TWO, within_s=120)
    return serve.get_deployment_handle(victim, "stt")


def measured(handle: Any, url: str, asked_for: argparse.Namespace) -> dict[str, Any]:
    ears = ears_at(url, asked_for.threads)
    load_on = Load(ears, asked_for.seconds, asked_for.threads)
    load_on.start()
    time.sleep(asked_for.seconds / 2)
    victim = pids_of(handle, count=TWO, within_s=20)[0]
    died = time.monotonic()
    os.kill(victim, signal.Signals[f"SIG{asked_for.signal}"])
    pids_of(handle, count=TWO, within_s=180, without={victim})
    replaced_s = time.monotonic() - died
    asked = load_on.finished()
    return {**figures_of(asked, died), "replaced_after_s": round(replaced_s, 1), "fell": ears.describe()["fell"]}


def ears_at(url: str, threads: int) -> Any:
    """As the bot makes them where its settings say "remote": our client, and the offline model behind it."""
    settings = load(os.environ["BOT_CONFIG"])
    chosen = settings.recognizer.model_copy(update={"use": "remote", "options": {"model": "offline", "at_once": threads}})
    environment = Environment.read({**os.environ, "STT_URL": url})
    return make_recognizer(settings.model_copy(update={"recognizer": chosen}), environment)


class Load:
    """`threads` callers for `seconds`."""

    def __init__(self, ears: Recognizer, seconds: float, threads: int) -> None:
        self._ears, self._ends = ears, time.monotonic() + seconds
        self._asked: list[Asked] = []
        self._threads = [threading.Thread(target=self._talk, args=(number,), daemon=True) for number in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finished(self) -> list[Asked]:
        for thread in self._threads:
            thread.join()
        return self._asked

    def _talk(self, number: int) -> None:
        sounds = sorted(SOUNDS.glob("*.wav"))
        turn = number
        while time.monotonic() < self._ends:
            self._asked.append(self._ask(sounds[turn % len(sounds)]))
            turn += 1

    def _ask(self, sound: Path) -> Asked:
        utterance, began = utterance_of(sound), time.monotonic()
        try:
            heard = self._ears.transcribe(utterance, language=None)
        except EngineError as error:
            return Asked(sound.name, began, time.monotonic() - began, "", type(error).__name__)
        return Asked(sound.name, began, time.monotonic() - began, heard.text, heard.rejected)


def utterance_of(sound: Path) -> Utterance:
    with wave.open(str(sound)) as file:
        return Utterance(file.readframes(file.getnframes()), file.getframerate(), 0, 0)


def pids_of(handle: Any, *, count: int, within_s: float, without: Iterable[int] = ()) -> list[int]:
    """Of `count` processes, each as it tells itself; of those `without` nobody is believed."""
    found: set[int] = set()
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at and len(found) < count:
        try:
            found.add(handle.describe.remote().result(timeout_s=5)["pid"])
        except (ray.exceptions.RayError, TimeoutError):
            pass  # the dead one was asked
        found -= set(without)
        time.sleep(0.05)
    if len(found) < count:
        sys.exit(f"only {len(found)} of {count} processes answered within {within_s:.0f} s")
    return sorted(found)


def figures_of(asked: Sequence[Asked], died: float) -> dict[str, Any]:
    usual = {each.name: each.text for each in asked if each.began < died and not each.lost}
    around = [each for each in asked if each.began < died + AROUND_S and each.began + each.took_s > died]
    return {
        "utterances": len(asked),
        "lost": sum(bool(each.lost) for each in asked),
        "other_words": sum(each.text != usual.get(each.name, each.text) for each in asked),
        "before": latency([each for each in asked if each.began + each.took_s <= died]),
        "around": latency(around),
        "after": latency([each for each in asked if each.began >= died + AROUND_S]),
    }


def latency(asked: Sequence[Asked]) -> dict[str, float]:
    """ms"""
    took = sorted(each.took_s * 1000 for each in asked)
    if not took:
        return {"utterances": 0}
    p95 = took[min(len(took) - 1, round(0.95 * len(took)))]
    return {"utterances": len(took), "p50_ms": round(statistics.median(took)), "p95_ms": round(p95), "max_ms": round(took[-1])}


def table(figures: dict[str, Any]) -> str:
    lines = [f"{figures['utterances']} utterances, one of {TWO} replicas killed: {figures['lost']} lost, {figures['fell']} heard by the "]
    lines[0] += f"model behind, {figures['other_words']} with other words; replaced after {figures['replaced_after_s']} s"
    for phase in ("before", "around", "after"):
        told = figures[phase]
        lines.append(f"{phase:>8}  " + "  ".join(f"{name} {value}" for name, value in told.items()))
    return "\n".join(lines)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

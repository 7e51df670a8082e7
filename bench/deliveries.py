"""`make bench-deliveries`: how many calls a worker delivers in a second to a CRM that answers at once, and its memory."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime

from bench.storm import postgres
from calls.call import Outcome, OutcomeKind
from calls.crm import FinishedCall
from calls.settings import load
from crm.deliveries import Deliveries
from crm.fake import FakeCrm
from crm.queueing import DbosClient
from crm.worker import Worker, rss_mb
from nlu.summary import Summarizer
from records.database import open_database
from records.journal import Journal


def measure(url: str, name: str, count: int, poll_s: float) -> None:
    """Print one line. DBOS allows one worker a process, so each measurement has a process of its own."""
    database = open_database(url)
    journal, crm, summarize = Journal(database, max_calls=10), FakeCrm("fake"), Summarizer(load())
    now = datetime.now(UTC)
    for number in range(count):
        journal.call_ended(f"CA{number}", Outcome(OutcomeKind.FINISHED, "goodbye"), now=now)
    client = DbosClient(url)
    deliveries = Deliveries(database, crms=["fake"], client=client, settling_s=0)

    def finished(call_sid: str, crm_name: str) -> FinishedCall | None:
        record = journal.record(call_sid)
        return FinishedCall(record, summarize(record)) if record else None

    worker = Worker(database, url, {"fake": crm}, deliveries=deliveries, load=finished, sweep=lambda now: 0, poll_s=poll_s)
    before_mb = rss_mb()
    worker.start()
    began = time.monotonic()
    for number in range(count):
        deliveries.start(f"CA{number}", now=now)
    queued_s = time.monotonic() - began
    while deliveries.counts()[("fake", "delivered")] < count and time.monotonic() - began < 300:
        time.sleep(0.05)
    seconds = time.monotonic() - began
    done = deliveries.counts()[("fake", "delivered")]
    print(
        f"  {name:<10} poll {poll_s} s: {done} of {count} in {seconds:.1f} s = {done / seconds:.0f}/s"
        f" (queued in {queued_s:.1f} s); memory {before_mb} -> {rss_mb()} MB",
        flush=True,
    )
    worker.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.deliveries", description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--url", help="measure here, in this process")
    parser.add_argument("--name", default="")
    parser.add_argument("--poll", type=float, default=0.5)
    options = parser.parse_args()
    if options.url:
        measure(options.url, options.name, options.count, options.poll)
        return
    for poll in ("0.5", "0.1"):
        with tempfile.TemporaryDirectory() as folder:
            alone(f"sqlite:///{folder}/voicebot.db", "sqlite", options.count, poll)
        url, drop = postgres()
        try:
            alone(url, "postgres", options.count, poll)
        finally:
            drop()


def alone(url: str, name: str, count: int, poll: str) -> None:
    command = [sys.executable, "-m", "bench.deliveries", "--url", url, "--name", name, "--count", str(count), "--poll", poll]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()

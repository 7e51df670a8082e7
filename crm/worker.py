"""The worker: one process a machine that delivers ended calls, and looks after those that nobody else has looked after.

DBOS (dbos.dev) starts the deliveries, keeps which of a delivery's steps are done, sleeps over crashes, and goes on after
one with what the same `executor_id` had in hand. Several machines may work; each needs an executor id of its own that stays.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from calls.crm import Teller
from calls.errors import BotError
from crm.deliveries import Deliveries
from crm.delivering import Attempts, Backoff, Load, fault
from crm.progress import Progress
from crm.queueing import APPLICATION, SCHEMA, VERSION, WORKFLOW, engine_for, json_serializer, queue_of, system_database

log = logging.getLogger(__name__)

HOLD_S = 10.0  # a wait longer than this gives the worker's place to another call
KEEP_WORKFLOWS = timedelta(days=3)
AT_ONCE = 16  # deliveries to one CRM by one worker
Sweep = Callable[[datetime], object]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Worker:
    """`load` gives a finished call for a CRM, `sweep` finds ended calls without deliveries (records.sweeping.Sweeper.sweep),
    `chores` are done as often, each on its own: one that fails holds up no other.

    `database_url` is DATABASE_URL, on which `engine` is open. One Worker a process: DBOS is one a process."""

    def __init__(
        self,
        engine: Engine,
        database_url: str,
        adapters: Mapping[str, Teller],
        *,
        deliveries: Deliveries,
        load: Load,
        sweep: Sweep,
        chores: Sequence[Sweep] = (),
        executor_id: str = "",
        backoff: Backoff | None = None,
        sweep_s: float = 5.0,
        poll_s: float = 0.5,
        hold_s: float = HOLD_S,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._url, self._adapters, self._executor_id = system_database(database_url), adapters, executor_id or socket.gethostname()
        self._deliveries, self._sweep_s, self._poll_s, self._hold_s = deliveries, sweep_s, poll_s, hold_s
        self._chores = (sweep, *chores, self._requeue, self._forget)
        self._queues = list(dict.fromkeys(queue_of(crm) for crm in adapters))
        self._progress = Progress(engine)
        self._attempts = Attempts(self._progress, adapters, load, backoff=backoff or Backoff(), clock=clock)
        self._clock, self._stopping = clock, threading.Event()
        self._system_engine: Engine | None = None
        self._forget_at = datetime.min.replace(tzinfo=UTC)
        self._sweeper = threading.Thread(target=self._sweep_until_stopped, name="sweeper", daemon=True)

    # -- its life ---------------------------------------------------------------------
    def start(self) -> None:
        """Make DBOS's tables if need be, take up what this executor had in hand, and begin. Raises what the database raises."""
        from dbos import DBOS

        quieten_dbos()
        self._system_engine = engine_for(self._url, busy_timeout_s=30.0)
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self._url,
                "system_database_engine": self._system_engine,
                "dbos_system_schema": SCHEMA,
                "serializer": json_serializer(),
                "executor_id": self._executor_id,
                "application_version": VERSION,
                "log_level": "WARNING",
            }
        )
        DBOS.workflow(name=WORKFLOW)(lambda call_sid, crm: self._deliver(call_sid, crm))  # it takes no bound method
        DBOS.listen_queues(self._queues)  # not to those of a CRM that is switched on elsewhere
        DBOS.launch()
        for queue in self._queues:
            DBOS.register_queue(queue, worker_concurrency=AT_ONCE, polling_interval_sec=self._poll_s, on_conflict="always_update")
        self._sweeper.start()
        facts = {"executor": self._executor_id, "crms": list(self._adapters), "rss_mb": rss_mb()}
        log.info("the worker delivers", extra=facts)

    def stop(self, *, grace_s: float = 15.0) -> None:
        """Begin nothing new; tries in progress may end, for `grace_s`. Waits are taken up again at the next start."""
        from dbos import DBOS

        self._stopping.set()
        self._sweeper.join(grace_s)
        if not self._attempts.stop(grace_s):
            log.warning("the worker leaves a try behind; it is made again, as another attempt")
        DBOS.destroy(destroy_registry=True)
        if self._system_engine is not None:
            self._system_engine.dispose()

    # -- its work ---------------------------------------------------------------------
    def _deliver(self, call_sid: str, crm: str) -> str:
        """The workflow: each try and each wait is kept by DBOS, so that a crash goes on where it was."""
        from dbos import DBOS

        run = DBOS.workflow_id or ""
        for step in self._adapters[crm].steps:
            if (end := self._until_done(call_sid, crm, step, run)) != "done":
                return end
        return "delivered"

    def _until_done(self, call_sid: str, crm: str, step: str, run: str) -> str:
        from dbos import DBOS

        while True:
            then, wait_s = DBOS.run_step({"name": step}, self._attempts.make, call_sid, crm, step, run)
            if then != "again":
                return str(then)
            if wait_s > self._hold_s:
                DBOS.run_step({"name": f"{step} later"}, self._give_back, call_sid, crm, run, wait_s)
                return "later"
            DBOS.sleep(wait_s)

    def _give_back(self, call_sid: str, crm: str, run: str, wait_s: float) -> None:
        try:
            delivery = self._deliveries.show(call_sid, crm)
            if delivery and delivery.workflow_id == run:
                self._deliveries.try_later(delivery, now=self._clock(), wait_s=wait_s)
        except BotError as error:  # the sweeper finds it when it is overdue
            log.error("a delivery could not be put off", extra={"call_sid": call_sid, "crm": crm, "error": str(error)})

    def _sweep_until_stopped(self) -> None:
        while True:
            for work in self._chores:
                try:
                    work(self._clock())
                except Exception as error:  # noqa: BLE001 - the next sweep is a new chance; its text is not logged
                    log.error("a sweep failed; the next one tries again", extra=fault(error))
            if self._stopping.wait(self._sweep_s):
                return

    def _requeue(self, now: datetime) -> None:
        if found := self._deliveries.requeue(now=now):
            log.warning("deliveries were queued again", extra={"count": found})

    def _forget(self, now: datetime) -> None:
        """DBOS keeps every workflow for ever; ours are in the deliveries' rows."""
        from dbos import DBOS

        if now < self._forget_at:
            return
        long_ago = (now - KEEP_WORKFLOWS).isoformat()
        ended = DBOS.list_workflows(name=WORKFLOW, completed_before=long_ago, limit=1000, load_input=False, load_output=False)
        DBOS.delete_workflows([workflow.workflow_id for workflow in ended])
        self._forget_at = now + (timedelta(hours=1) if len(ended) < 1000 else timedelta())


def main(worker: Worker, *, stop: threading.Event | None = None, leave: Callable[[], object] = lambda: os._exit(0)) -> None:
    """Work until SIGTERM or Ctrl-C, or until `stop`; then `leave`, at once: a wait in DBOS would hold the process for minutes."""
    stop = stop or threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    worker.start()
    stop.wait()
    worker.stop()
    log.info("the worker has stopped")
    logging.shutdown()
    leave()


def quieten_dbos() -> None:
    """DBOS's log lines go where ours go; what it says is for the operator only when it is a warning."""
    logger = logging.getLogger("dbos")
    logger.handlers[:] = [logging.NullHandler()]  # it makes one of its own when there is none
    logger.propagate = True
    logger.setLevel(logging.WARNING)


def rss_mb() -> int:
    """This process's memory, MB (Linux's /proc; 0 elsewhere)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000

"""jambonz-app.json while the bot runs: a changed file is checked and taken for new calls; a broken one is refused, and the old one stays.

Every process looks for itself, so that whoever changes the file (an editor, the console, a copy command) changes all of them.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calls import metrics
from calls.checking import Checked, Engines, check
from calls.errors import BotError, SettingsChanged, SettingsError
from calls.settings import Settings, parsed, read_text

log = logging.getLogger("voicebot")
POLL_S = 1.0
SETTLED_S = 2.0  # a file that does not fit may be half written: so long it must stay as it is before it is refused
BACKUPS = "data"  # the folder beside the file
KEPT_BACKUPS = 50
LINES_TOLD = 5
Seen = tuple[int, int, int] | None  # of the file: when changed, how long, which; None: there is none
Take = Callable[[Settings], None]


@dataclass(frozen=True, slots=True)
class Refused:
    """The file as it stands is not what the bot runs with."""

    version: str
    lines: tuple[str, ...]  # why, one fault a line, without values
    since: datetime


class Configuration:
    """`settings` are those in force, `text` and `version` what they were read from. Raises SettingsError when the file does not fit now.

    `take` is asked before changed settings come into force, in the thread that watches; it may raise BotError to refuse them."""

    def __init__(
        self,
        path: str | Path,
        *,
        engines: Engines | None = None,
        take: Take = lambda settings: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path, self._engines, self.take, self._clock, self._now = Path(path), engines, take, clock, now
        self._seen, self._seen_at = seen(self.path), clock()
        self.text = read_text(path)
        self.settings, self.version = parsed(self.text, path), version_of(self.text)
        self.refused: Refused | None = None
        self._judged: Seen = self._seen
        self._lock, self._wake, self._closed = threading.Lock(), threading.Event(), False

    # -- following the file -------------------------------------------------------------
    def watch(self, *, poll_s: float = POLL_S) -> None:
        """Look at the file from now on, in a thread of its own."""
        threading.Thread(target=self._watch, args=(poll_s,), name="configuration", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._wake.set()

    def _watch(self, poll_s: float) -> None:
        while not self._closed:
            try:
                self.look()
            except Exception:  # whatever it is, the next look is a new chance, and the bot runs with what it has
                log.exception("jambonz-app.json could not be looked at")
            self._wake.wait(poll_s)
            self._wake.clear()

    def look(self) -> None:
        """Take the file if it has changed, fits and is no longer written to; refuse it when it stays unfit."""
        with self._lock:
            found = seen(self.path)
            if found != self._seen:
                self._seen, self._seen_at = found, self._clock()
            elif found != self._judged and self._judge():
                self._judged = found

    def _judge(self) -> bool:
        """False while somebody may still be writing."""
        settled = self._clock() - self._seen_at >= SETTLED_S
        try:
            text = read_text(self.path)
        except SettingsError as error:
            return settled and self._refuse("", (str(error),))
        if version_of(text) == self.version:
            return self._back()
        checked = check(text, engines=self._engines)
        if checked.settings is None:
            return settled and self._refuse(version_of(text), told(self.path, checked))
        return self._take(checked.settings, text)

    def _take(self, settings: Settings, text: str) -> bool:
        began = time.monotonic()
        try:
            self.take(settings)
        except BotError as error:
            return self._refuse(version_of(text), (str(error),))
        except Exception:  # or it would be tried again with every look
            log.exception("jambonz-app.json fits, but the bot can't be made of it")
            return self._refuse(version_of(text), ("the bot can't be made of it; the log says why",))
        self.settings, self.text, self.version, self.refused = settings, text, version_of(text), None
        metrics.CONFIGURATIONS.labels("taken").inc()
        metrics.CONFIGURATION_REFUSED.set(0)
        log.info("jambonz-app.json has changed; new calls go by it", extra={"version": self.version, "seconds": round_s(began)})
        return True

    def _refuse(self, version: str, lines: tuple[str, ...]) -> bool:
        self.refused = Refused(version, lines, self._now())
        metrics.CONFIGURATIONS.labels("refused").inc()
        metrics.CONFIGURATION_REFUSED.set(1)
        facts = {"faults": list(lines[:LINES_TOLD]), "count": len(lines), "version": self.version}
        log.error("the changed jambonz-app.json is refused; the bot goes on with the one before", extra=facts)
        return True

    def _back(self) -> bool:
        """The file is again what the bot runs with."""
        if self.refused:
            log.info("jambonz-app.json is as it was before; nothing changes", extra={"version": self.version})
        self.refused = None
        metrics.CONFIGURATION_REFUSED.set(0)
        return True

    # -- changing the file --------------------------------------------------------------
    def file(self) -> tuple[str, str]:
        """(text, version) of the file as it stands, in force or not. Raises SettingsError."""
        text = read_text(self.path)
        return text, version_of(text)

    def check(self, text: str) -> Checked:
        return check(text, engines=self._engines)

    def publish(self, text: str, *, expected_version: str, by: str = "") -> str:
        """Make `text` the file, and keep the one before; it is taken within a second or two. The new version.

        `expected_version`: of the file that the change was made on. `by`: login id, for the log.
        Raises SettingsChanged when the file is another one by now, SettingsError when it does not fit or can't be written."""
        checked = self.check(text)
        if checked.faults:
            raise SettingsError("\n".join(told(self.path, checked)))
        with alone(self.path.resolve().parent):
            before, version = self.file()
            if version != expected_version:
                raise SettingsChanged(f"{self.path.name} was changed meanwhile: look at it as it is now, and make your change again")
            self._write(text, before)
        log.info("jambonz-app.json was published", extra={"version": version_of(text), "before": version, "by": by})
        self._wake.set()
        return version_of(text)

    def change(self, edit: Callable[[str], str], *, expected_version: str = "", by: str = "") -> str:
        """Publish what `edit` (of calls.editing) makes of the file as it stands. The version; raises what `publish` and `edit` raise."""
        text, version = self.file()
        return self.publish(edit(text), expected_version=expected_version or version, by=by)

    def _write(self, text: str, before: str) -> None:
        """All or nothing: whoever reads meanwhile finds the old file or the new one."""
        place = self.path.resolve()
        try:
            kept = backup(place, before, place.parent / BACKUPS, self._now())
            replace(place, text)
        except OSError as error:
            raise SettingsError(f"{self.path} can't be written ({type(error).__name__}); the bot's user needs the right to") from None
        log.info("the jambonz-app.json before is kept", extra={"file": str(kept)})


def told(path: Path, checked: Checked) -> tuple[str, ...]:
    return tuple(fault.told(path.name, found=False) for fault in checked.faults)


def version_of(text: str) -> str:
    """The same for the same text, in every process."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def seen(path: Path) -> Seen:
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_mtime_ns, there.st_size, there.st_ino


def round_s(began: float) -> float:
    return round(time.monotonic() - began, 2)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time changes the file."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise SettingsError(f"{folder} can't be opened ({type(error).__name__})") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def backup(place: Path, text: str, folder: Path, now: datetime) -> Path:
    """The newest fifty are kept. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{place.name}.{now:%Y%m%d-%H%M%S-%f}.bak"
    kept.touch(mode=place.stat().st_mode & 0o777)  # who may not read the file may not read its copies
    kept.write_text(text, encoding="utf-8")
    for old in sorted(folder.glob(f"{place.name}.*.bak"))[:-KEPT_BACKUPS]:
        old.unlink(missing_ok=True)
    return kept


def replace(place: Path, text: str) -> None:
    """Raises OSError."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, place.stat().st_mode & 0o777)
        os.replace(name, place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

"""What was made of the phrases of jambonz-app.json, kept in the user's cache folder: it is made once a machine, not once a process.

Nothing depends on it: what is missing or broken there is made again, and where nothing can be written nothing is kept."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
KEPT = 80  # files; those that were not used for longest go first
_ROOM = Path(__file__).parent
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Form(Generic[_Made]):
    """How one kind of thing is written down. Both raise ValueError: for what can't be written, for what was not written so."""

    suffix: str
    written: Callable[[_Made], bytes]
    read: Callable[[bytes], _Made]


def folder() -> Path:
    """After the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voicebot" / "learnt"


def taken_or_made(key: str, form: Form[_Made], make: Callable[[], _Made]) -> _Made:
    """From the shelf, or made and put there. While one process makes it, others that want the same wait: processes start together."""
    if (known := taken(key, form)) is not None:
        return known
    with one_at_a_time(key):
        if (known := taken(key, form)) is not None:
            return known
        made = make()
        keep(key, form, made)
    return made


def key_of(parts: Iterable[str]) -> str:
    """A name for what is made of `parts` by the code and the word lists as they are now."""
    digest = hashlib.sha256(_teaching().encode())
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:32]


def taken(key: str, form: Form[_Made]) -> _Made | None:
    """What was kept under this key, None when nothing was."""
    path = folder() / f"{key}{form.suffix}"
    try:
        found = form.read(path.read_bytes())
        with suppress(OSError):
            os.utime(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("what was learnt before can't be read; it is learnt again", extra={"error": type(error).__name__})
        return None
    return found


@contextmanager
def one_at_a_time(key: str) -> Iterator[None]:
    """Of all processes that want to make this; the others find it on the shelf then."""
    with ExitStack() as held:
        try:
            folder().mkdir(parents=True, exist_ok=True)
            lock = held.enter_context((folder() / f"{key}.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            log.info("nobody waits for what is learnt here", extra={"error": type(error).__name__})
        yield


def keep(key: str, form: Form[_Made], made: _Made) -> None:
    """For the next process."""
    try:
        content = form.written(made)
        shelf = folder()
        shelf.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=shelf, suffix=".part", delete=False) as part:
            part.write(content)
        os.replace(part.name, shelf / f"{key}{form.suffix}")
        _clear(shelf)
    except (OSError, ValueError) as error:
        log.warning("what was learnt can't be kept for the next start", extra={"error": type(error).__name__})


def _clear(shelf: Path) -> None:
    kept = (path for path in shelf.iterdir() if path.suffix not in (".lock", ".part"))
    for path in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)


@cache
def _teaching() -> str:
    """Of all that shapes what is made: our own files and the word lists."""
    digest = hashlib.sha256()
    for path in sorted([*_ROOM.glob("*.py"), *_ROOM.glob("*.tsv"), *_ROOM.glob("lexicon/*.tsv")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()

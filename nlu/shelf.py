"""What was learnt from phrases, kept in the user's cache folder: the same phrases are learnt once a machine, not once a process.

Nothing depends on it: what is missing or broken there is learnt again, and where nothing can be written nothing is kept."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from nlu.softmax import Softmax

log = logging.getLogger(__name__)
KEPT = 40  # files; those that were not used for longest go first
_ROOM = Path(__file__).parent
_APART = "\n"


def folder() -> Path:
    """After the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voicebot" / "learnt"


def key_of(parts: Iterable[str]) -> str:
    """A name for what is learnt from `parts` by the code and the word lists as they are now."""
    digest = hashlib.sha256(_teaching().encode())
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:32]


def taken(key: str) -> Softmax | None:
    """What was kept under this key, None when nothing was."""
    path = folder() / f"{key}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            classes, columns = (bytes(kept[name]).decode().split(_APART) for name in ("classes", "columns"))
            found = Softmax(classes, {clue: at for at, clue in enumerate(columns)}, kept["weights"])
        with suppress(OSError):
            os.utime(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        log.warning("what was learnt before can't be read; it is learnt again", extra={"error": type(error).__name__})
        return None
    return found


@contextmanager
def one_at_a_time(key: str) -> Iterator[None]:
    """While one process learns this, others that want the same wait, and find it on the shelf then: processes start together."""
    with ExitStack() as held:
        try:
            folder().mkdir(parents=True, exist_ok=True)
            lock = held.enter_context((folder() / f"{key}.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            log.info("nobody waits for what is learnt here", extra={"error": type(error).__name__})
        yield


def keep(key: str, learnt: Softmax) -> None:
    """For the next process. A clue or class that holds a line break is kept nowhere."""
    columns = sorted(learnt.columns, key=learnt.columns.__getitem__)
    if any(_APART in name for name in (*columns, *learnt.classes)):
        return
    texts = {
        name: np.frombuffer(_APART.join(names).encode(), np.uint8) for name, names in (("classes", learnt.classes), ("columns", columns))
    }
    try:
        shelf = folder()
        shelf.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=shelf, suffix=".part", delete=False) as part:
            np.savez(part, weights=learnt.weights, **texts)  # type: ignore[arg-type]
        os.replace(part.name, shelf / f"{key}.npz")
        _clear(shelf)
    except OSError as error:
        log.warning("what was learnt can't be kept for the next start", extra={"error": type(error).__name__})


def _clear(shelf: Path) -> None:
    by_use = sorted(shelf.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_use[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)


@cache
def _teaching() -> str:
    """Of all that shapes what is learnt: our own files and the word lists."""
    digest = hashlib.sha256()
    for path in sorted([*_ROOM.glob("*.py"), *_ROOM.glob("*.tsv"), *_ROOM.glob("lexicon/*.tsv")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()

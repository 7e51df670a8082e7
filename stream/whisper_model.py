"""Which Whisper model is used, where it comes from and how it wants to be used. Decided once, at boot."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import httpx
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from calls.errors import EngineUnavailable
from calls.settings import OFFLINE_MODEL
from stream.faster import available_models, download_model

OFFLINE_FOLDER = Path(__file__).resolve().parent.parent / "models" / "tinywhisper-helpdesk"
DEFAULTS = {"cuda": "large-v3-turbo", "cpu": "base"}
COMPUTE_TYPES = {"cuda": "float16", "cpu": "int8"}
OFFLINE_NOTE = (
    "the small offline model knows only the synthetic helpdesk sentences of the demo and was never tried on people; "
    "for real callers name a Whisper model, or a folder with one, in WHISPER_MODEL"
)
FALLBACK_NOTE = "the model hub can't be reached: using the small offline model. " + OFFLINE_NOTE[0].upper() + OFFLINE_NOTE[1:]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that is on this machine, and what it runs on. `note` tells the operator what is not as it should be."""

    name: str  # as the operator knows it
    folder: Path
    device: str  # "cpu" or "cuda"
    compute_type: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a model wants to be used: its folder's profile.json, or Whisper's own ways where there is none."""

    window_s: float = 30  # the longest sound heard at once
    windows_s: tuple[float, ...] = (30,)  # lengths that the sound may be padded to; the shortest that fits is used
    languages: tuple[str, ...] = ()  # that it was trained for; empty: whatever the model says
    prompting: bool = True  # whether it can be told words to expect
    cpu_threads: int = 0  # for one utterance; 0: all cores
    beam_size: int = 1  # where jambonz-app.json does not say

    @classmethod
    def read(cls, folder: Path) -> Profile:
        """Raises EngineUnavailable when there is a profile.json that can't be understood."""
        path = folder / "profile.json"
        if not path.is_file():
            return cls()
        try:
            return cls._from(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError, LookupError) as error:
            raise EngineUnavailable(f"{path} can't be understood ({type(error).__name__}); mend it or remove it") from error

    @classmethod
    def _from(cls, tree: dict[str, Any]) -> Profile:
        window_s = float(tree.get("window_s", 30))
        windows_s = tuple(sorted(float(size) for size in tree.get("windows_s", [30])))
        if not 1 <= window_s <= windows_s[-1] <= 30:
            raise ValueError("1 <= window_s <= the largest of windows_s <= 30")
        threads, beam_size = int(tree.get("cpu_threads", 0)), int(tree.get("beam_size", 1))
        if not 1 <= beam_size <= 10:
            raise ValueError("1 <= beam_size <= 10")
        return cls(window_s, windows_s, tuple(tree.get("languages", [])), bool(tree.get("prompting", True)), threads, beam_size)


def choose_model(
    environment_model: str, device: str = "auto", *, hub: str = "", cache: Path | None = None, patience_s: float = 4.0
) -> Choice:
    """The model that WHISPER_MODEL (`environment_model`) asks for, fetched if need be; without it the best for the device.

    `hub`: the address asked whether the hub is there (HF_ENDPOINT or the hub's own when empty); `cache`: where fetched models lie.
    Where nothing was asked for and the hub does not answer within `patience_s`, the offline model with a note.
    Raises EngineUnavailable, in the operator's words, when what was asked for can't be had.
    """
    device = pick_device(device)
    name, note = environment_model or DEFAULTS[device], OFFLINE_NOTE if environment_model == OFFLINE_MODEL else ""
    try:
        folder = find(name, hub=hub or constants.ENDPOINT, cache=cache, patience_s=patience_s)
    except EngineUnavailable as error:
        if environment_model:
            raise
        log.warning("the default recogniser can't be had; the small offline one is used", extra={"model": name, "why": str(error)})
        name, folder, note = OFFLINE_MODEL, OFFLINE_FOLDER, FALLBACK_NOTE
    return Choice(name, folder, device, COMPUTE_TYPES[device], note)


def pick_device(wanted: str) -> str:
    """ "cuda" or "cpu". Raises EngineUnavailable when CUDA is asked for and there is none."""
    found = cuda_devices()
    if wanted == "cuda" and not found:
        raise EngineUnavailable("WHISPER_DEVICE is cuda, but no CUDA device was found; use auto or cpu")
    return "cuda" if found and wanted != "cpu" else "cpu"


def cuda_devices() -> int:
    try:
        return int(ctranslate2.get_cuda_device_count())
    except RuntimeError:  # a driver that is too old or broken
        return 0


def find(name: str, *, hub: str, cache: Path | None, patience_s: float) -> Path:
    """The folder of the model called `name`: "offline", a folder, in the cache, or fetched from the hub now."""
    folder = OFFLINE_FOLDER if name == OFFLINE_MODEL else Path(name).expanduser()
    if (folder / "model.bin").is_file():
        return folder
    if folder.is_dir() or not could_be_on_the_hub(name):
        raise EngineUnavailable(
            f"WHISPER_MODEL is {name!r}, but no model.bin lies there; name a folder with a CTranslate2 model, or a model of the hub"
        )
    return cached(name, cache) or fetched(name, hub, cache, patience_s)


def could_be_on_the_hub(name: str) -> bool:
    """`base`, or `owner/model`; paths begin with a dot, a slash or a tilde or are deeper."""
    return not name.startswith((".", "/", "~")) and name.count("/") <= 1 and "\\" not in name


def cached(name: str, cache: Path | None) -> Path | None:
    """The folder of an earlier download, if that came to its end."""
    try:
        folder = Path(download_model(name, local_files_only=True, cache_dir=str(cache) if cache else None))
    except LocalEntryNotFoundError:
        return None
    except ValueError as error:
        known = ", ".join(available_models())
        raise EngineUnavailable(f"WHISPER_MODEL is {name!r}, which is neither a folder with a model.bin nor one of: {known}") from error
    return folder if (folder / "model.bin").is_file() else None


def fetched(name: str, hub: str, cache: Path | None, patience_s: float) -> Path:
    if not reachable(hub, patience_s):
        raise EngineUnavailable(f"the recogniser's model {name!r} is not on this machine, and the model hub can't be reached")
    log.info("fetching the recogniser's model", extra={"model": name})
    try:
        folder = Path(download_model(name, cache_dir=str(cache) if cache else None))
    except RepositoryNotFoundError as error:
        raise EngineUnavailable(
            f"WHISPER_MODEL is {name!r}, which is neither a folder with a model.bin nor known to the model hub"
        ) from error
    except (OSError, RuntimeError, ValueError, HfHubHTTPError) as error:
        raise EngineUnavailable(f"the model {name!r} could not be fetched from the model hub ({type(error).__name__})") from error
    if not (folder / "model.bin").is_file():
        raise EngineUnavailable(f"the hub's {name!r} holds no model.bin: it is no CTranslate2 model")
    return folder


def reachable(hub: str, patience_s: float) -> bool:
    """Whether anything answers there in time. Asked in a thread, as a name server that is silent can't be given up on otherwise."""
    if constants.HF_HUB_OFFLINE:
        return False
    answers: list[int] = []

    def ask() -> None:
        try:
            answers.append(httpx.head(hub, timeout=patience_s).status_code)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
            return

    asking = threading.Thread(target=ask, name="hub-probe", daemon=True)
    asking.start()
    asking.join(patience_s)
    return bool(answers) and answers[0] < 500

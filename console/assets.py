"""`/static/...`: our own scripts and styles, and those of the packages in console/package.json.

An address with `?v=` and the file's hash may be kept for ever; without it the browser asks whether its copy is still good.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request, send_file, send_from_directory, url_for
from werkzeug.exceptions import NotFound

HERE = Path(__file__).parent
OWN, PACKAGES = HERE / "static", HERE / "node_modules"
VENDOR = {  # what is served of the packages for every page
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "pico.min.css": "@picocss/pico/css/pico.min.css",
    "sse.js": "htmx-ext-sse/dist/sse.min.js",
}
EDITOR = {  # of /admin/settings alone
    "codemirror.js": "codemirror/lib/codemirror.js",
    "codemirror.css": "codemirror/lib/codemirror.css",
    "codemirror-javascript.js": "codemirror/mode/javascript/javascript.js",
    "codemirror-dialog.js": "codemirror/addon/dialog/dialog.js",
    "codemirror-dialog.css": "codemirror/addon/dialog/dialog.css",
    "codemirror-searchcursor.js": "codemirror/addon/search/searchcursor.js",
    "codemirror-search.js": "codemirror/addon/search/search.js",
    "codemirror-jump.js": "codemirror/addon/search/jump-to-line.js",
    "codemirror-brackets.js": "codemirror/addon/edit/matchbrackets.js",
}
SERVED = VENDOR | EDITOR
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

bp = Blueprint("assets", __name__, template_folder="templates")


@bp.get("/static/vendor/<name>")
def vendor(name: str) -> Response:
    if name not in SERVED or not (PACKAGES / SERVED[name]).is_file():
        raise NotFound("no such file; `make assets` fetches what the pages need")
    return kept(send_file(PACKAGES / SERVED[name]), f"vendor/{name}")


@bp.get("/static/<path:name>")
def own(name: str) -> Response:
    return kept(send_from_directory(OWN, name), name)


def kept(response: Response, name: str) -> Response:
    response.headers["Cache-Control"] = FOR_EVER if request.args.get("v") == version(name) else ASK_AGAIN
    return response


def asset(name: str) -> str:
    """The address of a file of ours, or of "vendor/<name>", for a page: `{{ asset("desk.js") }}`."""
    if name.startswith("vendor/"):
        return url_for("assets.vendor", name=name.removeprefix("vendor/"), v=version(name))
    return url_for("assets.own", name=name, v=version(name))


def missing_assets() -> list[str]:
    """What the pages need of the packages and is not there, by file name; [] when all is well. For /readyz."""
    return [name for name, place in SERVED.items() if not (PACKAGES / place).is_file()]


def pages_lack() -> list[str]:
    """The same in the operator's words: a line, or none."""
    missing = missing_assets()
    return [f"the pages lack {', '.join(missing)}: run `make assets`"] if missing else []


def version(name: str) -> str | None:
    """A hash of the file's content; None when it is not there."""
    place = PACKAGES / SERVED.get(name.removeprefix("vendor/"), "") if name.startswith("vendor/") else OWN / name
    try:
        known = place.stat()
        return hashed(place, known.st_mtime_ns, known.st_size) if place.is_file() else None
    except OSError:
        return None


@lru_cache(maxsize=256)
def hashed(place: Path, changed_ns: int, size: int) -> str:
    """Read again when the file has changed."""
    return hashlib.sha256(place.read_bytes()).hexdigest()[:12]

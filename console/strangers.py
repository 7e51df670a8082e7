"""Whoever is not logged in: a person is sent to the login and comes back, a script is told so."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue


def accepts(kind: str) -> bool:
    """By name: scripts accept */* and mean no page."""
    return kind in request.headers.get("Accept", "")


def wants_page() -> bool:
    """A person's browser waits for a page, not a script of ours for JSON, an event stream or a part of a page."""
    if accepts("text/html"):
        return "HX-Request" not in request.headers
    for_script = request.path.endswith((".json", "/events")) or accepts("text/event-stream") or accepts("application/json")
    return request.method == "GET" and "HX-Request" not in request.headers and not for_script


def sent_to_login() -> ResponseReturnValue:
    """Back to the page after the login; a form that was sent is not sent again."""
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    if wants_page():
        return redirect(url_for("login.show", next=back))
    answer = Response("log in first\n", 401, mimetype="text/plain")
    if "HX-Request" in request.headers:
        answer.headers["HX-Redirect"] = url_for("login.show")
    return answer

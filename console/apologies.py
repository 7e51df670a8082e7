"""What the console says when a page can't be had: plain words, and a way on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask, Response, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from calls.errors import BotError

log = logging.getLogger(__name__)
OUT_OF_DATE = (
    "This page was too old to be sent, or your browser keeps no cookies. Nothing was changed. "
    "Go back, load the page again, and repeat what you did."
)
NO_DATABASE = "The database does not answer. Nothing was changed. Calls that come in go to a human. Try again in a moment."
WORDS = {  # (heading, what to do) where the page has said nothing better
    400: ("This can't be understood", "Go back and check what you entered."),
    401: ("You are not logged in", "Log in and try again."),
    403: ("This page is not for you", "An admin can give you another role."),
    404: ("There is no such page", "It may have been removed, or its address is mistyped."),
    405: ("There is no such page", "This address can't be opened like this."),
    409: ("That has changed meanwhile", "Go back and load the page again."),
    413: ("That is too much at once", "Go back and shorten what you entered."),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: ("Something went wrong", "The log says what. Try again in a moment."),
    503: ("Not now", "Try again in a moment."),
}


def register(app: Flask, is_ours: Callable[[], bool], wants_page: Callable[[], bool]) -> None:
    """Answer what fails on the console's pages; the hooks' own answers stay as they are."""

    def failed(error: HTTPException) -> ResponseReturnValue:
        if not is_ours() or error.response is not None:
            return error
        code = error.code or 500
        heading, way_on = WORDS.get(code, WORDS[500])
        return told(error, heading, said(error) or way_on, page=wants_page())

    def out_of_reach(error: BotError) -> ResponseReturnValue:
        if not is_ours():
            raise error
        log.error("a page can't be shown: what it shows can't be read", exc_info=error)
        return told(None, "Not now", NO_DATABASE, page=wants_page())

    app.register_error_handler(HTTPException, failed)
    app.register_error_handler(BotError, out_of_reach)


def said(error: HTTPException) -> str:
    """What our own code told the visitor; "" for the library's own words."""
    if isinstance(error, CSRFError):
        return OUT_OF_DATE
    return "" if error.description == type(error).description or error.code == 429 else error.description or ""


def told(error: HTTPException | None, heading: str, way_on: str, *, page: bool) -> Response:
    code = (error.code if error else 503) or 500
    body = render_template("apology.html", heading=heading, way_on=way_on) if page else f"{heading}: {way_on}\n"
    answer = Response(body, code, mimetype="text/html" if page else "text/plain")
    if code in (429, 503):
        answer.headers["Retry-After"] = "60" if code == 429 else "5"
    return answer

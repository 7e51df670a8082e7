"""Pages of the console as a browser holds them open, and the moment at which each message came."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import httpx

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def logged_in(base: str, login: str, password: str) -> httpx.Client:
    """A browser's cookies, and the token for its forms as a header."""
    browser = httpx.Client(base_url=base, timeout=30.0, headers={"Accept": "text/html", "Referer": base})
    fields = {"login": login, "password": password, "csrf_token": token_in(browser.get("/login"))}
    answer = browser.post("/login", data=fields)
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError(f"the login was answered with {answer.status_code}")
    browser.headers["X-CSRFToken"] = token_in(browser.get("/account"))
    return browser


def token_in(page: httpx.Response) -> str:
    found = TOKEN.search(page.text)
    if found is None:
        raise RuntimeError(f"{page.url.path} has no form (it was answered with {page.status_code})")
    return found[1]


@dataclass(frozen=True, slots=True)
class Came:
    """One message of an event stream; `at_s` is time.perf_counter's."""

    at_s: float
    event: str
    data: str


class OpenPage:
    """Reads an event stream on a thread of its own, from `with` to its end."""

    def __init__(self, browser: httpx.Client, path: str) -> None:
        self._browser, self._path = browser, path
        self._changed, self._is_over = threading.Condition(), False
        self.messages: list[Came] = []
        self.bytes = self.chunks = 0
        self.trouble = ""
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> OpenPage:
        self._thread.start()
        self.until(lambda came: True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over = True

    def until(self, wanted: Callable[[Came], bool], within_s: float = 20.0) -> Came:
        """The first message that is wanted, whether it has come or is to come. Raises TimeoutError."""
        give_up_s = time.perf_counter() + within_s
        seen = 0
        while True:
            with self._changed:
                if seen == len(self.messages):
                    self._changed.wait(give_up_s - time.perf_counter())
                fresh = self.messages[seen:]
            seen += len(fresh)
            for came in fresh:
                if wanted(came):
                    return came
            if self.trouble or time.perf_counter() > give_up_s:
                raise TimeoutError(self.trouble or f"{self._path}: what was awaited did not come in {within_s} s")

    def _read(self) -> None:
        try:
            with self._browser.stream("GET", self._path, headers={"Accept": "text/event-stream"}) as answer:
                answer.raise_for_status()
                rest = ""
                for chunk in answer.iter_text():
                    at_s = time.perf_counter()
                    self.bytes, self.chunks = self.bytes + len(chunk.encode()), self.chunks + 1
                    *blocks, rest = (rest + chunk).split("\n\n")
                    self._keep([came for block in blocks if (came := message(block, at_s))])
                    if self._is_over:
                        return
        except httpx.HTTPError as error:
            with self._changed:
                self.trouble = f"{self._path}: {type(error).__name__}"
                self._changed.notify_all()

    def _keep(self, messages: list[Came]) -> None:
        with self._changed:
            self.messages += messages
            self._changed.notify_all()


def message(block: str, at_s: float) -> Came | None:
    """None for a comment."""
    lines = block.split("\n")
    if not lines[0].startswith("event: "):
        return None
    return Came(at_s, lines[0][7:], "\n".join(line[6:] for line in lines[1:]))

"""Real browsers: Debian's Chromium without a screen, its microphone fed from a WAV file; and axe-core to judge the pages.

Every browser of a test is a process of its own, as the microphone's file belongs to the process. What the pages look like is
kept in test-artefacts/.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, sync_playwright

from simulator.script import Say
from simulator.speaker import Speaker

ARTEFACTS = Path(__file__).parent.parent / "test-artefacts"
CHROMIUM = shutil.which("chromium") or ""
LAPTOP = ViewportSize(width=1280, height=720)
RATE = 48_000  # of the file for the microphone
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture(scope="module")  # while it is there the thread has an event loop, which tests of other modules must not find
def playwright() -> Iterator[Playwright]:
    if not CHROMIUM:
        missing = pytest.fail if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip
        missing("no chromium on this machine (Debian's package of that name)")
    with sync_playwright() as started:
        yield started


class Browsers:
    """`open()` starts one more browser; all are closed with the test."""

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._playwright, self._folder, self._stack, self._count = playwright, folder, ExitStack(), 0

    def open(self, url: str, microphone: Path | None = None, *, dark: bool = False) -> Page:
        """A page of a new browser, on `url`, with a laptop's small window."""
        fed = [f"--use-file-for-fake-audio-capture={microphone}%noloop"] if microphone else []
        browser: Browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *fed])
        self._stack.callback(browser.close)
        context: BrowserContext = browser.new_context(base_url=url, viewport=LAPTOP, color_scheme="dark" if dark else "light")
        context.grant_permissions(["microphone"], origin=url)
        return context.new_page()

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def browsers(playwright: Playwright, tmp_path: Path) -> Iterator[Browsers]:
    opened = Browsers(playwright, tmp_path)
    yield opened
    opened.close()


def microphone(path: Path, *parts: float | str | Say) -> Path:
    """A WAV for the microphone: numbers are seconds of silence, texts are spoken (English, or as a Say says)."""
    speaker = Speaker(telephone=False)
    sounds = [np.zeros(int(part * RATE), np.int16) if isinstance(part, int | float) else spoken(speaker, part) for part in parts]
    soundfile.write(path, np.concatenate(sounds), RATE, subtype="PCM_16")
    return path


def spoken(speaker: Speaker, part: str | Say) -> Any:
    return speaker.pcm(part if isinstance(part, Say) else Say(part), RATE)


def picture(page: Page, name: str) -> None:
    """Keep what the page looks like, from top to bottom."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


def serious(page: Page) -> list[str]:
    """axe-core's violations of impact serious or critical: the rule, and where."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['target']}" for each in found if each["impact"] in ("serious", "critical") for node in each["nodes"]]


@contextmanager
def no_faults_on(page: Page) -> Iterator[None]:
    """The page's scripts raise nothing and the console shows no error meanwhile (a refused stream or file is one)."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield
    assert faults == []

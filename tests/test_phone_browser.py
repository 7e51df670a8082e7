"""The telephone of /phone in a real browser: the bot is called with a microphone from a WAV file, understands, and is heard."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from calls.call import CallRecord, Outcome, OutcomeKind
from records.database import open_database
from records.journal import Journal
from records.people import People
from simulator.bot_process import BotProcess
from tests.browsers import Browsers, microphone, no_faults_on, picture, serious

PATIENCE_MS = 60_000  # how long a page may take; no measure of anything
PASSWORD = "correct horse battery"
REFUSES = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotProcess]:
    url = f"sqlite:///{tmp_path_factory.mktemp('phone')}/voicebot.db"
    People(open_database(url)).add("ravi", "Ravi", PASSWORD, "agent", "ravi", now=datetime.now(UTC))
    with BotProcess({"DATABASE_URL": url, "OPEN_PHONE": "1"}) as process:
        yield process


def part(page: Page, name: str) -> Any:
    return page.locator(f'#phone [data-part="{name}"]')


def record_of(bot: BotProcess, page: Page) -> CallRecord:
    sid = page.locator("#phone").get_attribute("data-call-sid") or ""
    record = Journal(open_database(bot.environ()["DATABASE_URL"]), max_calls=5).record(sid)
    assert record is not None
    return record


def energy(page: Page) -> float:
    """Of all that has come out of the page's loudspeaker in this call."""
    return float(part(page, "bot-meter").get_attribute("data-heard-energy") or 0)


def has_heard(page: Page, more_than: float = 0) -> None:
    give_up_at = time.monotonic() + PATIENCE_MS / 1000
    while energy(page) <= more_than + 1:
        assert time.monotonic() < give_up_at, "nothing was heard"
        page.wait_for_timeout(50)


def test_a_guest_calls_the_bot_is_understood_and_hears_it(bot: BotProcess, browsers: Browsers, tmp_path: Path) -> None:
    page = browsers.open(bot.url, microphone(tmp_path / "caller.wav", 14.0, "my tally licence has expired", 60.0), dark=True)
    with no_faults_on(page):
        page.goto("/phone")
        page.get_by_role("button", name="Call the bot").click()
        expect(part(page, "transcript")).to_contain_text("How can I help you", timeout=PATIENCE_MS)
        has_heard(page)
        caller = part(page, "transcript").locator("li.caller").first
        expect(caller).to_contain_text("licence has expired", timeout=PATIENCE_MS)
        expect(caller).to_contain_text(re.compile(r"licence renewal \(\d+ %\) · answered after \d+ ms"))
        server_ms, here_ms = (int(caller.get_attribute(f"data-{name}-ms") or 0) for name in ("reply", "heard"))
        print(json.dumps({"reply_ms": server_ms, "heard_here_ms": here_ms}))
        assert server_ms > 0
        assert not here_ms or server_ms < here_ms + 250  # the ear waits for the line too, but the two may not agree when speech ended
        expect(part(page, "transcript")).to_contain_text("renew in TallyPrime", timeout=PATIENCE_MS)
        picture(page, "phone-dark")
        assert serious(page) == []
        page.get_by_role("button", name="Hang up").click()
        expect(page.get_by_role("button", name="Call the bot")).to_be_focused(timeout=PATIENCE_MS)
        expect(part(page, "state")).to_have_text("The call has ended")
    record = record_of(bot, page)
    assert (record.caller, record.status, record.outcome) == ("web:guest", "completed", Outcome(OutcomeKind.HUNG_UP))
    assert record.turns[1].intent == "license_renewal"
    assert record.ended_at is not None


def test_without_a_microphone_the_keypad_works(bot: BotProcess, browsers: Browsers) -> None:
    page = browsers.open(bot.url)
    page.add_init_script(REFUSES)
    with no_faults_on(page):
        page.goto("/phone")
        page.get_by_role("button", name="Call the bot").click()
        expect(part(page, "notice")).to_contain_text("was not allowed to use the microphone")
        has_heard(page)
        expect(page.get_by_role("button", name="0", exact=True)).to_be_enabled()
        page.keyboard.press("0")
        expect(part(page, "pressed")).to_have_text("0")
        expect(part(page, "state")).to_have_text("Ringing an agent", timeout=PATIENCE_MS)
        picture(page, "phone-no-microphone")
        expect(part(page, "transcript")).to_contain_text("nobody could be reached")
        has_heard(page, energy(page))  # the bot has come back
        page.get_by_role("button", name="Hang up").click()
        expect(part(page, "state")).to_have_text("The call has ended")
        expect(page.get_by_role("button", name="Call the bot")).to_be_visible()
    record = record_of(bot, page)
    assert [(each.state, each.sip_status) for each in record.escalations] == [("failed", 503)]
    assert record.callback is not None


def test_a_page_that_is_closed_hangs_up(bot: BotProcess, browsers: Browsers) -> None:
    page = browsers.open(bot.url)
    page.goto("/phone")
    page.get_by_role("button", name="Call the bot").click()
    has_heard(page)
    sid = page.locator("#phone").get_attribute("data-call-sid") or ""
    page.goto("/login")
    journal = Journal(open_database(bot.environ()["DATABASE_URL"]), max_calls=5)
    expect(page.get_by_label("Login")).to_be_visible()
    for _ in range(100):
        record = journal.record(sid)
        if record and record.ended_at:
            break
        page.wait_for_timeout(100)
    assert record is not None
    assert record.ended_at is not None


def test_a_call_that_can_not_be_taken_says_why(bot: BotProcess, browsers: Browsers) -> None:
    page = browsers.open(bot.url)
    page.goto("/login?next=/desk")
    page.get_by_label("Login").fill("ravi")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/desk")
    page.evaluate(
        """() => { const take = document.createElement('button'); take.id = 'forged'; take.textContent = 'Take';
        Object.assign(take.dataset, {callSid: 'some-call', key: 'forged'}); document.querySelector('main').append(take); }"""
    )
    page.locator("#forged").click()
    expect(page.locator('#desk-phone [data-part="state"]')).to_contain_text("could not be opened", timeout=PATIENCE_MS)
    picture(page, "desk-refused")
    page.locator('#desk-phone [data-part="close"]').click()
    expect(page.locator("#desk-phone")).to_be_hidden()


CLOCKED: list[tuple[str, list[tuple[str, float, float, float]], list[int]]] = [
    ("an answer after the caller's speech", [("caller", -20, 0, 1.0), ("caller", -80, 1.02, 1.6), ("bot", -20, 1.64, 3)], [640]),
    ("a click is no speech", [("caller", -20, 0, 0.02), ("caller", -80, 0.04, 1), ("bot", -20, 1, 2)], []),
    ("a greeting answers nothing", [("bot", -20, 0, 5)], []),
    ("a bot that goes on has not answered again", [("caller", -20, 0, 1), ("bot", -20, 2, 3), ("bot", -20, 3.3, 4)], [1000]),
    ("a quiet caller", [("caller", -75, 0, 2), ("caller", -45, 2.02, 3), ("caller", -75, 3.02, 4), ("bot", -20, 4, 5)], [1000]),
    ("the bot's echo is not the caller", [("bot", -20, 0, 1), ("caller", -40, 1.02, 1.3), ("bot", -20, 2, 3)], []),
]


@pytest.mark.parametrize(("levels", "measured"), [case[1:] for case in CLOCKED], ids=[case[0] for case in CLOCKED])
def test_the_reply_is_timed_at_the_callers_ear(
    page_of_scripts: Page, levels: list[tuple[str, float, float, float]], measured: list[int]
) -> None:
    """`levels`: who is how loud (dBFS) from when to when, in seconds; a level comes every 20 ms."""
    found = page_of_scripts.evaluate(
        """async (levels) => {
            const { ReplyClock } = await import('/static/reply-clock.js');
            const found = [], clock = new ReplyClock((ms) => found.push(ms));
            for (const [who, db, from, to] of levels) {
                for (let i = 0; from + i * 0.02 <= to + 0.001; i += 1) clock[who](db, from + i * 0.02);
            }
            return found;
        }""",
        levels,
    )
    assert found == measured


@pytest.fixture(scope="module")
def page_of_scripts(bot: BotProcess, playwright: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    opened = Browsers(playwright, tmp_path_factory.mktemp("scripts"))
    page = opened.open(bot.url)
    page.goto("/login")
    yield page
    opened.close()

"""The whole helpdesk as people see it, in real browsers with microphones: a caller on /phone, an agent at the desk, a supervisor.

The caller speaks from a WAV file; the agent gets the screen pop, takes the call in the page, talks, and wraps up.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from calls.agents import LegAnswer
from records.database import open_database
from records.journal import Journal
from records.people import People
from simulator.bot_process import BotProcess
from tests.browsers import ARTEFACTS, Browsers, microphone, no_faults_on, picture, serious

PASSWORD = "correct horse battery"
PEOPLE = (("asha", "agent", "asha"), ("ravi", "agent", "ravi"), ("suresh", "supervisor", ""), ("anu", "admin", ""))
PATIENCE_MS = 60_000  # how long a page may take; no measure of anything


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotProcess]:
    folder = tmp_path_factory.mktemp("helpdesk")
    url, settings = f"sqlite:///{folder}/voicebot.db", shutil.copy("jambonz-app.json", folder)
    people = People(open_database(url))
    for login, role, agent in PEOPLE:
        people.add(login, login.title(), PASSWORD, role, agent, now=datetime.now(UTC))
    with BotProcess({"DATABASE_URL": url, "MAX_CALLS": "5", "BOT_CONFIG": str(settings)}) as process:
        yield process
        ARTEFACTS.mkdir(exist_ok=True)
        shutil.copy(process.log, ARTEFACTS / "helpdesk-bot.log")


def journal_of(bot: BotProcess) -> Journal:
    return Journal(open_database(bot.environ()["DATABASE_URL"]), max_calls=5)


def log_in(page: Page, login: str, then: str) -> None:
    page.goto(f"/login?next={then}")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{then}")


def wait_until(page: Page, true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(100)


def heard_energy(page: Page, meter: str) -> float:
    return float(page.locator(f'[data-part="{meter}"]').get_attribute("data-heard-energy") or 0)


def test_a_caller_an_agent_and_a_wrap_up(bot: BotProcess, browsers: Browsers, tmp_path: Path) -> None:
    asks_on = [part for _ in range(20) for part in (2.0, "hello can you hear me")]
    wishes = microphone(tmp_path / "caller.wav", 13.0, "my data is corrupted", 9.0, "i want to talk to a human", 7.0, *asks_on)
    caller = browsers.open(bot.url, wishes)
    agent = browsers.open(bot.url, microphone(tmp_path / "agent.wav", 4.0, "hello this is asha how can i help you", 60.0))
    supervisor = browsers.open(bot.url)
    with no_faults_on(caller), no_faults_on(agent), no_faults_on(supervisor):
        log_in(agent, "asha", "/desk")
        agent.get_by_role("button", name="Available").click()
        expect(agent.locator("#presence")).to_contain_text("calls ring you")
        picture(agent, "desk-idle")
        watch_for_the_pop(agent)
        log_in(supervisor, "suresh", "/live")

        # the caller is understood, and hears the bot
        log_in(caller, "ravi", "/phone")
        picture(caller, "phone-idle")
        caller.get_by_role("button", name="Call the bot").click()
        transcript = caller.locator('[data-part="transcript"]')
        expect(transcript).to_contain_text("data is corrupted", timeout=PATIENCE_MS)
        expect(transcript).to_contain_text(re.compile("damaged data", re.IGNORECASE), timeout=PATIENCE_MS)
        assert heard_energy(caller, "bot-meter") > 0
        picture(caller, "phone-talking")
        expect(supervisor.locator("main")).to_contain_text("data is corrupted", timeout=PATIENCE_MS)
        picture(supervisor, "live")

        # asks for a human: the screen pop is there within a second of the moment that the escalation is journalled
        expect(agent.locator("#take")).to_be_visible(timeout=PATIENCE_MS)
        call_sid = agent.locator("#take").get_attribute("data-call-sid") or ""
        record = journal_of(bot).record(call_sid)
        assert record is not None
        late_ms = popped_at(agent) - record.escalations[-1].started_at.timestamp() * 1000
        print(json.dumps({"escalation_to_pop_ms": round(late_ms)}))
        assert late_ms < 1000
        now = agent.locator("#now")
        expect(now).to_contain_text("talk to a human")  # the last words
        expect(now).to_contain_text("damaged data")
        expect(agent.locator("#words")).to_contain_text("my data is corrupted")
        expect(caller.locator('[data-part="state"]')).to_have_text("Ringing an agent")
        picture(agent, "desk-ringing")
        assert serious(agent) == []

        # the agent takes it, and both hear each other
        before = heard_energy(caller, "bot-meter")
        agent.locator("#take").click()
        expect(caller.locator('[data-part="state"]')).to_have_text("You talk with an agent", timeout=PATIENCE_MS)
        expect(agent.locator("#now")).to_contain_text("You talk with")
        wait_until(caller, lambda: heard_energy(caller, "bot-meter") > before + 0.5)
        wait_until(agent, lambda: heard_energy(agent, "caller-meter") > 0)
        picture(agent, "desk-talking")
        picture(supervisor, "live-with-agent")

        # the supervisor opens the call while it goes on: its words are there, and after its end its timeline
        supervisor.locator("tbody").first.get_by_role("link").first.click()
        expect(supervisor.locator("#words")).to_contain_text("my data is corrupted")
        picture(supervisor, "call-live")

        # hangs up, and says what it was really about
        agent.locator('#desk-phone [data-part="hang-up"]').click()
        expect(caller.locator('[data-part="state"]')).to_have_text("The call has ended", timeout=PATIENCE_MS)
        expect(supervisor.locator("svg").first).to_be_visible(timeout=PATIENCE_MS)
        agent.get_by_label("to be followed up").or_(agent.locator('input[value="follow_up"]')).first.check()
        agent.get_by_label("What was it about?").select_option("password_reset")
        agent.get_by_label("Note").fill("Only the password was wrong <b>today</b>.")
        picture(agent, "desk-wrap-up")
        agent.get_by_role("button", name="Write the wrap-up").click()
        expect(agent.locator("#wrap-up")).to_contain_text("Wrapped up")
        picture(agent, "desk-wrapped-up")
        expect(agent.locator("#presence")).to_contain_text("calls ring you")

        # the ticket shows the correction
        agent.locator("#wrap-up").get_by_role("link", name=re.compile("^T-")).click()
        expect(agent.locator("main")).to_contain_text("password reset")
        expect(agent.locator("main")).to_contain_text("Only the password was wrong <b>today</b>.")
        picture(agent, "ticket")

    done = journal_of(bot).record(call_sid)
    assert done is not None
    assert done.outcome is not None
    assert (done.outcome.kind, done.escalations[-1].transferred) == ("transferred", True)
    leg = done.escalations[-1].accepted
    assert leg is not None
    assert (leg.agent, leg.answer) == ("asha", LegAnswer.ACCEPTED)
    assert done.wrap_up is not None
    assert done.wrap_up.intent == "password_reset"
    the_pages_afterwards(supervisor, call_sid)


def watch_for_the_pop(page: Page) -> None:
    """Note by the page's own clock when a call first rang in it."""
    page.evaluate(
        """() => { const look = () => { if (!window.poppedAt && document.querySelector('[data-rings]')) window.poppedAt = Date.now(); };
        new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true}); look(); }"""
    )


def popped_at(page: Page) -> float:
    return float(page.evaluate("window.poppedAt"))


def the_pages_afterwards(page: Page, call_sid: str) -> None:
    """What a supervisor looks up: found by its words, drawn, and readable for everybody."""
    page.goto("/history?text=corrupted")
    expect(page.locator("main")).to_contain_text("damaged data")
    picture(page, "history")
    page.goto(f"/history/{call_sid}")
    expect(page.locator("svg").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("Asha")
    picture(page, "call")
    assert serious(page) == []


PAGES = (
    "/desk",
    "/phone",
    "/live",
    "/history",
    "/tickets",
    "/callbacks",
    "/people",
    "/admin/deliveries",
    "/admin/settings",
    "/admin/corrections",
)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_readable_for_everybody(bot: BotProcess, browsers: Browsers, dark: bool) -> None:
    page = browsers.open(bot.url, dark=dark)
    page.goto("/login")
    faults = [f"/login: {fault}" for fault in serious(page)]
    log_in(page, "anu", "/people")
    for address in PAGES:
        page.goto(address)
        picture(page, f"page-{address.strip('/').replace('/', '-')}-{'dark' if dark else 'light'}")
        faults += [f"{address}: {fault}" for fault in serious(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        faults += [f"{address}: is {wide} px wider than a small laptop"] if wide > 0 else []
    assert faults == []


def test_a_page_is_worked_with_the_keyboard_alone(bot: BotProcess, browsers: Browsers) -> None:
    page = browsers.open(bot.url)
    page.goto("/login")
    page.get_by_label("Login").focus()
    page.keyboard.type("ravi")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("a")  # the key for available
    expect(page.locator("#presence")).to_contain_text("calls ring you")
    page.keyboard.press("a")
    expect(page.locator("#presence")).to_contain_text("no call rings you")


def test_an_admin_changes_the_settings_and_the_bot_takes_them(bot: BotProcess, browsers: Browsers) -> None:
    page = browsers.open(bot.url)
    with no_faults_on(page):
        log_in(page, "anu", "/admin/settings")
        editor, findings = page.locator(".CodeMirror"), page.locator("#findings")
        expect(editor).to_be_visible()
        expect(findings).to_contain_text("It fits.")

        # what is typed is checked, and marked beside its line
        page.evaluate("document.querySelector('.CodeMirror').CodeMirror.setSelection({line: 2, ch: 3}, {line: 2, ch: 10})")
        page.locator(".CodeMirror-code").focus()
        page.keyboard.type("compny")
        expect(findings).to_contain_text('did you mean "company"?', timeout=PATIENCE_MS)
        expect(page.locator(".marker.fault").first).to_be_visible()
        picture(page, "settings-fault")
        assert serious(page) == []
        findings.get_by_role("button", name="Line 3").first.click()  # the cursor is before the key's quote now
        page.keyboard.press("ArrowRight")
        for _ in "compny":
            page.keyboard.press("Delete")
        page.keyboard.type("company")
        page.keyboard.press("Control+s")
        expect(findings).to_contain_text("It fits.", timeout=PATIENCE_MS)
        page.evaluate("document.querySelector('.CodeMirror').CodeMirror.replaceRange('Our ', {line: 2, ch: 14})")

        # tried out with the keyboard, and compared
        page.get_by_label("A caller says").fill("मेरा लाइसेंस खत्म हो गया है")
        page.keyboard.press("Enter")
        expect(page.locator("#trial")).to_contain_text("license_renewal", timeout=PATIENCE_MS)
        page.get_by_role("button", name="Show the difference").click()
        expect(page.locator("#difference tr.new")).to_contain_text("Our Tally helpdesk")
        picture(page, "settings-light")
        page.emulate_media(color_scheme="dark")
        picture(page, "settings-dark")
        assert serious(page) == []

        # published, and taken for new calls without a restart
        before = httpx.get(f"{bot.url}/readyz").json()["configuration"]["version"]
        page.get_by_role("button", name="Publish").click()
        expect(page.locator("main")).to_contain_text("Published.")
        wait_until(page, lambda: httpx.get(f"{bot.url}/readyz").json()["configuration"]["version"] != before)
    settings = Path(bot.environ()["BOT_CONFIG"])
    assert '"company": "Our Tally helpdesk"' in settings.read_text(encoding="utf-8")
    assert [kept.suffix for kept in (settings.parent / "data").iterdir()] == [".bak"]


def test_another_agents_call_is_refused(bot: BotProcess, browsers: Browsers) -> None:
    """Ravi has no business with a call that rang Asha, in a browser either."""
    journal = journal_of(bot)
    journal.call_started(sid="someone-elses", direction="inbound", caller="+919876543210", called="1", language="en", now=datetime.now(UTC))
    page = browsers.open(bot.url)
    log_in(page, "ravi", "/desk")
    answer = page.goto("/history/someone-elses")
    assert answer is not None
    assert answer.status == 403
    picture(page, "refused")
    assert serious(page) == []

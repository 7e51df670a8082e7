"""The agents' desk: presence, what rings, the live page, declining, wrap-up; and who is refused."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from calls.agents import Customer, LegAnswer, Presence, SpokenLine
from calls.errors import CrmError
from calls.live import LiveEvent
from calls.tokens import agent_of_key
from console.desk_stream import DeskStream
from console.words import together
from tests import databases, desk_rig
from tests.console_rig import NOW, browser
from tests.desk_rig import ESCAPED, HOSTILE, PHONE, at, ends, messages, parsed, post, rings, taken_and_ended, takes, talked

database, migrated_file = databases.sqlite_database, databases.migrated_file

KUMAR = Customer("Ravi Kumar", "tally", "cust-7", "2026-04-01", "https://crm.example.com/7")


@pytest.fixture
def bot(database: Engine) -> SimpleNamespace:
    return desk_rig.house(database)


@pytest.fixture
def app(bot: SimpleNamespace) -> Flask:
    return desk_rig.app(bot)


@pytest.fixture
def asha(app: Flask) -> FlaskClient:
    """Who talks through the page."""
    return browser(app, "agent", agent="asha")


@pytest.fixture
def ravi(app: Flask) -> FlaskClient:
    """Who has a telephone."""
    return browser(app, "agent", agent="ravi")


def page(client: FlaskClient, path: str = "/desk") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


# -- presence -----------------------------------------------------------------------
def test_an_agent_says_who_can_be_rung(bot: SimpleNamespace, asha: FlaskClient) -> None:
    assert "no call rings you" in page(asha)
    assert post(asha, "/desk/presence", state="available")[0] == 303
    assert bot.presences.free(now=NOW) == {"asha"}
    assert "calls ring you while this page is open" in page(asha)
    status, piece = post(asha, "/desk/presence", piece=True, state="away")
    assert (status, bot.presences.of("asha").state) == (200, Presence.AWAY)
    assert "no call rings you" in piece
    assert "<html" not in piece
    assert [(event.kind, event.agent, event.data["state"]) for event in bot.live.events] == [
        ("presence", "asha", "available"),
        ("presence", "asha", "away"),
    ]


def test_there_are_two_presences(bot: SimpleNamespace, asha: FlaskClient) -> None:
    assert post(asha, "/desk/presence", state="<b>")[0] == 400
    assert bot.presences.of("asha") is None


@pytest.mark.parametrize(("agent", "says"), [("", "belongs to no agent"), ("gone", "does not name any more")])
def test_who_is_no_agent_is_told_why_nothing_rings(app: Flask, bot: SimpleNamespace, agent: str, says: str) -> None:
    nobody = browser(app, "agent", login="nobody", agent=agent)
    assert says in page(nobody)
    assert nobody.get("/desk/events").status_code == 403
    assert post(nobody, "/desk/presence", state="available")[0] == 403
    assert bot.presences.all() == []


# -- what rings ---------------------------------------------------------------------
def test_the_screen_pop_has_all_that_is_known(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA0", "my gst return")
    talked(bot, "CA1", "hello there", "the licence of my shop has expired", customer=KUMAR)
    rings(bot, "CA1", "asha")
    seen = page(asha)
    for part in (
        "It rings: Ravi Kumar",
        f'href="tel:{PHONE}"',
        '<a href="https://crm.example.com/7"',
        "until 2026-04-01",
        "licence renewal",
        "93 % sure",
        "the licence of my shop has expired</p></blockquote>",
        'href="/tickets/T-1001"',
        'href="/history/CA1"',
        "You could begin with:",
        "<b>Caller</b> <span",
        "hello there</span>",
        "first",
    ):
        assert part in seen, part


def test_the_page_of_who_is_not_rung_shows_nothing_of_the_call(bot: SimpleNamespace, ravi: FlaskClient) -> None:
    talked(bot, "CA1", "the licence of my shop has expired")
    rings(bot, "CA1", "asha")
    seen = page(ravi)
    assert "No call" in seen
    assert PHONE not in seen
    assert "my shop" not in seen


def test_on_the_page_there_are_buttons_and_a_key_to_the_sound(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1")
    rings(bot, "CA1", "asha")
    seen = page(asha)
    key = seen.split('data-key="')[1].split('"')[0]
    assert agent_of_key(key, "CA1", bot.secrets) == "asha"
    assert agent_of_key(key, "CA2", bot.secrets) is None
    assert 'action="/desk/calls/CA1/decline"' in seen


def test_who_has_a_telephone_is_told_its_keys(bot: SimpleNamespace, ravi: FlaskClient) -> None:
    talked(bot, "CA1")
    rings(bot, "CA1", "ravi", by="dial")
    seen = page(ravi)
    assert "press <kbd>1</kbd>" in seen
    assert "data-key=" not in seen
    bot.journal.leg_answered("CA1", "leg-1", "ravi", LegAnswer.BRIEFED, NOW)
    assert "You hear the briefing: " in page(ravi)
    takes(bot, "CA1", "ravi", "leg-1")
    assert "You talk with " in page(ravi)
    assert "press <kbd>1</kbd>" not in page(ravi)


def test_a_call_that_somebody_else_took_rings_no_more(bot: SimpleNamespace, app: Flask, asha: FlaskClient) -> None:
    talked(bot, "CA1")
    rings(bot, "CA1", "asha", "ravi")
    takes(bot, "CA1", "ravi")
    assert "No call" in page(asha)
    ends(bot, "CA1", "ravi")
    assert "you were too late: Ravi Nair took it" in page(asha)


def test_a_reservation_of_a_dead_process_shows_nothing(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1")
    rings(bot, "CA1", "asha")
    bot.time += timedelta(hours=2)
    assert "No call" in page(asha)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example.com"])
def test_a_crm_cannot_put_a_script_behind_a_link(bot: SimpleNamespace, asha: FlaskClient, url: str) -> None:
    talked(bot, "CA1", customer=Customer("Ravi", "crm", "7", "", url))
    rings(bot, "CA1", "asha")
    assert url not in page(asha)


def test_hostile_words_stay_words(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1", HOSTILE, customer=Customer(HOSTILE, HOSTILE, HOSTILE, HOSTILE, f"https://{HOSTILE}"), caller=HOSTILE)
    rings(bot, "CA1", "asha")
    bot.callbacks.promise(call_sid="CA1", phone=HOSTILE, intent=HOSTILE, language=HOSTILE, reason=HOSTILE, due_at=at(60), now=NOW)
    for _ in ("rings", "talks", "over"):
        seen = page(asha)
        assert ESCAPED in seen
        assert "<script>alert" not in seen
        stage = bot.journal.record("CA1").escalations[-1]
        takes(bot, "CA1", "asha") if not stage.accepted else ends(bot, "CA1", "asha")
    assert post(asha, "/desk/calls/CA1/wrap-up", resolution="resolved", note=HOSTILE)[0] == 303
    for seen in (page(asha), page(asha, "/desk/calls/CA1/wrap-up"), page(asha, "/desk/calls/CA1/wrap-up?change=yes")):
        assert ESCAPED in seen
        assert "<script>alert" not in seen


def test_missed_calls_and_promises_are_listed(bot: SimpleNamespace, asha: FlaskClient) -> None:
    bot.time = NOW - timedelta(days=1)
    talked(bot, "CA0", caller="911111111111")
    rings(bot, "CA0", "asha")
    bot.journal.escalation_ended("CA0", "no-answer", 480, "", bot.time)
    bot.time = NOW
    talked(bot, "CA1")
    rings(bot, "CA1", "asha")
    bot.journal.escalation_ended("CA1", "no-answer", 480, "", NOW)
    bot.callbacks.promise(call_sid="CA1", phone=PHONE, intent="gst_query", language="en", reason="no_agent", due_at=at(-5), now=at(-60))
    seen = page(asha)
    missed = seen.split('id="missed"')[1].split("</section>")[0]
    assert "you did not answer" in missed
    assert "CA0" not in missed  # yesterday's
    assert "1 overdue" in seen
    assert "overdue since" in seen


# -- the stream -----------------------------------------------------------------------
def test_the_stream_begins_with_everything_and_makes_the_agent_reachable(bot: SimpleNamespace, asha: FlaskClient) -> None:
    bot.presences.set("asha", Presence.AVAILABLE, now=NOW - timedelta(hours=1))
    assert bot.presences.free(now=NOW) == set()
    with asha.get("/desk/events") as answer:
        assert answer.mimetype == "text/event-stream"
        first = dict(messages(answer.response, until="callbacks"))
        assert bot.presences.free(now=NOW) == {"asha"}
    assert set(first) == {"presence", "now", "words", "wrap-up", "missed", "recent", "callbacks"}


def test_what_rings_arrives_and_what_has_not_changed_is_not_sent(bot: SimpleNamespace, asha: FlaskClient) -> None:
    with asha.get("/desk/events") as answer:
        messages(answer.response, until="callbacks")
        talked(bot, "CA1", "the licence of my shop has expired")
        rings(bot, "CA1", "asha")
        bot.live.publish(LiveEvent("callback", "CA0"))  # of which nothing is new
        bot.live.publish(LiveEvent("pop", "CA1", "asha"))
        sent = dict(messages(answer.response, until="now"))
        assert "It rings" in sent["now"]
        assert "my shop" in sent["words"]
        assert "callbacks" not in sent
        bot.live.publish(LiveEvent("transfer", "CA1", "asha", {"state": "ringing"}))  # the same once more
        takes(bot, "CA1", "asha")
        bot.live.publish(LiveEvent("transfer", "CA1", "asha", {"state": "accepted"}))
        then = dict(messages(answer.response, until="now"))
        assert "You talk with" in then["now"]
        assert "Wrap-up: " in then["wrap-up"]


def test_words_come_as_they_fall_and_only_of_the_own_call(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1", "my licence has expired")
    rings(bot, "CA1", "asha")
    line = {"number": 2, "speaker": "caller", "text": "are you there", "language": "en"}
    with asha.get("/desk/events") as answer:
        messages(answer.response, until="callbacks")
        bot.live.publish(LiveEvent("words", "CA9", data=line | {"text": "somebody else's"}))
        bot.live.publish(LiveEvent("words", "CA1", data=line))
        bot.live.publish(LiveEvent("words", "CA1", data=line | {"intent": "other", "confidence": 0.4}))
        sent = messages(answer.response, until="words")
    assert [name for name, _ in sent] == ["words"]
    assert sent[0][1].count("are you there") == 1
    assert "my licence has expired" in sent[0][1]
    assert "somebody else" not in sent[0][1]


def test_words_that_the_journal_has_by_now_are_said_once() -> None:
    def line(text: str, speaker: str = "caller") -> SpokenLine:
        return SpokenLine(speaker, text, "en")

    journalled = [(1, line("one")), (1, line("yes?", "bot")), (2, line("two"))]
    heard = [(1, line("one")), (2, line("two, as first heard")), (2, line("so", "bot")), (2, line("and so", "bot")), (3, line("three"))]
    expected = ["one", "yes?", "two", "so", "and so", "three"]
    assert [each.text for each in together(journalled, heard)] == expected
    assert together([], []) == []


def test_a_page_whose_person_is_locked_out_is_left(bot: SimpleNamespace, asha: FlaskClient) -> None:
    answers = iter([True, False])
    app = asha.application
    with app.test_request_context("/desk/events"):
        stream = DeskStream(bot, "asha", allowed=lambda: next(answers))
        assert len(list(stream.whole())) == 7
        assert list(stream.beat()) == []
        assert [message.event for message in stream.beat()] == ["logged-out"]
        talked(bot, "CA1")
        rings(bot, "CA1", "asha")
        assert list(stream.told([LiveEvent("pop", "CA1", "asha")])) == []
        assert list(stream.whole()) == []


def test_a_beat_keeps_the_agent_reachable_and_notices_what_no_event_told(bot: SimpleNamespace, asha: FlaskClient) -> None:
    bot.presences.set("asha", Presence.AVAILABLE, now=NOW)
    with asha.application.test_request_context("/desk/events"):
        stream = DeskStream(bot, "asha", allowed=lambda: True)
        list(stream.whole())
        bot.time += timedelta(seconds=60)
        assert bot.presences.free(now=bot.time) == set()
        list(stream.beat())
        assert bot.presences.free(now=bot.time) == {"asha"}
        talked(bot, "CA1")
        rings(bot, "CA1", "asha")
        assert "now" in [message.event for message in stream.beat()]


def test_an_event_is_one_event_however_its_words_are_broken(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1", "one\r\n\r\nevent: now\ndata: <b>forged</b>")
    rings(bot, "CA1", "asha")
    with asha.get("/desk/events") as answer:
        first = messages(answer.response, until="callbacks")
    assert sorted(name for name, _ in first) == sorted({"presence", "now", "words", "wrap-up", "missed", "recent", "callbacks"})
    assert parsed("event: a\ndata: 1\ndata: 2\n\n") == [("a", "1\n2")]


# -- declining ------------------------------------------------------------------------
def test_who_declines_is_free_and_the_call_goes_on(bot: SimpleNamespace, asha: FlaskClient) -> None:
    bot.presences.set("asha", Presence.AVAILABLE, now=NOW)
    talked(bot, "CA1")
    rings(bot, "CA1", "asha")
    status, piece = post(asha, "/desk/calls/CA1/decline", piece=True)
    assert status == 200
    assert "No call" in piece
    (leg,) = bot.journal.record("CA1").escalations[-1].legs
    assert (leg.agent, leg.answer) == ("asha", LegAnswer.DECLINED)
    assert bot.presences.free(now=NOW) == {"asha"}
    told = bot.live.events[-1]
    assert (told.kind, told.call_sid, told.agent, told.data) == ("transfer", "CA1", "asha", {"state": "declined"})
    assert post(asha, "/desk/calls/CA1/decline")[0] == 409


def test_only_what_rings_here_is_declined(bot: SimpleNamespace, asha: FlaskClient, ravi: FlaskClient) -> None:
    talked(bot, "CA1")
    rings(bot, "CA1", "asha")
    assert post(ravi, "/desk/calls/CA1/decline")[0] == 403
    assert post(asha, "/desk/calls/unknown/decline")[0] == 404
    talked(bot, "CA2")
    rings(bot, "CA2", "ravi", by="dial")
    assert post(ravi, "/desk/calls/CA2/decline")[0] == 409
    takes(bot, "CA1", "asha")
    assert post(asha, "/desk/calls/CA1/decline")[0] == 409
    answers = [leg.answer for sid in ("CA1", "CA2") for leg in bot.journal.record(sid).escalations[-1].legs]
    assert answers == [LegAnswer.ACCEPTED]


# -- wrap-up --------------------------------------------------------------------------
def test_a_wrap_up_corrects_the_ticket_and_frees_the_agent(bot: SimpleNamespace, asha: FlaskClient) -> None:
    bot.presences.set("asha", Presence.AVAILABLE, now=NOW)
    taken_and_ended(bot)
    bot.presences.seen("asha", now=bot.time)
    assert bot.presences.free(now=bot.time) == set()
    assert "left alone until" in page(asha)
    status, piece = post(
        asha, "/desk/calls/CA1/wrap-up", piece=True, resolution="resolved", intent="gst_query", note="It was the <GST> return."
    )
    assert (status, bot.presences.free(now=bot.time)) == (200, {"asha"})
    assert "Resolved" in piece
    assert "It was the &lt;GST&gt; return." in piece
    assert 'href="/tickets/T-1001"' in piece
    ticket = bot.desk.ticket("T-1001")
    assert (ticket.intent, ticket.status) == ("gst_query", "closed")
    assert "It was the <GST> return." in ticket.description
    assert {"kind": "ticket", "data": {"id": "T-1001", "status": "closed", "intent": "gst_query"}} in [
        {"kind": event.kind, "data": event.data} for event in bot.live.events
    ]
    wrap_up = bot.journal.record("CA1").wrap_up
    assert (wrap_up.agent, wrap_up.person, wrap_up.resolution, wrap_up.intent) == ("asha", "Asha", "resolved", "gst_query")
    assert "Change it" in page(asha)


def test_the_form_offers_what_the_bot_understood_and_the_other_topics(bot: SimpleNamespace, asha: FlaskClient) -> None:
    taken_and_ended(bot)
    form = page(asha, "/desk/calls/CA1/wrap-up")
    assert '<option value="">The bot was right: licence renewal</option>' in form
    assert '<option value="gst_query">' in form
    assert '<option value="license_renewal">' not in form


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"note": "half a <b>"}, "Choose whether the call is resolved"),
        ({"resolution": "resolved", "intent": "no_such", "note": "half a <b>"}, "Choose one of the topics"),
        ({"resolution": "follow_up", "note": "half a <b>" + "x" * 4000}, "4010 characters; 4000 fit. Shorten it by 10."),
    ],
)
@pytest.mark.parametrize("piece", [True, False])
def test_nothing_typed_is_lost_when_it_is_not_right(
    bot: SimpleNamespace, asha: FlaskClient, typed: dict[str, str], says: str, piece: bool
) -> None:
    taken_and_ended(bot)
    status, text = post(asha, "/desk/calls/CA1/wrap-up", piece=piece, **typed)
    assert (status, says in text, "half a &lt;b&gt;" in text, "<html" in text) == (422, True, True, not piece)
    assert "hx-preserve" not in text  # else the page would keep the form that it has
    if "resolution" in typed:
        assert f'value="{typed["resolution"]}" required checked' in text
    assert bot.journal.record("CA1").wrap_up is None


def test_nothing_typed_is_lost_when_the_database_is_away(bot: SimpleNamespace, asha: FlaskClient) -> None:
    taken_and_ended(bot)

    def refuses(*_: object, **__: object) -> None:
        raise CrmError("the desk's database refused to work")

    bot.wrapped_up = refuses
    status, text = post(asha, "/desk/calls/CA1/wrap-up", piece=True, resolution="resolved", note="a long story")
    assert (status, "a long story" in text, "Nothing of it is lost" in text) == (503, True, True)


def test_what_is_written_while_they_talk_frees_nobody(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1")
    rings(bot, "CA1", "asha")
    takes(bot, "CA1", "asha")
    assert "You can write while you talk" in page(asha)
    assert post(asha, "/desk/calls/CA1/wrap-up", resolution="follow_up", note="so far")[0] == 303
    assert bot.presences.busy(now=NOW) == {"asha"}
    assert bot.journal.record("CA1").wrap_up.note == "so far"


def test_an_older_call_wrapped_up_late_leaves_the_time_for_the_newer_one(bot: SimpleNamespace, asha: FlaskClient) -> None:
    taken_and_ended(bot, "CA1")
    bot.presences.ready("asha")
    taken_and_ended(bot, "CA2")
    assert post(asha, "/desk/calls/CA1/wrap-up", resolution="resolved")[0] == 303
    assert bot.presences.busy(now=bot.time) == {"asha"}
    assert post(asha, "/desk/calls/CA2/wrap-up", resolution="resolved")[0] == 303
    assert bot.presences.busy(now=bot.time) == set()


def test_a_wrap_up_can_be_changed_by_a_supervisor(bot: SimpleNamespace, app: Flask, asha: FlaskClient) -> None:
    taken_and_ended(bot)
    post(asha, "/desk/calls/CA1/wrap-up", resolution="follow_up", intent="gst_query", note="call again")
    meera = browser(app, "supervisor", login="meera")
    form = page(meera, "/desk/calls/CA1/wrap-up?change=yes")
    assert '<option value="gst_query" selected>' in form
    assert "call again" in form
    assert post(meera, "/desk/calls/CA1/wrap-up", resolution="resolved", note="called")[0] == 303
    wrap_up = bot.journal.record("CA1").wrap_up
    assert (wrap_up.person, wrap_up.agent, wrap_up.intent, bot.desk.ticket("T-1001").status) == ("Meera", "", "", "closed")


def test_another_agents_call_is_nobodys_to_wrap_up(bot: SimpleNamespace, asha: FlaskClient, ravi: FlaskClient) -> None:
    taken_and_ended(bot)
    for path in ("/desk/calls/CA1/wrap-up", "/desk/calls/CA1/wrap-up?change=yes"):
        assert ravi.get(path).status_code == 403
    assert post(ravi, "/desk/calls/CA1/wrap-up", resolution="resolved")[0] == 403
    assert post(asha, "/desk/calls/unknown/wrap-up", resolution="resolved")[0] == 404
    talked(bot, "CA2")
    rings(bot, "CA2", "asha", "ravi")
    takes(bot, "CA2", "asha")
    assert post(ravi, "/desk/calls/CA2/wrap-up", resolution="resolved")[0] == 403  # it rang, but ravi did not talk
    assert bot.journal.record("CA1").wrap_up is None


def test_strangers_see_and_change_nothing(bot: SimpleNamespace, app: Flask) -> None:
    taken_and_ended(bot)
    stranger = browser(app)
    for path in ("/desk", "/desk/calls/CA1/wrap-up"):
        assert stranger.get(path).headers["Location"].startswith("/login")
    assert stranger.get("/desk/events").status_code == 401
    for path in ("/desk/presence", "/desk/calls/CA1/decline", "/desk/calls/CA1/wrap-up"):
        assert post(stranger, path, state="available", resolution="resolved")[0] == 401
    assert (bot.journal.record("CA1").wrap_up, [each.state for each in bot.presences.all()]) == (None, [Presence.AWAY])

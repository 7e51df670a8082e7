"""Promised call backs: claimed by one, settled, given back; and what others see of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from calls.agents import Callback, CallbackState
from calls.errors import CrmError
from tests import databases, desk_rig
from tests.console_rig import NOW, browser
from tests.desk_rig import ESCAPED, HOSTILE, PHONE, at, post, talked

database, migrated_file = databases.sqlite_database, databases.migrated_file


@pytest.fixture
def bot(database: Engine) -> SimpleNamespace:
    return desk_rig.house(database)


@pytest.fixture
def app(bot: SimpleNamespace) -> Flask:
    return desk_rig.app(bot)


@pytest.fixture
def asha(app: Flask) -> FlaskClient:
    return browser(app, "agent", agent="asha")


@pytest.fixture
def ravi(app: Flask) -> FlaskClient:
    return browser(app, "agent", agent="ravi")


def promised(bot: SimpleNamespace, sid: str = "CA1", *, due: float = 60, phone: str = PHONE) -> Callback:
    """A call back that is due in so many minutes."""
    talked(bot, sid, caller=phone)
    facts = {"phone": phone, "intent": "license_renewal", "language": "hi", "reason": "no_agent", "due_at": at(due), "now": at(-30)}
    made: Callback = bot.callbacks.promise(call_sid=sid, **facts)
    bot.closing.close(sid, now=NOW)
    return made


def page(client: FlaskClient) -> str:
    answer = client.get("/callbacks")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_what_is_to_be_done_and_what_is_overdue_first(bot: SimpleNamespace, asha: FlaskClient) -> None:
    assert "No call back is open" in page(asha)
    late, soon = promised(bot, "CA1", due=-10), promised(bot, "CA2", due=10, phone="911111111111")
    seen = page(asha)
    assert seen.index(f'id="callback-{late.id}"') < seen.index(f'id="callback-{soon.id}"')
    first, second = seen.split("<article")[1:]
    assert "overdue since" in first
    assert "overdue" not in second
    for part in (f'href="tel:{PHONE}"', "licence renewal", "no agent", 'href="/history/CA1"', "nobody yet", "I call back"):
        assert part in first, part


def test_one_of_two_gets_it(bot: SimpleNamespace, asha: FlaskClient, ravi: FlaskClient) -> None:
    callback = promised(bot)
    assert post(asha, f"/callbacks/{callback.id}/claim")[0] == 303
    status, text = post(ravi, f"/callbacks/{callback.id}/claim")
    assert (status, "Somebody else is on this call back" in text) == (409, True)
    kept = bot.callbacks.get(callback.id)
    assert (kept.state, kept.agent) == (CallbackState.CLAIMED, "asha")
    assert "<strong>you</strong>" in page(asha)
    others = page(ravi)
    assert "Asha" in others
    assert "Say what came of it" not in others
    assert [(event.kind, event.call_sid, event.data["state"]) for event in bot.live.events] == [("callback", "CA1", "claimed")]


def test_a_promise_that_is_kept_is_off_the_list_and_in_the_ticket(bot: SimpleNamespace, asha: FlaskClient) -> None:
    callback = promised(bot)
    assert bot.desk.ticket_of("CA1").due_at == at(60)
    post(asha, f"/callbacks/{callback.id}/claim")
    assert post(asha, f"/callbacks/{callback.id}/settle", state="kept", note="renewed")[0] == 303
    kept = bot.callbacks.get(callback.id)
    assert (kept.state, kept.note, kept.agent, kept.settled_at) == (CallbackState.KEPT, "renewed", "asha", NOW)
    assert "No call back is open" in page(asha)
    ticket = bot.desk.ticket_of("CA1")
    assert (ticket.due_at, "renewed" in ticket.description) == (None, True)
    assert bot.live.events[-1].data == {"id": callback.id, "state": "kept", "due_at": at(60).isoformat()}


def test_who_was_not_reached_is_tried_again_by_anybody(bot: SimpleNamespace, asha: FlaskClient, ravi: FlaskClient) -> None:
    callback = promised(bot)
    post(asha, f"/callbacks/{callback.id}/claim")
    assert post(asha, f"/callbacks/{callback.id}/settle", state="open", note="engaged")[0] == 303
    back = bot.callbacks.get(callback.id)
    assert (back.state, back.agent, back.settled_at) == (CallbackState.OPEN, "", None)
    seen = page(ravi)
    assert "engaged" in seen
    assert "I call back" in seen


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"state": "dropped", "note": "  "}, "Say in the note why"),
        ({"note": "half a <b>"}, "Choose what came of it"),
        ({"state": "claimed", "note": "half a <b>"}, "Choose what came of it"),
        ({"state": "kept", "note": "half a <b>" + "x" * 2000}, "2010 characters; 2000 fit"),
    ],
)
def test_what_is_typed_is_not_lost_when_it_is_not_right(bot: SimpleNamespace, asha: FlaskClient, typed: dict[str, str], says: str) -> None:
    callback = promised(bot)
    status, text = post(asha, f"/callbacks/{callback.id}/settle", **typed)
    assert (status, says in text) == (422, True)
    assert ("half a &lt;b&gt;" in text) == ("half" in typed["note"])
    assert bot.callbacks.get(callback.id).state is CallbackState.OPEN


def test_it_is_given_up_with_a_reason(bot: SimpleNamespace, asha: FlaskClient) -> None:
    callback = promised(bot)
    assert post(asha, f"/callbacks/{callback.id}/settle", state="dropped", note="wrong number")[0] == 303
    assert bot.callbacks.get(callback.id).state is CallbackState.DROPPED
    assert post(asha, f"/callbacks/{callback.id}/settle", state="kept", note="")[0] == 409


def test_a_colleagues_call_back_is_settled_by_a_supervisor_only(
    bot: SimpleNamespace, app: Flask, asha: FlaskClient, ravi: FlaskClient
) -> None:
    callback = promised(bot)
    post(asha, f"/callbacks/{callback.id}/claim")
    assert post(ravi, f"/callbacks/{callback.id}/settle", state="kept")[0] == 409
    assert bot.callbacks.get(callback.id).state is CallbackState.CLAIMED
    meera = browser(app, "supervisor", login="meera")
    assert "Say what came of it" in page(meera)
    assert post(meera, f"/callbacks/{callback.id}/settle", state="open", note="asha has gone home")[0] == 303
    assert bot.callbacks.get(callback.id).state is CallbackState.OPEN


def test_a_ticket_that_cannot_be_written_now_does_not_undo_it(
    bot: SimpleNamespace, asha: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    callback = promised(bot)

    def refuses(*_: object, **__: object) -> None:
        raise CrmError("the desk's database refused to work")

    bot.closing = SimpleNamespace(close=refuses)
    assert post(asha, f"/callbacks/{callback.id}/settle", state="kept", note="secret words")[0] == 303
    assert bot.callbacks.get(callback.id).state is CallbackState.KEPT
    (line,) = [record for record in caplog.records if record.name == "console.callbacks"]
    assert (line.getMessage(), vars(line)["call_sid"]) == ("a call back's ticket could not be brought up to date", "CA1")
    assert "secret words" not in caplog.text


def test_no_such_call_back(asha: FlaskClient) -> None:
    assert post(asha, "/callbacks/99/claim")[0] == 404
    assert post(asha, "/callbacks/99/settle", state="kept")[0] == 404
    assert post(asha, "/callbacks/x/claim")[0] == 404


def test_a_stranger_sees_and_settles_nothing(bot: SimpleNamespace, app: Flask) -> None:
    callback, stranger = promised(bot), browser(app)
    assert stranger.get("/callbacks").headers["Location"].startswith("/login")
    assert post(stranger, f"/callbacks/{callback.id}/claim")[0] == 401
    assert post(stranger, f"/callbacks/{callback.id}/settle", state="kept")[0] == 401
    assert bot.callbacks.get(callback.id).state is CallbackState.OPEN


def test_hostile_words_stay_words(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1", HOSTILE, caller=HOSTILE)
    facts = {"phone": HOSTILE, "intent": HOSTILE, "language": HOSTILE, "reason": HOSTILE, "due_at": at(9), "now": NOW}
    callback = bot.callbacks.promise(call_sid="CA1", **facts)
    post(asha, f"/callbacks/{callback.id}/settle", state="open", note=HOSTILE)
    status, refused = post(asha, f"/callbacks/{callback.id}/settle", state="", note=HOSTILE)
    assert status == 422
    for seen in (page(asha), refused):
        assert seen.count(ESCAPED) >= 4
        assert "<script>alert" not in seen

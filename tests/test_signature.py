"""Who is let in: Jambonz's signature on hooks, and the audio socket's password."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.signature import sign, verify
from calls.tokens import audio_authorized, audio_password
from tests.hook_rig import SECRET, recordings

NOW = 1_795_206_269.4
BODY = b'{"call_sid":"1"}'


def test_every_recorded_post_is_authentic() -> None:
    posts = [hook for hook in recordings() if hook.method == "POST"]
    assert len(posts) > 500
    assert [hook.experiment for hook in posts if not verify(hook.body.encode(), hook.signature, [SECRET], now=hook.at)] == []


def test_our_signature_is_what_jambonz_sends() -> None:
    hook = next(hook for hook in recordings() if hook.method == "POST")
    stamp = int(hook.signature.partition(",")[0].removeprefix("t="))
    assert sign(hook.body.encode(), SECRET, now=stamp + 0.9) == hook.signature


@pytest.mark.parametrize(
    ("body", "secrets", "now"),
    [
        (BODY + b" ", [SECRET], NOW),
        (BODY, [SECRET + "x"], NOW),
        (BODY, [], NOW),
        (BODY, [""], NOW),
        (BODY, [SECRET], NOW + 301),
        (BODY, [SECRET], NOW - 301),
    ],
    ids=["another body", "another secret", "no secret", "an empty secret", "too old", "from the future"],
)
def test_refused(body: bytes, secrets: list[str], now: float) -> None:
    assert verify(BODY, sign(BODY, SECRET, now=NOW), [SECRET], now=NOW)
    assert not verify(body, sign(BODY, SECRET, now=NOW), secrets, now=now)


def test_an_empty_secret_opens_nothing() -> None:
    assert not verify(BODY, sign(BODY, "", now=NOW), ["", SECRET], now=NOW)


def test_either_secret_will_do_while_one_is_replaced() -> None:
    for secret in ("old", "new"):
        assert verify(BODY, sign(BODY, secret, now=NOW), ["new", "old"], now=NOW)


def test_any_of_several_signatures_will_do() -> None:
    stamp, _, good = sign(BODY, SECRET, now=NOW).partition(",")
    assert verify(BODY, f"{stamp}, v1=00, {good}, v1=ff", [SECRET], now=NOW)
    assert not verify(BODY, f"{stamp}, v1=00, v1=ff", [SECRET], now=NOW)


def test_the_time_is_signed_too() -> None:
    stamp, _, good = sign(BODY, SECRET, now=NOW - 1000).partition(",")
    assert not verify(BODY, f"t={int(NOW)},{good}", [SECRET], now=NOW)
    assert not verify(BODY, f"{stamp},t={int(NOW)},{good}", [SECRET], now=NOW)
    assert not verify(BODY, f"{sign(BODY, SECRET, now=NOW)},t={int(NOW)}", [SECRET], now=NOW)  # which of the two?


@pytest.mark.parametrize(
    "header", [None, "", "t=", "v1=ff", "t=1", "t=x,v1=y", "t=١٢٣,v1=ff", f"t={'9' * 5000},v1=ff", "t=-1,v1=ff", ",=,=="]
)
def test_malformed_headers_are_refused(header: str | None) -> None:
    assert not verify(BODY, header, [SECRET], now=NOW)


@given(st.text(), st.binary())
def test_no_header_raises(header: str, body: bytes) -> None:
    assert not verify(body, header, [SECRET], now=NOW)
    assert not verify(body, f"t={int(NOW)},v1={header}", [SECRET], now=NOW)


# -- the audio socket -----------------------------------------------------------
def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_the_audio_password_is_the_documented_hmac() -> None:
    assert audio_password("s", "CA1") == hmac.new(b"s", b"audio:CA1", hashlib.sha256).hexdigest()


def test_a_call_opens_its_own_socket_with_any_valid_secret() -> None:
    assert audio_authorized(basic("CA1", audio_password("old", "CA1")), ["new", "old"]) == "CA1"
    assert audio_authorized(basic("CA1", audio_password("new", "CA1")).replace("Basic", "basic"), ["new", "old"]) == "CA1"


def test_no_call_opens_another_calls_socket() -> None:
    assert audio_authorized(basic("CA2", audio_password("new", "CA1")), ["new"]) is None
    assert audio_authorized(basic("CA1", audio_password("gone", "CA1")), ["new"]) is None
    assert audio_authorized(basic("CA1", audio_password("", "CA1")), ["", "new"]) is None
    assert audio_authorized(basic("CA1", audio_password("new", "CA1")), []) is None
    assert audio_authorized(basic("", audio_password("new", "")), ["new"]) is None


@given(st.text() | st.binary().map(lambda raw: "Basic " + base64.b64encode(raw).decode()) | st.none())
def test_no_authorization_raises(header: str | None) -> None:
    assert audio_authorized(header, [SECRET]) is None

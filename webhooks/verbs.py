"""Jambonz's verbs, as plain dicts ready for JSON: only properties that Jambonz knows, as one that it does not know fails the call.

Names and types after Jambonz's JSON schemas (@jambonz/schema 0.4.15); tests hold every verb against them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from calls.columns import storable

Verb = dict[str, Any]
MAX_DATA_BYTES = 8192  # of a stream's metadata (Jambonz's module refuses more); a tag is kept as small
MAX_VALUE = 1000  # characters
MAX_HEADER = 512  # characters, encoded


def say(text: str, *, synthesizer: Mapping[str, str] | None = None) -> Verb:
    """Spoken by Jambonz's own speech vendor; without one Jambonz goes on to the next verb (13_dial_confirm_say_without_tts).

    `synthesizer`: which of its voices, instead of the application's."""
    return {"verb": "say", "text": text, **({"synthesizer": dict(synthesizer)} if synthesizer else {})}


def play(url: str) -> Verb:
    return {"verb": "play", "url": url}


def stream(url: str, *, action_hook: str, sample_rate: int, username: str, password: str, metadata: Mapping[str, str]) -> Verb:
    """Sound in both directions at `sample_rate` Hz. All three of bidirectionalAudio are needed, or the caller hears nothing."""
    return {
        "verb": "stream",
        "url": url,
        "actionHook": action_hook,
        "wsAuth": {"username": username, "password": password},
        "sampleRate": sample_rate,
        "mixType": "mono",
        "passDtmf": True,
        "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": sample_rate},
        "metadata": plain(metadata),
    }


def redirect(hook: str) -> Verb:
    """Go on with what `hook` answers."""
    return {"verb": "redirect", "actionHook": hook}


def dial(
    target: Sequence[Mapping[str, Any]],
    *,
    timeout_s: int,
    action_hook: str = "",
    confirm_hook: str = "",
    music: str = "",
    caller_id: str = "",
    headers: Mapping[str, str] | None = None,
    tag: Mapping[str, str] | None = None,
) -> Verb:
    """Ring every target at once. `headers` go into the agents' INVITEs, `tag` into the statuses of their legs.

    `confirm_hook` is asked what an agent who answers hears before the two are joined; `music` (an address) is what the caller hears."""
    verb: Verb = {"verb": "dial", "target": [dict(each) for each in target], "timeout": timeout_s}
    named = {"actionHook": action_hook, "confirmHook": confirm_hook, "dialMusic": music, "callerId": caller_id}
    verb |= {name: value for name, value in named.items() if value}
    if headers:
        verb["headers"] = {name: header_value(value) for name, value in headers.items()}
    if tag:
        verb["tag"] = plain(tag)
    return verb


def gather(play: str, *, action_hook: str, timeout_s: int) -> Verb:
    """Play a sound and wait so long after it for one key, which may come while it plays; `action_hook` is told either way."""
    return {
        "verb": "gather",
        "input": ["digits"],
        "numDigits": 1,
        "timeout": timeout_s,
        "dtmfBargein": True,
        "actionHook": action_hook,
        "play": {"url": play},
    }


def gather_answer(
    prompt: Verb | None, *, action_hook: str, timeout_s: float, key_timeout_s: float, one_key: bool, recognizer: Mapping[str, Any] | None
) -> Verb:
    """Say or play `prompt`, then wait `timeout_s` for the caller: for words, if a recogniser of Jambonz's is named, and for keys, which
    may come while the prompt sounds: one, or as many as come within `key_timeout_s` of each other, or until "#"."""
    verb: Verb = {"verb": "gather", "input": ["digits"], "timeout": timeout_s, "dtmfBargein": True, "actionHook": action_hook}
    verb |= {"numDigits": 1} if one_key else {"finishOnKey": "#", "interDigitTimeout": key_timeout_s}
    if recognizer:
        verb |= {"input": ["speech", "digits"], "listenDuringPrompt": False, "recognizer": dict(recognizer)}
    if prompt:
        verb[prompt["verb"]] = {name: value for name, value in prompt.items() if name != "verb"}
    return verb


def hangup() -> Verb:
    return {"verb": "hangup"}


def pause(length_s: float) -> Verb:
    return {"verb": "pause", "length": length_s}


def tag(data: Mapping[str, str]) -> Verb:
    """Attach `data` to the call; its later hooks carry it as customerData."""
    return {"verb": "tag", "data": plain(data)}


def plain(data: Mapping[str, str]) -> dict[str, str]:
    """`data` without quotes, backslashes and control characters, which Jambonz's own JSON on the socket may break on.

    At most MAX_DATA_BYTES of JSON: what comes after that is left out."""
    kept: dict[str, str] = {}
    for name, value in data.items():
        longer = {**kept, name: _plain_text(value)}
        if len(json.dumps(longer)) > MAX_DATA_BYTES:
            break
        kept = longer
    return kept


def _plain_text(value: str) -> str:
    swapped = storable(value).replace('"', "'").replace("\\", "/")
    return "".join(char if char.isprintable() else " " for char in swapped)[:MAX_VALUE].strip()


def header_value(text: str, limit: int = MAX_HEADER) -> str:
    """`text` as a SIP header's value: percent-encoded UTF-8, so plain ASCII without line ends, at most `limit` characters.

    It is cut between characters, so that what is left can be decoded."""
    encoded = ""
    for char in storable(text):
        longer = encoded + quote(char, safe="")
        if len(longer) > limit:
            break
        encoded = longer
    return encoded

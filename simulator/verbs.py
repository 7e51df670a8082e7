"""Jambonz's strict check of an application's verbs: an unknown property, a wrong type or a missing value fails the whole list.

The table holds the verbs that the simulator carries out (names and types after Jambonz's verb specifications, version 0.9.8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Verb = Mapping[str, Any]
Kind = str | tuple[str, ...]  # a type's name, or the values allowed

STREAM: dict[str, Kind] = {
    "url": "string",
    "actionHook": "hook",
    "wsAuth": "object",
    "mixType": ("mono", "stereo", "mixed"),
    "metadata": "object",
    "sampleRate": "number",
    "finishOnKey": "string",
    "maxLength": "number",
    "passDtmf": "boolean",
    "playBeep": "boolean",
    "disableBidirectionalAudio": "boolean",
    "bidirectionalAudio": "bidirectional",
    "timeout": "number",
    "earlyMedia": "boolean",
    "channel": "number",
}
PROPERTIES: dict[str, dict[str, Kind]] = {
    "answer": {},
    "hangup": {"headers": "object"},
    "pause": {"length": "number"},
    "tag": {"data": "object"},
    "say": {"text": "text", "loop": "loop", "synthesizer": "object", "earlyMedia": "boolean", "disableTtsCache": "boolean"},
    "redirect": {"actionHook": "hook", "statusHook": "hook"},
    "stream": STREAM,
    "listen": STREAM,
    "play": {"url": "text", "loop": "loop", "earlyMedia": "boolean", "actionHook": "hook", "timeoutSecs": "loop", "seekOffset": "loop"},
    "gather": {
        "actionHook": "hook",
        "input": "array",
        "finishOnKey": "string",
        "numDigits": "number",
        "minDigits": "number",
        "maxDigits": "number",
        "interDigitTimeout": "number",
        "timeout": "number",
        "dtmfBargein": "boolean",
        "bargein": "boolean",
        "listenDuringPrompt": "boolean",
        "speechTimeout": "number",
        "recognizer": "object",
        "say": "object",
        "play": "object",
    },
    "dial": {
        "actionHook": "hook",
        "confirmHook": "hook",
        "answerOnBridge": "boolean",
        "anchorMedia": "boolean",
        "callerId": "string",
        "callerName": "string",
        "dialMusic": "string",
        "dtmfHook": "hook",
        "headers": "object",
        "tag": "object",
        "target": "targets",
        "timeLimit": "number",
        "timeout": "number",
        "proxy": "string",
    },
}
REQUIRED = {"pause": "length", "tag": "data", "redirect": "actionHook", "stream": "url", "listen": "url", "play": "url", "dial": "target"}
BIDIRECTIONAL: dict[str, Kind] = {"enabled": "boolean", "streaming": "boolean", "sampleRate": "number"}
TARGET: dict[str, Kind] = {
    "type": ("phone", "sip", "user", "teams"),
    "number": "string",
    "sipUri": "string",
    "name": "string",
    "tenant": "string",
    "trunk": "string",
    "confirmHook": "hook",
    "method": ("GET", "POST"),
    "headers": "object",
    "auth": "object",
    "overrideTo": "string",
    "proxy": "string",
}
TARGET_ADDRESS = {"phone": "number", "sip": "sipUri", "user": "name", "teams": "number"}


def faults_of(payload: object) -> list[str]:
    """Why Jambonz would refuse this answer; empty when it is a good list of verbs."""
    if not isinstance(payload, list):
        return ["malformed jambonz payload: must be array"]
    return [fault for verb in payload for fault in faults_of_verb(verb)]


def faults_of_verb(verb: object) -> list[str]:
    if not isinstance(verb, Mapping) or not isinstance(verb.get("verb"), str):
        return ["an instruction without a verb"]
    name = verb["verb"]
    if name not in PROPERTIES:
        return [f"{name}: no such verb, or not one that is simulated"]
    properties: dict[str, Kind] = {"verb": "string", "id": "string", **PROPERTIES[name]}
    faults = _faults_of_object(name, verb, properties)
    needed = REQUIRED.get(name)
    return [*faults, f"{name}: missing value for {needed}"] if needed and needed not in verb else faults


def _faults_of_object(where: str, values: Mapping[str, Any], properties: Mapping[str, Kind]) -> list[str]:
    faults: list[str] = []
    for name, value in values.items():
        if name not in properties:
            faults.append(f"{where}: unknown property {name}")
        else:
            faults += _faults_of_value(f"{where}.{name}", value, properties[name])
    return faults


def _faults_of_value(where: str, value: object, kind: Kind) -> list[str]:
    if isinstance(kind, tuple):
        return [] if value in kind else [f"{where}: must be one of {', '.join(kind)}"]
    if kind == "bidirectional" and isinstance(value, Mapping):
        return _faults_of_object(where, value, BIDIRECTIONAL)
    if kind == "targets" and isinstance(value, Sequence) and value and not isinstance(value, str):
        return [fault for target in value for fault in _faults_of_target(where, target)]
    return [] if _fits(value, kind) else [f"{where}: must be of type {kind}"]


def _faults_of_target(where: str, target: object) -> list[str]:
    if not isinstance(target, Mapping):
        return [f"{where}: must be an object"]
    faults = _faults_of_object(where, target, TARGET)
    address = TARGET_ADDRESS.get(str(target.get("type")))
    return [*faults, f"{where}: missing value for {address or 'type'}"] if not address or address not in target else faults


def _fits(value: object, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "hook":
            return isinstance(value, str) or (isinstance(value, Mapping) and isinstance(value.get("url"), str))
        case "text":
            return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))
        case "loop":
            return isinstance(value, int | float | str) and not isinstance(value, bool)
    return False

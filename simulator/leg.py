"""One leg of a call as Jambonz tells of it: the bodies of its hooks and the audio socket's first frame, key by key as recorded."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.verbs import Verb

TRACE = "0" * 32
REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 486: "Busy Here", 487: "Request Terminated", 603: "Decline"}


@dataclass(slots=True)
class Leg:
    """What Jambonz tells of one leg in every hook; changes as the call goes on."""

    caller: str
    called: str
    account_sid: str
    application_sid: str
    call_sid: str = field(default_factory=lambda: str(uuid.uuid4()))
    call_id: str = field(default_factory=lambda: f"{uuid.uuid4()}@127.0.0.1")
    sip_status: int = 100
    call_status: str = "trying"
    customer_data: Mapping[str, Any] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)  # call_termination_by and duration, once it has ended
    parent_call_sid: str = ""  # of an agent's leg

    def become(self, call_status: str, sip_status: int) -> None:
        self.call_status, self.sip_status = call_status, sip_status

    def body(self) -> dict[str, Any]:
        """The body of every hook but the first."""
        return self._child_body() if self.parent_call_sid else self._caller_body()

    def _common(self) -> dict[str, Any]:
        return {"sip_status": self.sip_status, "sip_reason": REASONS.get(self.sip_status, ""), "call_status": self.call_status}

    def _tagged(self) -> dict[str, Any]:
        return {"customerData": self.customer_data} if self.customer_data else {}

    def _caller_body(self) -> dict[str, Any]:
        return {
            "call_sid": self.call_sid,
            "direction": "inbound",
            "from": self.caller,
            "to": self.called,
            "call_id": self.call_id,
            "sbc_callid": f"sbc-{self.call_id.partition('@')[0]}",
            **self._common(),
            "account_sid": self.account_sid,
            "trace_id": TRACE,
            "application_sid": self.application_sid,
            "fs_sip_address": "127.0.0.1:5060",
            "originating_sip_ip": "203.0.113.7",
            "originating_sip_trunk_name": "simulated",
            **self.ended,
            **self._tagged(),
            "api_base_url": "http://127.0.0.1:3002/v1",
        }

    def _child_body(self) -> dict[str, Any]:
        ringing = {"sbc_callid": f"sbc-out-{self.call_id}"} if self.sip_status > 100 else {}
        return {
            "call_sid": self.call_sid,
            "direction": "outbound",
            "from": self.caller,
            "to": self.called,
            "call_id": self.call_id,
            **ringing,
            **self._common(),
            "caller_id": self.caller,
            "account_sid": self.account_sid,
            "trace_id": TRACE,
            "application_sid": self.application_sid,
            "fs_sip_address": "127.0.0.1:5060",
            "parent_call_sid": self.parent_call_sid,
            **self.ended,
            **self._tagged(),
            "api_base_url": "http://127.0.0.1:3002/v1",
        }

    def first_body(self, caller_name: str) -> dict[str, Any]:
        """The body of the call hook, which alone holds the INVITE and the defaults."""
        sdp = "v=0\r\no=sim 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 26000 RTP/AVP 0 101\r\n"
        headers = {
            "from": f"{caller_name} <sip:{self.caller}@localhost>;tag={self.call_sid[:8]}".strip(),
            "to": f"<sip:{self.called}@sip.example.com>",
            "call-id": self.call_id,
            "X-Account-Sid": self.account_sid,
        }
        raw = f"INVITE sip:{self.called}@127.0.0.1:5060 SIP/2.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        sip = {"headers": headers, "raw": f"{raw}\r\n{sdp}", "body": sdp, "method": "INVITE", "version": "2.0"}
        return {
            "sip": {**sip, "uri": f"sip:{self.called}@127.0.0.1:5060", "payload": [{"type": "application/sdp", "content": sdp}]},
            "direction": "inbound",
            "trace_id": TRACE,
            "has_recording": False,
            "caller_name": caller_name,
            "call_sid": self.call_sid,
            "account_sid": self.account_sid,
            "application_sid": self.application_sid,
            "from": self.caller,
            "to": self.called,
            "call_id": self.call_id,
            **self._common(),
            "sbc_callid": f"sbc-{self.call_id.partition('@')[0]}",
            "originating_sip_ip": "203.0.113.7",
            "originating_sip_trunk_name": "simulated",
            "local_sip_address": "127.0.0.1:5060",
            "service_provider_sid": "2708b1b3-0000-4000-8000-c53d8396247f",
            "defaults": {
                "synthesizer": {"vendor": "google", "language": "en-US", "voice": "en-US-Standard-C"},
                "recognizer": {"vendor": "google", "language": "en-US"},
            },
        }

    def first_frame(self, verb: Verb) -> str:
        """The audio socket's first text message: camelCase, with the verb's metadata beside the rest."""
        told = {"sampleRate": verb.get("sampleRate", 8000), "mixType": verb.get("mixType", "mono")}
        keys = {camel(name): value for name, value in self.body().items()}
        return json.dumps({**told, **keys, **verb.get("metadata", {})}, separators=(",", ":"))


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)

"""A stand-in for HubSpot: the routes that our adapter uses, as strict as the published ones, and a search that lags behind.

Facts (search groups, association types, limits, errors' shape) are those of the contract notes. `python -m tests.fakes.hubspot --port N`
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fakes.server import FakeServer, Request, Response, main

TOKEN = "pat-eu1-for-tests"
CORRELATION = "5f1c0a52-0000-4000-8000-9f6c2b7e3d11"
LONGEST_BODY = 65_536
KNOWN = {
    "contacts": {"firstname", "lastname", "email", "phone", "mobilephone"},
    "notes": {"hs_timestamp", "hs_note_body"},
    "calls": {
        *("hs_timestamp", "hs_call_direction", "hs_call_duration", "hs_call_from_number", "hs_call_to_number", "hs_call_title"),
        *("hs_call_body", "hs_call_status", "hs_call_recording_url", "hs_call_source", "hs_call_disposition"),
    },
}
OPTIONS = {
    "hs_call_direction": {"INBOUND", "OUTBOUND"},
    "hs_call_source": {"INTEGRATIONS_PLATFORM"},
    "hs_call_status": {"COMPLETED", "NO_ANSWER", "BUSY", "FAILED", "CANCELED", "MISSED"},
}
TYPES = {"notes": 202, "calls": 194}
CATEGORIES = {400: "VALIDATION_ERROR", 401: "INVALID_AUTHENTICATION", 403: "MISSING_SCOPES", 404: "OBJECT_NOT_FOUND", 409: "CONFLICT"}


class Refusal(Exception):
    """Becomes an error answer."""

    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.response = Response(status, error(status, message) | more)


def error(status: int, message: str) -> dict[str, Any]:
    category = CATEGORIES.get(status, "RATE_LIMITS" if status == 429 else "INTERNAL_ERROR")
    return {"status": "error", "message": message, "correlationId": CORRELATION, "category": category}


class FakeHubSpot(FakeServer):
    """Objects are {"id", "properties", "contact"}. A new one turns up in search `lag_s` seconds and `lag_searches` searches later.

    `limit_10s`, `limit_1s`: requests a window, then 429."""

    def __init__(
        self,
        *,
        port: int = 0,
        fail: float = 0.0,
        seed: int = 0,
        state: str | Path | None = None,
        lag_s: float = 0.0,
        lag_searches: int = 0,
        limit_10s: int = 100,
        search_limit_1s: int = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(port=port, fail=fail, seed=seed, state=state)
        self.lag_s, self.lag_searches, self.policy = lag_s, lag_searches, "TEN_SECONDLY_ROLLING"
        self.limit_10s, self.search_limit_1s, self._clock = limit_10s, search_limit_1s, clock
        self._asked: dict[str, deque[float]] = {"all": deque(), "search": deque()}
        self._fresh: dict[str, tuple[float, int]] = {}  # id -> when made, searches still to come

    @property
    def contacts(self) -> list[dict[str, Any]]:
        return self.kept["contacts"]

    @property
    def notes(self) -> list[dict[str, Any]]:
        return self.kept["notes"]

    @property
    def calls(self) -> list[dict[str, Any]]:
        return self.kept["calls"]

    def add_contact(self, **properties: str) -> str:
        """One that an agent made long ago; its id."""
        return str(self.keep("contacts", {"id": self._new_id(), "properties": properties, "contact": ""})["id"])

    def error_body(self, status: int) -> Any:
        more = {"policyName": self.policy} if status == 429 else {}
        return error(status, "Contact already exists. Existing ID: 77" if status == 409 else "no, +919812345678") | more

    # -- routes ---------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        try:
            self._let_in(request)
            return self._route(request)
        except Refusal as refusal:
            return refusal.response

    def _let_in(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Authentication credentials not found.")
        self._count("all", self.limit_10s, 10.0, "TEN_SECONDLY_ROLLING")
        if request.path.endswith("/search"):
            self._count("search", self.search_limit_1s, 1.0, "SECONDLY")

    def _count(self, kind: str, limit: int, window_s: float, policy: str) -> None:
        asked, now = self._asked[kind], self._clock()
        while asked and asked[0] <= now - window_s:
            asked.popleft()
        if len(asked) >= limit:
            raise Refusal(429, "You have reached your limit.", policyName=policy, errorType="RATE_LIMIT")
        asked.append(now)

    def _route(self, request: Request) -> Response:
        if made := re.fullmatch(r"POST /crm/v3/objects/(contacts|notes|calls)", request.route):
            return self._create(made[1], json_of(request))
        if changed := re.fullmatch(r"PATCH /crm/v3/objects/(notes|calls)/(\d+)", request.route):
            return self._update(changed[1], changed[2], json_of(request))
        if looked := re.fullmatch(r"POST /crm/v3/objects/(contacts|calls)/search", request.route):
            return self._search(looked[1], json_of(request))
        if read := re.fullmatch(r"POST /crm/v3/objects/(notes|calls)/batch/read", request.route):
            return self._batch(read[1], json_of(request))
        if asked := re.fullmatch(r"GET /crm/v4/objects/contacts/(\d+)/associations/(notes|calls)", request.route):
            return self._associated(asked[1], asked[2], request.query)
        raise Refusal(404, "no such route")

    def _create(self, kind: str, body: Mapping[str, Any]) -> Response:
        properties = body.get("properties")
        if not isinstance(properties, dict):
            raise Refusal(400, "properties are missing")
        for name, value in properties.items():
            check(kind, name, value)
        if kind in TYPES and not re.fullmatch(r"\d{13}", properties.get("hs_timestamp", "")):
            raise Refusal(400, "required properties were missing: hs_timestamp")
        contact = self._contact_of(kind, body.get("associations") or [])
        made = self.keep(kind, {"id": self._new_id(), "properties": properties, "contact": contact})
        self._fresh[made["id"]] = (self._clock(), self.lag_searches)
        return Response(201, outside(made))

    def _update(self, kind: str, id: str, body: Mapping[str, Any]) -> Response:
        thing = next((thing for thing in self.kept[kind] if thing["id"] == id), None)
        if thing is None:
            raise Refusal(404, "resource not found")
        for name, value in body["properties"].items():
            check(kind, name, value)
        thing["properties"] |= body["properties"]
        return Response(200, outside(thing))

    def _contact_of(self, kind: str, associations: list[Any]) -> str:
        for association in associations:
            kinds = [(each["associationCategory"], each["associationTypeId"]) for each in association["types"]]
            if kinds != [("HUBSPOT_DEFINED", TYPES.get(kind))]:
                raise Refusal(400, "association types do not fit")
            if not any(contact["id"] == association["to"]["id"] for contact in self.contacts):
                raise Refusal(404, "no such contact")
        return str(associations[0]["to"]["id"]) if associations else ""

    def _search(self, kind: str, body: Mapping[str, Any]) -> Response:
        groups = body.get("filterGroups") or []
        if not 0 < len(groups) <= 5:
            raise Refusal(400, "filterGroups: one to five")
        found = [thing for thing in self.kept[kind] if self._searchable(thing) and any(fits(group, thing) for group in groups)]
        return Response(200, {"total": len(found), "results": [outside(thing) for thing in found[: body.get("limit", 10)]]})

    def _searchable(self, thing: Mapping[str, Any]) -> bool:
        made_at, searches = self._fresh.get(thing["id"], (0.0, 0))
        self._fresh[thing["id"]] = (made_at, max(0, searches - 1))
        return searches == 0 and (made_at == 0.0 or self._clock() >= made_at + self.lag_s)

    def _batch(self, kind: str, body: Mapping[str, Any]) -> Response:
        wanted = [each["id"] for each in body["inputs"]]
        if len(wanted) > 100:
            raise Refusal(400, "a batch has at most 100")
        now = datetime.now(UTC).isoformat()
        found = [outside(thing, body["properties"]) for thing in self.kept[kind] if thing["id"] in wanted]
        return Response(200, {"status": "COMPLETE", "results": found, "startedAt": now, "completedAt": now})

    def _associated(self, contact: str, kind: str, query: Mapping[str, str]) -> Response:
        ids = [thing["id"] for thing in self.kept[kind] if thing["contact"] == contact]
        first, limit = int(query.get("after", "0")), int(query.get("limit", "500"))
        if limit > 500:
            raise Refusal(400, "limit: at most 500")
        labels = [{"category": "HUBSPOT_DEFINED", "typeId": TYPES[kind], "label": None}]
        results = [{"toObjectId": int(id), "associationTypes": labels} for id in ids[first : first + limit]]
        more = {"paging": {"next": {"after": str(first + limit), "link": ""}}} if first + limit < len(ids) else {}
        return Response(200, {"results": results, **more})

    def _new_id(self) -> str:
        return str(101 + sum(len(things) for things in self.kept.values()))


def json_of(request: Request) -> Mapping[str, Any]:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid input JSON")
    return body


def check(kind: str, name: str, value: object) -> None:
    if name not in KNOWN[kind]:
        raise Refusal(400, f"Property values were not valid: {name} does not exist")
    if not isinstance(value, str) or len(value) > LONGEST_BODY:
        raise Refusal(400, f"Property values were not valid: {name} is too long or no text")
    if value not in OPTIONS.get(name, {value}) or (name == "hs_call_duration" and not value.isdigit()):
        raise Refusal(400, f"Property values were not valid: {value} was not one of the allowed options of {name}")


def fits(group: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    return all(filter_fits(each, thing) for each in group["filters"])


def filter_fits(wanted: Mapping[str, str], thing: Mapping[str, Any]) -> bool:
    value = searchable(wanted["propertyName"], thing["properties"])
    match wanted["operator"]:
        case "EQ":
            return value == wanted["value"]
        case "CONTAINS_TOKEN":
            return bool(value) and value.endswith(wanted["value"].removeprefix("*"))
    raise Refusal(400, "operator: not one of the allowed")


def searchable(name: str, properties: Mapping[str, str]) -> str:
    """The calculated numbers are area and local part; of one written with its country code but no "+", all of it."""
    calculated = {"hs_searchable_calculated_phone_number": "phone", "hs_searchable_calculated_mobile_number": "mobilephone"}
    if name not in calculated:
        return properties.get(name, "")
    written = properties.get(calculated[name], "")
    digits = re.sub(r"\D", "", written)
    return digits[-10:] if written.startswith("+") else digits.lstrip("0")


def outside(thing: Mapping[str, Any], only: list[str] | None = None) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    properties = {name: value for name, value in thing["properties"].items() if only is None or name in only}
    return {"id": thing["id"], "properties": properties, "createdAt": now, "updatedAt": now, "archived": False}


def marked(things: list[dict[str, Any]]) -> Iterator[str]:
    """The call sid of each note or call record."""
    for thing in things:
        body = thing["properties"].get("hs_note_body") or thing["properties"].get("hs_call_body") or ""
        yield from re.findall(r"\[vb:([^\]]*)\]", body)


if __name__ == "__main__":
    main(FakeHubSpot)

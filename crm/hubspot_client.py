"""What we ask of HubSpot, through its own client. The only file that knows routes, property names and association types.

The routes are the client's: /crm/v3/objects/... and /crm/v4/... for associations. Version 3 ends in September 2027: a client of the
successor (/crm/objects/2026-09/...) is taken in here. The answers are read as they come, not through the client's models, which
refuse a whole answer for a field that we never look at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar

from hubspot import HubSpot  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field

from crm.hubspot_errors import API_ERRORS, FOREIGN, existing_id, ours
from crm.hubspot_pace import Pace

Kind = Literal["notes", "calls"]
TIMEOUT_S = (3.05, 10.0)  # to connect, to read
PAGE, BATCH = 500, 100  # associations a page, objects a batch read
CONTACT_TYPE = {"notes": 202, "calls": 194}  # association type of the object with its contact
BODY = {"notes": "hs_note_body", "calls": "hs_call_body"}
CONTACT_PROPERTIES = ["firstname", "lastname", "phone", "mobilephone"]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class Thing(Answer):
    """An object of HubSpot's."""

    id: str = Field(min_length=1)
    properties: dict[str, str | None] = {}


class Things(Answer):
    results: list[Thing]


class Neighbour(Answer):
    to: str = Field(alias="toObjectId", min_length=1)


class Next(Answer):
    after: str


class Paging(Answer):
    next: Next | None = None


class Neighbours(Answer):
    results: list[Neighbour]
    paging: Paging | None = None


A = TypeVar("A", bound=Answer)


class HubSpotApi:
    """Any thread may ask. Every method raises CrmRefused, CrmBusy or CrmUnknown; `pace` and `search_pace` are HubSpot's limits."""

    def __init__(self, token: str, url: str, *, pace: Pace, search_pace: Pace, timeout_s: tuple[float, float] = TIMEOUT_S) -> None:
        client = HubSpot(access_token=token, host=url.rstrip("/"), retry=False)  # whoever calls us tries again, and looks first
        # Every access to a property of the client makes a new connection pool: these are kept.
        objects = client.crm.objects
        self._contacts, self._contact_search = client.crm.contacts.basic_api, client.crm.contacts.search_api
        self._objects = {"notes": objects.notes.basic_api, "calls": objects.calls.basic_api}
        self._batches = {"notes": objects.notes.batch_api, "calls": objects.calls.batch_api}
        self._call_search = objects.calls.search_api
        self._associations = client.crm.associations.v4.basic_api
        self._pace, self._search_pace, self._timeout_s = pace, search_pace, timeout_s

    def contacts_with(self, phone: str, local: str, *, timeout_s: float | None = None) -> list[Thing]:
        """Candidates for E.164 `phone`, whose part without country code is `local`; the caller compares their numbers again.

        Search lags behind: a contact that was made a moment ago may be missing."""
        looked_at = [
            ("hs_searchable_calculated_phone_number", "EQ", local),
            ("hs_searchable_calculated_phone_number", "CONTAINS_TOKEN", f"*{local}"),
            ("hs_searchable_calculated_mobile_number", "EQ", local),
            ("phone", "EQ", phone),
            ("mobilephone", "EQ", phone),
        ]  # any of them; HubSpot takes five at most
        return self._found(self._contact_search.do_search, looked_at, CONTACT_PROPERTIES, timeout_s)

    def calls_at(self, timestamp_ms: str) -> list[Thing]:
        """Call records that began in this millisecond, as far as search knows of them by now."""
        return self._found(self._call_search.do_search, [("hs_timestamp", "EQ", timestamp_ms)], [BODY["calls"]], None)

    def _found(self, search: Any, filters: list[tuple[str, str, str]], properties: list[str], timeout_s: float | None) -> list[Thing]:
        groups = [{"filters": [{"propertyName": name, "operator": how, "value": value}]} for name, how, value in filters]
        self._search_pace.wait(math.inf if timeout_s is None else 0)
        request = {"filterGroups": groups, "properties": properties, "limit": BATCH}
        return self._ask(Things, search, request, timeout_s=timeout_s).results

    def create_contact(self, properties: Mapping[str, str]) -> str:
        """The new contact's id, or that of the one who HubSpot says is there already."""
        return self._ask(Thing, self._contacts.create, {"properties": dict(properties)}, sent=properties, taken=existing).id

    def create(self, kind: Kind, properties: Mapping[str, str], contact_id: str) -> str:
        """A note or call record on the contact (on none, for ""); its id."""
        kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": CONTACT_TYPE[kind]}]
        associations = [{"to": {"id": contact_id}, "types": kinds}] if contact_id else []
        request = {"properties": dict(properties), "associations": associations}
        return self._ask(Thing, self._objects[kind].create, request, sent=properties).id

    def update(self, kind: Kind, id: str, properties: Mapping[str, str]) -> str:
        """Replace these properties of a note or call record; its id."""
        return self._ask(Thing, self._objects[kind].update, id, {"properties": dict(properties)}, sent=properties).id

    def of_contact(self, kind: Kind, contact_id: str) -> Iterator[Thing]:
        """The contact's notes or call records with their bodies, those made last first. Consistent, unlike search."""
        ids = sorted(self._ids_of(kind, contact_id), key=lambda id: (len(id), id), reverse=True)
        for first in range(0, len(ids), BATCH):
            inputs = [{"id": id} for id in ids[first : first + BATCH]]
            request = {"inputs": inputs, "properties": [BODY[kind]], "propertiesWithHistory": []}
            yield from self._ask(Things, self._batches[kind].read, request).results

    def _ids_of(self, kind: Kind, contact_id: str) -> Iterator[str]:
        after: str | None = None
        while True:
            page = self._ask(Neighbours, self._associations.get_page, "contacts", contact_id, kind, limit=PAGE, after=after)
            yield from (neighbour.to for neighbour in page.results)
            if page.paging is None or page.paging.next is None:
                return
            after = page.paging.next.after

    def _ask(
        self,
        answer: type[A],
        request: Callable[..., Any],
        *args: Any,
        sent: Mapping[str, str] | None = None,
        taken: Callable[[BaseException], A | None] = lambda _: None,
        timeout_s: float | None = None,
        **options: Any,
    ) -> A:
        """One request; with `timeout_s` all of it in that time, and now or never. `taken` may make an answer of a refusal.

        The client's exceptions hold numbers and words: none is chained."""
        self._pace.wait(math.inf if timeout_s is None else 0)
        limits = {"_request_timeout": timeout_s or self._timeout_s, "_preload_content": False}
        try:
            return answer.model_validate_json(request(*args, **limits, **options).data)
        except FOREIGN as error:
            if (instead := taken(error)) is not None:
                return instead
            raise ours(error, sent or ()) from None


def existing(error: BaseException) -> Thing | None:
    id = existing_id(error) if isinstance(error, API_ERRORS) else ""
    return Thing(id=id) if id else None

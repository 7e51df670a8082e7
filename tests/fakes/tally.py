"""A Tally helpdesk that keeps to tally-openapi.yaml beside it: bodies and parameters are checked against the contract's own schemas.

As a program: `python -m tests.fakes.tally --port N --fail 0.3 --state FILE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.fakes.server import FakeServer, Request, Response, main

CONTRACT = Path(__file__).with_name("tally-openapi.yaml")
TOKEN = "tally-test-token"
CODES = {401: "unauthorized", 409: "idempotency_conflict", 422: "invalid", 429: "rate_limited"}


@cache
def checker(schema: str) -> Draft202012Validator:
    """For `#/components/schemas/<schema>`; OpenAPI 3.0 is JSON Schema but for `nullable`."""
    contract = plain_schema(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": contract["components"]})


def plain_schema(tree: Any) -> Any:
    if isinstance(tree, list):
        return [plain_schema(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    nullable = {"type": [tree["type"], "null"]} if tree.get("nullable") is True else {}
    return {key: plain_schema(value) for key, value in tree.items()} | nullable


def faults(schema: str, value: Any) -> dict[str, str]:
    """{field: why}; {} when it fits."""
    return {
        ".".join(map(str, error.absolute_path)) or missing_field(error.message): error.message
        for error in checker(schema).iter_errors(value)
    }


def missing_field(message: str) -> str:
    """ "'phone' is a required property" names it in quotes."""
    return message.split("'")[1] if "'" in message else "body"


class FakeTally(FakeServer):
    """`customers` as the contract's Customer. `proposals`: whether the routes and headers marked as proposals exist."""

    def __init__(
        self, *, customers: Sequence[dict[str, Any]] = (), proposals: bool = True, lists_any_call: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.customers, self.proposals, self.lists_any_call = list(customers), proposals, lists_any_call

    @property
    def tickets(self) -> list[dict[str, Any]]:
        """What was sent for each, with its ticket_id and the Idempotency-Key it came under."""
        return self.kept["ticket"]

    def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal(401, "the token is not known")
        match request.route:
            case "POST /api/tickets":
                return self._create(request)
            case "GET /api/tickets" if self.proposals:
                return self._find(request)
            case "GET /api/customers" if self.proposals:
                return self._customer(request)
            case _:
                return Response(405 if request.path == "/api/tickets" else 404, b"<h1>Not here</h1>", {"Content-Type": "text/html"})

    def error_body(self, status: int) -> Any:
        return refusal(status, "as told").body

    def _create(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key", "") if self.proposals else ""
        try:
            body = request.json()
        except ValueError:
            return refusal(422, "no JSON", {"body": "no JSON"})
        if wrong := faults("TicketCreate", body) or ({"Idempotency-Key": "too long"} if len(key) > 255 else {}):
            return refusal(422, f"does not fit: {body}", wrong)  # an unkind server: quotes what was sent
        if key and (earlier := next((ticket for ticket in self.tickets if ticket["key"] == key), None)):
            return self._replayed(earlier, body)
        ticket = self.keep("ticket", {"ticket_id": f"TLY-{len(self.tickets) + 1}", "key": key, "sent": body})
        return Response(201, public(ticket))

    def _replayed(self, earlier: dict[str, Any], body: Any) -> Response:
        if earlier["sent"] != body:
            return refusal(409, "this Idempotency-Key came with another body")
        return Response(200, public(earlier), {"Idempotency-Replayed": "true"})

    def _find(self, request: Request) -> Response:
        sid = request.query.get("call_sid", "")
        found = [public(ticket) for ticket in self.tickets if self.lists_any_call or ticket["sent"]["call_sid"] == sid]
        return Response(200, {"tickets": found})

    def _customer(self, request: Request) -> Response:
        phone = request.query.get("phone", "")
        if faults("Phone", phone):
            return refusal(422, f"{phone} is no number", {"phone": "not E.164"})
        return Response(200, {"customers": [each for each in self.customers if each.get("phone", phone) == phone][:10]})


def public(ticket: dict[str, Any]) -> dict[str, Any]:
    url = f"https://tally.example/tickets/{ticket['ticket_id']}"
    return {"ticket_id": ticket["ticket_id"], "url": url, "status": "open", "call_sid": ticket["sent"]["call_sid"]}


def refusal(status: int, message: str, fields: dict[str, str] | None = None) -> Response:
    error = {"code": CODES.get(status, "unavailable"), "message": message} | ({"fields": fields} if fields else {})
    return Response(status, {"error": error})


if __name__ == "__main__":
    main(FakeTally)

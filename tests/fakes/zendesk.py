"""A stand-in for Zendesk's Support API: users and tickets, as far as its published reference describes what crm/zendesk.py uses.

`kept["user"]` and `kept["ticket"]` hold what was made, `kept["comment"]` every comment with its ticket's id. A user shows in the
search only after `search_lag` more searches. Idempotency keys last until `forget_keys()` (two hours there).
`python -m tests.fakes.zendesk --port N --fail 0.3 --state FILE` serves alone.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.fakes.server import FakeServer, Request, Response, main

EMAIL, TOKEN = "bot@example.com", "zd-token-0123456789"
MAX_COMMENT = 65_536  # bytes
TICKET_FIELDS = {"external_id", "subject", "comment", "priority", "tags", "requester_id", "status"}
STATUSES = {"new", "open", "pending", "hold", "solved", "closed"}
TICKET = re.compile(r"(GET|PUT) /api/v2/tickets/(\d+)(/comments)?\.json")
PAGE = 100  # comments
USER_FIELDS = {"name", "phone", "external_id", "skip_verify_email"}


class FakeZendesk(FakeServer):
    search_lag = 0
    hidden_looks = 0  # so many looks for a ticket see nothing yet
    wants_more_to_solve = False  # the account has a field that must be filled in before a ticket is solved

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._searches, self._keys = 0, {}  # type: int, dict[str, tuple[bytes, dict[str, Any]]]

    @property
    def users(self) -> list[dict[str, Any]]:
        return self.kept["user"]

    @property
    def tickets(self) -> list[dict[str, Any]]:
        return self.kept["ticket"]

    def forget_keys(self) -> None:
        self._keys.clear()

    def error_body(self, status: int) -> Any:
        return {"error": {"title": "Sorry", "message": f"something said {status}"}} if status >= 500 else {"error": f"Error{status}"}

    def answer(self, request: Request) -> Response:
        login = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return Response(401, {"error": "Couldn't authenticate you"})
        routes = {
            "GET /api/v2/users/search.json": self.search,
            "POST /api/v2/users/create_or_update.json": self.create_or_update,
            "GET /api/v2/tickets.json": self.tickets_of,
            "POST /api/v2/tickets.json": self.create_ticket,
        }
        handler = routes.get(request.route)
        if of_one := TICKET.fullmatch(request.route):
            return self.one_ticket(request, int(of_one[2]), comments=bool(of_one[3]))
        return handler(request) if handler else Response(404, {"error": "InvalidEndpoint", "description": "Not found"})

    # -- users ------------------------------------------------------------------------

    def add_user(self, phone: str, name: str, **facts: Any) -> dict[str, Any]:
        user = {"id": 9_000 + len(self.users), "name": name, "phone": phone, "role": "end-user", "indexed_at": 0, **facts}
        self.keep("user", user)
        return user

    def search(self, request: Request) -> Response:
        field, _, wanted = request.query.get("query", "").partition(":")
        self._searches += 1
        digits = "".join(filter(str.isdigit, wanted))[-9:]
        found = [
            user
            for user in self.users
            if field == "phone" and digits in "".join(filter(str.isdigit, user["phone"])) and user["indexed_at"] <= self._searches
        ]
        return Response(200, {"users": found, "count": len(found), "next_page": None, "previous_page": None})

    def create_or_update(self, request: Request) -> Response:
        wanted = request.json()["user"]
        if bad := sorted(set(wanted) - USER_FIELDS) or [name for name in ("name", "external_id") if not wanted.get(name)]:
            return invalid(*bad)
        if known := next((user for user in self.users if user.get("external_id") == wanted["external_id"]), None):
            return Response(200, {"user": known})
        if any(user["phone"] == wanted["phone"] for user in self.users):
            return invalid("phone")
        user = self.add_user(
            wanted["phone"], wanted["name"], external_id=wanted["external_id"], indexed_at=self._searches + self.search_lag
        )
        return Response(201, {"user": user})

    # -- tickets ----------------------------------------------------------------------

    def tickets_of(self, request: Request) -> Response:
        self.hidden_looks -= 1
        if self.hidden_looks >= 0:
            return Response(200, {"tickets": [], "count": 0, "next_page": None, "previous_page": None})
        found = [ticket for ticket in self.tickets if ticket["external_id"] == request.query.get("external_id")]
        return Response(200, {"tickets": found, "count": len(found), "next_page": None, "previous_page": None})

    def create_ticket(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key", "")
        if known := self._keys.get(key):
            if known[0] != request.body:
                wrong = "Request parameters don't match the given idempotency key"
                return Response(400, {"error": "IdempotentRequestError", "description": wrong})
            return Response(201, {"ticket": known[1]}, {"x-idempotency-lookup": "hit"})
        wanted = request.json()["ticket"]
        if bad := self.faults(wanted):
            return invalid(*bad)
        if self.cant_be_solved(wanted):
            return Response(422, UNFILLED)
        ticket = {"id": 35_000 + len(self.tickets), "status": "new", **wanted}
        self._keys[key] = (request.body, ticket)
        self.add_comment(ticket["id"], wanted["comment"])
        return Response(201, {"ticket": self.keep("ticket", ticket)}, {"x-idempotency-lookup": "miss"})

    def one_ticket(self, request: Request, id: int, *, comments: bool) -> Response:
        ticket = next((ticket for ticket in self.tickets if ticket["id"] == id), None)
        if ticket is None:
            return Response(404, {"error": "RecordNotFound", "description": "Not found"})
        if request.method == "PUT":
            return Response(405, {"error": "InvalidEndpoint"}) if comments else self.update(ticket, request.json()["ticket"])
        if not comments:
            return Response(200, {"ticket": ticket})
        theirs = [comment for comment in self.kept["comment"] if comment["ticket"] == id]
        newest_first = theirs[::-1] if request.query.get("sort_order") == "desc" else theirs
        return Response(200, {"comments": newest_first[:PAGE], "count": len(theirs), "next_page": None, "previous_page": None})

    def update(self, ticket: dict[str, Any], wanted: dict[str, Any]) -> Response:
        if ticket["status"] == "closed":
            return Response(422, CLOSED)
        if bad := sorted(set(wanted) - {"comment", "status"}) or ([] if wanted.get("status", "open") in STATUSES else ["status"]):
            return invalid(*bad)
        if self.cant_be_solved(wanted):
            return Response(422, UNFILLED)
        if "comment" in wanted:
            self.add_comment(ticket["id"], wanted["comment"])
        ticket["status"] = wanted.get("status", ticket["status"])
        return Response(200, {"ticket": ticket, "audit": {"id": 1}})

    def cant_be_solved(self, wanted: dict[str, Any]) -> bool:
        return self.wants_more_to_solve and wanted.get("status") == "solved"

    def add_comment(self, ticket: int, comment: dict[str, Any]) -> None:
        self.keep("comment", {"id": 80_000 + len(self.kept["comment"]), "ticket": ticket, **comment})

    def faults(self, ticket: dict[str, Any]) -> list[str]:
        body = ticket.get("comment", {}).get("body", "")
        known = {user["id"] for user in self.users}
        checks = {
            "comment": bool(body) and len(body.encode()) <= MAX_COMMENT,
            "requester_id": ticket.get("requester_id") in {None, *known},
            "priority": ticket.get("priority") in {"urgent", "high", "normal", "low"},
            "tags": all(isinstance(tag, str) and tag and " " not in tag for tag in ticket.get("tags", [])),
            "status": ticket.get("status", "new") in STATUSES,
            "subject": 0 < len(ticket.get("subject", "")) <= 150,
        }
        return sorted(set(ticket) - TICKET_FIELDS) + [name for name, good in checks.items() if not good]


UNFILLED = {
    "error": "RecordInvalid",
    "description": "Record validation errors",
    "details": {"base": [{"description": "Type of content: is required when solving a ticket", "error": None, "ticket_field_id": 36000}]},
}
CLOSED = {
    "error": "RecordInvalid",
    "description": "Record validation errors",
    "details": {"status": [{"description": "Status: closed prevents ticket update"}]},
}


def invalid(*fields: str) -> Response:
    details = {name: [{"description": f"{name}: is invalid", "error": "InvalidValue"}] for name in fields}
    return Response(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


if __name__ == "__main__":
    main(FakeZendesk)

"""What the CRMs tell us by webhook: that a ticket has moved. Who may tell it, and what was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm.events_bodies import HUBSPOT_STAGES, Status, TicketMoved, Unreadable, moves
from crm.events_signatures import VERIFY, Knock

__all__ = ["SECRETS", "CrmEvents", "Knock", "Status", "TicketMoved", "Unreadable", "named_secrets"]

SECRETS: Mapping[str, str] = {  # CRM -> the environment variable with what it signs with
    "tally": "TALLY_WEBHOOK_SECRET",
    "hubspot": "HUBSPOT_CLIENT_SECRET",
    "zendesk": "ZENDESK_WEBHOOK_SECRET",
}


@dataclass(frozen=True, slots=True)
class CrmEvents:
    """`secrets`: by CRM, several while one is being replaced; a CRM without any is let in nowhere."""

    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    hubspot_stages: Mapping[str, Status] = field(default_factory=lambda: HUBSPOT_STAGES)

    def knows(self, crm: str) -> bool:
        return crm in VERIFY

    def authentic(self, crm: str, knock: Knock, *, now: datetime) -> bool:
        """Whether the CRM itself has sent it, within the last five minutes."""
        return VERIFY[crm](knock, self.secrets.get(crm, ()), now=now)

    def moves(self, crm: str, body: bytes) -> tuple[TicketMoved, ...]:
        """Raises Unreadable."""
        return moves(crm, body, stages=self.hubspot_stages)


def named_secrets(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """From os.environ; several are separated by commas."""
    return {crm: tuple(part.strip() for part in environ.get(name, "").split(",") if part.strip()) for crm, name in SECRETS.items()}

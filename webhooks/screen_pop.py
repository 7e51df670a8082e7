"""What an agent sees when the phone rings, and the two ways it gets there: SIP headers, and the tag of the dialled leg. Pure."""

from __future__ import annotations

from calls.agents import ScreenPop
from calls.call import CallRecord, CallSummary, Ticket


def screen_pop(record: CallRecord, summary: CallSummary, ticket: Ticket | None) -> ScreenPop:
    """Of what the journal knows, and of the ticket when one could be written."""
    heard = [turn.heard for turn in record.turns if turn.heard]
    return ScreenPop(
        call_sid=record.sid,
        phone=record.caller,
        intent=summary.intent,
        confidence=summary.confidence,
        language=summary.language,
        summary=summary.text,
        ticket_id=ticket.id if ticket else "",
        last_words=heard[-1] if heard else "",
    )


def as_headers(pop: ScreenPop) -> dict[str, str]:
    """For the agent's INVITE; what we do not know has no header."""
    headers = {
        "X-Bot-Call-Sid": pop.call_sid,
        "X-Ticket-Id": pop.ticket_id,
        "X-Call-Intent": pop.intent,
        "X-Call-Confidence": f"{pop.confidence:.2f}",
        "X-Call-Language": pop.language,
        "X-Call-Summary": pop.summary,
    }
    return {name: value for name, value in headers.items() if value}


def as_tag(pop: ScreenPop) -> dict[str, str]:
    """For the statuses of the agent's leg, where it comes back as customerData; the summary last, as it may be cut."""
    return {
        "purpose": "escalation",
        "bot_call_sid": pop.call_sid,
        "ticket_id": pop.ticket_id,
        "intent": pop.intent,
        "confidence": f"{pop.confidence:.2f}",
        "language": pop.language,
        "summary": pop.summary,
    }

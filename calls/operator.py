"""What an operator would still want to set, in plain words."""

from __future__ import annotations

from calls.settings import Environment


def not_configured(environment: Environment) -> list[str]:
    """One line a variable that is missing: its name, and what follows from that."""
    lines = []
    if not environment.webhook_secrets:
        effect = "every hook is accepted" if environment.allow_unsigned else "every hook is refused"
        lines.append(f"JAMBONZ_WEBHOOK_SECRET: without it {effect}")
    if not environment.public_url:
        lines.append("PUBLIC_URL: hooks are answered with relative URLs, which Jambonz resolves against the call hook's")
    if environment.database_url.get_secret_value().startswith("sqlite"):
        lines.append("DATABASE_URL: calls are kept in a SQLite file on this machine")
    if not (environment.tally_url or environment.zendesk_url or environment.hubspot_token.get_secret_value()):
        lines.append("TALLY_URL, HUBSPOT_TOKEN, ZENDESK_URL: calls are told to no CRM, tickets stay on the built-in desk")
    if not environment.session_secret.get_secret_value() and not environment.webhook_secrets:
        lines.append("SESSION_SECRET: people have to log in again after every restart")
    return lines

"""Pages and answers for people and machines that look after the bot."""

from flask import Flask


def register(app: Flask, *, redis_url: str = "") -> None:
    """All of the console: what machines ask, and the pages behind the door. They look for the house in `app.extensions["bot"]`.

    `redis_url`: where tries to log in are counted; "": in this process. Raises SettingsError for one that is no address."""
    from console import (
        call_corrections,
        callbacks,
        calls,
        corrections,
        deliveries,
        desk,
        door,
        history,
        live,
        operations,
        people,
        phone,
        pop,
        settings,
        tickets,
        wrap_ups,
    )

    for machines in (operations, calls):
        app.register_blueprint(machines.bp)
    pages = (desk, wrap_ups, live, history, tickets, callbacks, phone, pop, people, deliveries, settings, corrections, call_corrections)
    door.register(app, [page.bp for page in pages], redis_url=redis_url)

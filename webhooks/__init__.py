"""Jambonz's hooks: the doors that Jambonz knocks at, and the verbs that it is answered with."""

from flask import Flask

from webhooks import escalate, status, voice


def register(app: Flask) -> None:
    """Open the doors; they look for the house (webhooks.ports.Bot) in `app.extensions["bot"]` at each hook."""
    for blueprint in (voice.bp, escalate.bp, status.bp):
        app.register_blueprint(blueprint)

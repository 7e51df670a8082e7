"""Jambonz's hooks: the doors that Jambonz knocks at, the verbs that it is answered with, and the sounds that they name."""

from flask import Flask

from webhooks import confirm, escalate, listen, sounds, status, voice


def register(app: Flask) -> None:
    """Open the doors; they look for the house (webhooks.ports.Bot) in `app.extensions["bot"]` at each hook."""
    for blueprint in (voice.bp, listen.bp, escalate.bp, confirm.bp, status.bp, sounds.bp):
        app.register_blueprint(blueprint)

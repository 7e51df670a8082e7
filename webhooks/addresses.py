"""Where Jambonz finds us: absolute below PUBLIC_URL (which may end in a path), or else relative to the call hook's host."""

from __future__ import annotations

from flask import request

from calls.settings import Environment


def hook_url(environment: Environment, path: str) -> str:
    """The address of the hook at `path` ("/escalate")."""
    return environment.public_url.rstrip("/") + path


def audio_url(environment: Environment) -> str:
    """The audio socket's address: ws:// for http://, wss:// for https://, "/audio" without PUBLIC_URL.

    Jambonz takes the relative one too (recording 10_wsrefuse_relative_url_with_wsAuth)."""
    address = hook_url(environment, "/audio")
    return f"ws{address.removeprefix('http')}" if address.startswith("http") else address


def own_address(environment: Environment) -> str:
    """Before the paths of what is fetched by others than Jambonz's hooks, which want a whole address: PUBLIC_URL, or else the address
    at which Jambonz has just reached us."""
    return (environment.public_url or request.url_root).rstrip("/")

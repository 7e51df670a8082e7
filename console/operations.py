"""`/healthz`, `/readyz` and `/metrics`: for a load balancer, an orchestrator, a monitor."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

bp = Blueprint("operations", __name__)


class Bot(Protocol):
    def readiness(self) -> dict[str, Any]:
        """{"ready": bool, ...}: what is there and what is missing, in plain words; nothing secret."""


@bp.get("/healthz")
def healthz() -> Response:
    """The process answers. Says nothing about whether it can take calls."""
    return jsonify(status="alive")


@bp.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether this process can hold conversations; 503 while it loads, drains or has lost its database."""
    bot: Bot = current_app.extensions["bot"]
    report = bot.readiness()
    return jsonify(report), 200 if report["ready"] else 503


@bp.get("/metrics")
def metrics() -> Response:
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

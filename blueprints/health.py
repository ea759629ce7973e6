"""/healthz, /readyz and /metrics: alive, fit for traffic, and the figures of this hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response, current_app
from marshmallow import fields

from blueprints.contract import Blueprint, answer, problem_codes
from hub.errors import Problem
from hub.gateway.redis_line import Away
from hub.migrations.upgrade import is_current

if TYPE_CHECKING:
    from hub.main import Hub


class Lack(marshmallow.Schema):
    """One thing that is wrong while the hub goes on."""

    what = fields.String(required=True, metadata={"enum": ["redis", "config", "system"]})
    id = fields.String(metadata={"description": "Which system."})
    problem = fields.String(metadata={"description": "With file, line and column."})


class ReadyAnswer(marshmallow.Schema):
    """What the hub has and lacks."""

    status = fields.String(required=True, metadata={"enum": ["ready"]})
    missing = fields.List(fields.String(), required=True)
    degraded = fields.List(fields.Nested(Lack), required=True)


class AliveAnswer(marshmallow.Schema):
    """The process answers."""

    status = fields.String(required=True, metadata={"enum": ["alive"]})


_READY = {"status": "ready", "missing": [], "degraded": [{"what": "redis"}]}


def make(hub: Hub) -> Blueprint:
    """The routes that machines ask."""
    blueprint = Blueprint("health", __name__, description="For machines that watch the hub")
    readiness = Readiness(hub)

    @blueprint.route("/healthz")
    @blueprint.response(200, AliveAnswer, description="Alive.", example={"status": "alive"})
    def alive() -> Response:
        """Whether the process answers"""
        return answer({"status": "alive"})

    @blueprint.route("/readyz")
    @problem_codes("STORE_UNAVAILABLE")
    @blueprint.response(200, ReadyAnswer, description="What is degraded still answers, with less.", example=_READY)
    def ready() -> Response:
        """Whether the hub may take traffic, and what it lacks"""
        missing, degraded = readiness.missing(), readiness.degraded()
        if missing:
            lacking = {"missing": missing, "degraded": degraded}
            raise Problem("STORE_UNAVAILABLE", origin="hub", retry_after=2, extra=lacking)
        return answer({"status": "ready", "missing": missing, "degraded": degraded})

    @blueprint.route("/metrics")
    @blueprint.response(200, {"type": "string"}, content_type="text/plain", description="Prometheus text format.")
    def metrics() -> Response:
        """The figures, for Prometheus"""
        return Response(current_app.extensions["traffic"].text(), mimetype="text/plain")

    return blueprint


class Readiness:
    """Asks what the hub stands on. That the migrations are there is asked until it is so, and not again."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._migrated = False

    def missing(self) -> list[str]:
        """What no request can do without."""
        try:
            with self._hub.database.read() as connection:
                connection.exec_driver_sql("SELECT 1")
            self._migrated = self._migrated or is_current(self._hub.database)
        except Exception:  # of any driver: the answer is the same
            return ["database"]
        return [] if self._migrated else ["migrations"]

    def degraded(self) -> list[dict[str, Any]]:
        """What is wrong while the hub goes on."""
        found: list[dict[str, Any]] = []
        try:
            self._hub.line.ask(lambda client: client.ping())
        except Away:
            found.append({"what": "redis"})
        settings = self._hub.settings
        if settings.problem:
            found.append({"what": "config", "problem": settings.problem})
        found += [{"what": "system", "id": id, "problem": why} for id, why in settings.now.not_started.items()]
        return found

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


_RESTART = "its system.yaml changed: restart hub serve and hub work, which read it when they start"


class Lack(marshmallow.Schema):
    """One thing that is wrong while the hub goes on."""

    what = fields.String(required=True, metadata={"enum": ["redis", "config", "system", "service"]})
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
        _tell(hub)
        return Response(current_app.extensions["traffic"].text(), mimetype="text/plain")

    return blueprint


def _tell(hub: Hub) -> None:
    """What another process found stands in the database; while that is away the last figures stay."""
    try:
        with hub.database.session() as session:
            found, counts = hub.inspection.findings(session), hub.jobs.counts(session)
            told, unsent_at = hub.messages.counts(session)
            unheard, anew = hub.cases.rounds.unheard(session), hub.materials.handing.asked_anew(session)
    except Exception:  # of any driver, and before the first migration
        return
    now = hub.clock.now()
    ends = {each.target: (each.until - now).total_seconds() / 86_400 for each in found if each.until}
    hub.metrics.inspection({(each.kind, each.target): each.bad for each in found}, ends)
    hub.metrics.messages(told, (now - unsent_at).total_seconds() if unsent_at else 0.0)
    hub.metrics.cases(unheard, anew)
    hub.metrics.jobs({status: count for status, count in counts.items() if status != "done"}, hub.legs.lost)


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
        found += [{"what": "system", "id": id, "problem": _RESTART} for id in self._hub.systems.outdated()]
        return found + self._inspected()

    def _inspected(self) -> list[dict[str, Any]]:
        """What the rounds found broken: contracts with departments, services that do not work for people."""
        try:
            with self._hub.database.session() as session:
                findings = self._hub.inspection.findings(session)
        except Exception:  # of any driver: `missing` tells that
            return []
        what = {"contract": "system", "people": "service"}
        return [
            {"what": what[each.kind], "id": each.target, "problem": each.code}
            for each in findings
            if each.bad and each.kind in what
        ]

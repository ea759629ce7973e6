"""Calls of services: one, or several at once. What a call may do and must pass stands in hub/gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import marshmallow
import orjson
from flask import Response, request
from marshmallow import fields

from blueprints import asking
from blueprints.auth import acts_for, require
from blueprints.contract import DEPARTMENT, SIGNED_IN, Blueprint, Code, answer, problem_codes
from blueprints.problems import Problems
from blueprints.whole import Plain
from hub.catalogue import forms
from hub.errors import Problem
from hub.fields import Form, Group, Items, Text, Unshaped
from hub.gateway.orders import Answer, Caller, Order, Part

if TYPE_CHECKING:
    from hub.main import Hub
    from hub.settings.shapes import Service

MOST_CALLS = 10
_REFUSED: tuple[Code, ...] = (
    *SIGNED_IN,
    "ROLE_REQUIRED",
    "LEVEL_REQUIRED",
    "MANDATE_NOT_IN_FORCE",
    "MANDATE_SCOPE",
    "CONSENT_MISSING",
    "GRANT_MISSING",
    "RATE_LIMITED",
    "KEY_UNAVAILABLE",
    "IDEMPOTENCY_KEY_INVALID",
    "IDEMPOTENCY_KEY_REUSED",
    "IDEMPOTENCY_IN_PROGRESS",
)
_SYSTEM = "medical_insurance"


class CallForm(Form):
    """What the service's own form asks for; its JSON Schema stands in `GET /services/{id}`."""

    fields_ = Unshaped(required=True, data_key="fields", attribute="fields")

    def load(self, data: dict[str, Any], **options: Any) -> Any:  # type: ignore[override]
        """The usual body, one object under `fields`, needs no second look: the service's form gives it one."""
        plain = data.keys() == {"fields"} and type(data["fields"]) is dict
        return data if plain else super().load(data, **options)


class PartForm(Form):
    service = Text(required=True, min=1, max=100)
    fields_ = Unshaped(required=True, data_key="fields", attribute="fields")


class BatchForm(Form):
    """Up to ten calls."""

    calls = Items(Group(PartForm), required=True, min=1, max=MOST_CALLS)


class SourceAnswer(marshmallow.Schema):
    """Where an answer comes from; `stale` when the department could not be asked again."""

    system = fields.String(required=True)
    at = fields.DateTime(required=True)
    stale = fields.Boolean(required=True)


class PartAnswer(marshmallow.Schema):
    """`body` is the service's answer, or the problem it met."""

    service = fields.String(required=True)
    status = fields.Integer(required=True)
    body = fields.Dict(required=True)


class CallAnswer(marshmallow.Schema):
    """`parts` only for a service that puts others together."""

    fields_ = fields.Dict(required=True, data_key="fields", attribute="fields")
    source = fields.Nested(SourceAnswer, required=True)
    parts = fields.List(fields.Nested(PartAnswer))


class BatchAnswer(marshmallow.Schema):
    parts = fields.List(fields.Nested(PartAnswer), required=True)


_CALL = {
    "fields": {"balance_fen": 125000, "status": "normal"},
    "source": {"system": _SYSTEM, "at": "2026-01-05T09:30:00+08:00", "stale": False},
}
_BATCH = {"parts": [{"service": "medical-insurance-balance", "status": 200, "body": _CALL}]}


def make(hub: Hub) -> Blueprint:
    """The routes of calls."""
    blueprint = Blueprint("gateway", __name__, url_prefix="/api/v1/services", description="Calls of services")
    problems = Problems(hub)

    @blueprint.route("/<string:service_id>/calls", methods=["POST"])
    @problem_codes(*_REFUSED, "NOT_FOUND", *DEPARTMENT)
    @blueprint.arguments(CallForm)
    @blueprint.response(200, CallAnswer, description="The department's answer.", example=_CALL)
    def call(form: dict[str, Any], service_id: str) -> Response:
        """Ask a service, straight through to its department"""
        order = _order(hub, _caller(), service_id, form["fields"])
        found = hub.gateway.call(replace(order, key=request.environ.get("HTTP_IDEMPOTENCY_KEY")))
        origin = [("X-Origin", f"department:{found.system}")] if found.system else []
        return Plain(orjson.dumps(_shown(problems, found)), [("Content-Type", "application/json"), *origin])

    @blueprint.route("/batch", methods=["POST"])
    @problem_codes(*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND", "MANDATE_NOT_IN_FORCE", "KEY_UNAVAILABLE", "TOO_SHORT")
    @blueprint.arguments(BatchForm)
    @blueprint.response(207, BatchAnswer, description="Each part with its own status.", example=_BATCH)
    def batch(form: dict[str, Any]) -> Response:
        """Ask up to ten services at once, within one deadline"""
        caller = _caller()
        prepared = [_prepared(hub, caller, each) for each in form["calls"]]
        answered = iter(hub.gateway.batch([order for order in prepared if isinstance(order, Order)]))
        parts = [each if isinstance(each, Part) else next(answered) for each in prepared]
        return answer({"parts": [_part(problems, part) for part in parts]}, 207)

    return blueprint


def _caller() -> Caller:
    principal = require(mandated=True)
    return Caller(principal.citizen_id, principal.level, "citizen", principal.region, acts_for(principal))


def _order(hub: Hub, caller: Caller, id: str, sent: Mapping[str, Any]) -> Order:
    """The call with its fields checked; raises NOT_FOUND for what takes no call, and the 422 that lists the faults."""
    service = _called(hub, id)
    checked = forms.load(service, sent, "fields")
    received_at = hub.clock.now() - timedelta(seconds=hub.clock.monotonic() - asking.arrived())
    return Order(service, caller, checked, asking.trace(), asking.arrived(), received_at)


def _called(hub: Hub, id: str) -> Service:
    service = hub.catalogue.service(id)
    if service.kind != "query" or not (service.system or service.parts):
        raise Problem("NOT_FOUND")
    return service


def _prepared(hub: Hub, caller: Caller, sent: Mapping[str, Any]) -> Order | Part:
    """One part of a batch: what to ask, or why it cannot be asked."""
    try:
        return _order(hub, caller, sent["service"], sent["fields"])
    except Problem as problem:
        return Part(sent["service"], problem=problem)


def _shown(problems: Problems, found: Answer) -> dict[str, Any]:
    source = {"system": found.system or "hub", "at": found.at, "stale": found.stale}
    body: dict[str, Any] = {"fields": found.fields, "source": source}
    if found.parts:
        body["parts"] = [_part(problems, part) for part in found.parts]
    return body


def _part(problems: Problems, part: Part) -> dict[str, Any]:
    if part.answer is not None:
        return {"service": part.service, "status": 200, "body": _shown(problems, part.answer)}
    problem = part.problem or Problem("INTERNAL", origin="hub")
    status, body = problems.part(problem)
    return {"service": part.service, "status": status, "body": body}

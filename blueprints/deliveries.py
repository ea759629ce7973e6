"""/ops/v1/inbound: what departments and WeChat brought, and whether its signature held. Never what is in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response
from marshmallow import fields

from blueprints.acts import noting, recorded
from blueprints.contract import STAFF, Blueprint, Page, answer, problem_codes
from blueprints.ids import as_number, going_on
from blueprints.operations_forms import a_page, pages_of
from blueprints.rework_forms import ReasonForm
from blueprints.switchboard import page
from hub.errors import Problem
from hub.fields import Choice, Text
from hub.switches.form import checked_reason

if TYPE_CHECKING:
    from hub.inbox.service import Arrived
    from hub.main import Hub

_RESULTS = ("waiting", "done", "quarantined")


class InboundPage(Page):
    """Of every system, or of one; all, or in one state."""

    source = Text(max=100)
    result = Choice(choices=_RESULTS)


class ArrivedAnswer(marshmallow.Schema):
    """One delivery; `code` is what the last attempt met, `times` how often it came."""

    id = fields.String(required=True)
    source = fields.String(required=True)
    message_id = fields.String(required=True)
    received_at = fields.String(required=True)
    processed_at = fields.String(required=True, allow_none=True)
    bytes = fields.Integer(required=True)
    verified = fields.Boolean(required=True)
    times = fields.Integer(required=True)
    attempts = fields.Integer(required=True)
    result = fields.String(required=True, metadata={"enum": list(_RESULTS)})
    code = fields.String(required=True)
    records = fields.Integer(required=True)
    bad_rows = fields.Integer(required=True)


_ARRIVED = {
    "id": "7",
    "source": "sms_mobile",
    "message_id": "20260301080000-1",
    "received_at": "2026-03-01T08:00:00+08:00",
    "processed_at": None,
    "bytes": 312,
    "verified": True,
    "times": 1,
    "attempts": 5,
    "result": "quarantined",
    "code": "UPSTREAM_MALFORMED",
    "records": 0,
    "bad_rows": 0,
}


def add(blueprint: Blueprint, hub: Hub) -> None:
    """The routes, on the blueprint of operations."""

    @blueprint.route("/inbound")
    @recorded("job.read", only_refusals=True)
    @problem_codes(*STAFF, "PAGE_INVALID", "CHOICE")
    @blueprint.arguments(InboundPage, location="query")
    @blueprint.response(200, pages_of(ArrivedAnswer), description="The newest first.", example=a_page(_ARRIVED))
    def inbound(query: dict[str, Any]) -> Response:
        """What was brought to us"""
        with hub.database.session() as session:
            found = hub.inbox.page(
                session, query.get("source"), query.get("result"), going_on(query), query["page_size"] + 1
            )
        return answer(page([_shown(each) for each in found], query["page_size"]))

    @blueprint.route("/inbound/<string:id>/retry", methods=["POST"])
    @recorded("job.write")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "REASON_REQUIRED", "TOO_SHORT")
    @blueprint.arguments(ReasonForm)
    @blueprint.response(204, description="It waits again.")
    def retry(wanted: dict[str, Any], id: str) -> Response:
        """Try a delivery in quarantine once more"""
        number = as_number(id)
        noting(reason=checked_reason(wanted.get("reason")), target=f"inbound:{number}")
        if number is None:
            raise Problem("NOT_FOUND")
        with hub.database.session() as session:
            hub.inbox.release(session, number)
        return Response(status=204)


def _shown(arrived: Arrived) -> dict[str, Any]:
    return {**asdict(arrived), "id": str(arrived.id)}

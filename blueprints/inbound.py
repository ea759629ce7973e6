"""What departments send us by themselves: signed callbacks, stored before they are answered. Who may, and what becomes
of it, stands in hub/inbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import marshmallow
from flask import Response, request
from marshmallow import fields

from blueprints import asking
from blueprints.body import takes_bytes
from blueprints.contract import Blueprint, answer, problem_codes

if TYPE_CHECKING:
    from hub.main import Hub


class StoredAnswer(marshmallow.Schema):
    """It is in the hub's inbox."""

    status = fields.String(required=True, metadata={"enum": ["stored"]})


def make(hub: Hub) -> Blueprint:
    """The route that departments call."""
    blueprint = Blueprint("inbound", __name__, url_prefix="/api/v1/inbound", description="For departments that call us")

    @blueprint.route("/<string:system>/events", methods=["POST"])
    @problem_codes("NOT_FOUND", "CALLBACK_FORGED", "CALLBACK_STALE", "SERVICE_DISABLED", "DEPARTMENT_UNAVAILABLE",
                   "STORE_UNAVAILABLE", "BODY_TOO_LARGE", "BODY_EMPTY", "CONTENT_ENCODING", "OVERLOADED")  # fmt: skip
    @blueprint.response(200, StoredAnswer, description="Stored; it may come twice.", example={"status": "stored"})
    @takes_bytes
    def events(system: str) -> Response:
        """A signed event of a department, as bytes of whatever form its system.yaml names"""
        headers = {name.lower(): value for name, value in request.headers.items()}
        hub.inbox.receive(system, headers, asking.body() or b"")
        return answer({"status": "stored"})

    return blueprint

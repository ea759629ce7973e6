"""Files of many shared records: asked for, looked at, fetched once they are made."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import batches_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import IDEMPOTENT, STAFF, Blueprint, answer, problem_codes
from blueprints.idempotency import idempotent
from hub.exchange.service import Asked

if TYPE_CHECKING:
    from hub.main import Hub

_GRANTS = ("GRANT_MISSING", "GRANT_PURPOSE", "GRANT_OFFICER", "GRANT_EXPIRED", "GRANT_FIELD")
_SUBJECTS = ("REQUIRED", "UNKNOWN_FIELD", "TYPE", "ID_FORMAT", "ID_CHECKSUM", "ID_OBSOLETE", "TOO_LONG", "TOO_SHORT")
_CSV = {"text/csv": {"schema": {"type": "string"}}}


def make(hub: Hub) -> Blueprint:
    """The routes of files of many records."""
    blueprint = Blueprint("batches", __name__, url_prefix="/api/v1/data", description="Files of shared data")
    _asking(blueprint, hub)
    _fetching(blueprint, hub)
    return blueprint


def _asking(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/resources/<string:id>/batches", methods=["POST"])
    @recorded("data.query", "resource:{id}")
    @problem_codes(*STAFF, *IDEMPOTENT, *_GRANTS, *_SUBJECTS, "NOT_FOUND", "RESOURCE_WITHOUT_SOURCE",
                   "CASE_NO_REQUIRED", "ORDER_NOT_CONFIRMED")  # fmt: skip
    @blueprint.arguments(forms.DataBatchForm, example=forms.BATCH_ASKED)
    @blueprint.response(202, forms.DataBatchAnswer, description="It will be made.", example=forms.BATCH)
    @idempotent(required=False)
    def begin(form: dict[str, Any], id: str) -> Response:
        """Ask for a file of another department's data about many; it is marked for me"""
        staff, subjects = caller(), form.pop("subjects")
        fields = tuple(dict.fromkeys(form.pop("fields")))
        asked = Asked(id, staff.region, staff.citizen_id, subject={}, fields=fields, **form)
        batch = hub.batches.begin(asked, subjects)
        noting(target=f"batch:{batch.id}", after={"asked": batch.asked})
        return answer(asdict(batch), 202)


def _fetching(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/batches/<string:id>")
    @recorded("data.query", only_refusals=True)
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.DataBatchAnswer, description="As it is now.", example=forms.BATCH)
    def one(id: str) -> Response:
        """How far my file is"""
        staff = caller()
        with hub.database.session() as session:
            return answer(asdict(hub.batches.get(session, id, staff.region, staff.citizen_id)))

    @blueprint.route("/batches/<string:id>/file")
    @recorded("data.query", "batch:{id}")
    @problem_codes(*STAFF, *_GRANTS, "NOT_FOUND", "STATE_CONFLICT")
    @blueprint.doc(responses={200: {"description": "A table; each fetch is on record.", "content": _CSV}})
    def file(id: str) -> Response:
        """My file, for a day"""
        staff = caller()
        with hub.database.session() as session:
            text = hub.batches.file(session, id, staff.region, staff.citizen_id)
        response = Response(text, mimetype="text/csv", headers={"Cache-Control": "no-store"})
        response.headers["Content-Disposition"] = f"attachment; filename={staff.region}-{id}.csv"
        return response

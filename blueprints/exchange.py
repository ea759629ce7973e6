"""Shared data in use: one question under one right, with evidence of it."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import exchange_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import DEPARTMENT, STAFF, Blueprint, answer, problem_codes
from hub.exchange.service import Asked

if TYPE_CHECKING:
    from hub.exchange.service import Given
    from hub.main import Hub

_GRANTS = ("GRANT_MISSING", "GRANT_PURPOSE", "GRANT_OFFICER", "GRANT_EXPIRED", "GRANT_FIELD")
SUBJECT = ("REQUIRED", "UNKNOWN_FIELD", "TYPE", "ID_FORMAT", "ID_CHECKSUM", "ID_OBSOLETE", "TOO_LONG", "TOO_SHORT",
           "NAME_NOT_REPRESENTABLE")  # fmt: skip


def make(hub: Hub) -> Blueprint:
    """The routes of shared data in use."""
    blueprint = Blueprint("exchange", __name__, url_prefix="/api/v1/data", description="Shared data in use")
    _querying(blueprint, hub)
    return blueprint


def _querying(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/resources/<string:id>/queries", methods=["POST"])
    @recorded("data.query")
    @problem_codes(*STAFF, *DEPARTMENT, *_GRANTS, *SUBJECT, "NOT_FOUND", "RESOURCE_WITHOUT_SOURCE",
                   "CASE_NO_REQUIRED", "ORDER_NOT_CONFIRMED", "EVIDENCE_UNAVAILABLE")  # fmt: skip
    @blueprint.arguments(forms.QueryForm, example=forms.QUERY)
    @blueprint.response(200, forms.GivenAnswer, description="Cut to the right; evidence is kept.", example=forms.GIVEN)
    def query(form: dict[str, Any], id: str) -> Response:
        """Ask another department's data about one person, company or thing"""
        staff = caller()
        fields = tuple(dict.fromkeys(form.pop("fields")))
        asked = Asked(id, staff.region, staff.citizen_id, fields=fields, **form)
        given = hub.exchange.query(asked, asking.trace())
        noting(target=f"exchange:{given.statement.exchange_id}")
        return answer(shown_given(given), X_Origin=f"department:{given.statement.system}")


def shown_given(given: Given) -> dict[str, Any]:
    """What was given, with receipts, and how each row was found to be the subject's."""
    receipts = given.receipts
    signed = {name: getattr(receipts, name) for name in ("leaf", "platform", "supplier", "user")}
    shown = {name: base64.b64encode(value).decode() if value is not None else None for name, value in signed.items()}
    return {
        "rows": given.rows,
        "exchange_id": str(given.statement.exchange_id),
        "receipts": {"level": receipts.level, **shown},
        "source": {"system": given.statement.system, "at": given.at},
        "matching": {
            "rows": [asdict(each) for each in given.verdicts],
            "doubtful": given.doubtful,
            "left_out": given.left_out,
        },
    }

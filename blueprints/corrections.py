"""What is wrong in shared data, and who shares how: reports to the source, notices to the takers, statistics."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import exchange_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import IDEMPOTENT, STAFF, Blueprint, Page, answer, paged, problem_codes
from blueprints.idempotency import idempotent
from blueprints.ids import going_on
from blueprints.spreadsheet import spreadsheet
from hub.exchange.corrections import Wrong

if TYPE_CHECKING:
    from hub.exchange.corrections import Correction, Notice
    from hub.exchange.statistics import Department
    from hub.main import Hub

_WRONG = (
    "REQUIRED",
    "UNKNOWN_FIELD",
    "TYPE",
    "ID_FORMAT",
    "ID_CHECKSUM",
    "ID_OBSOLETE",
    "TOO_LONG",
    "TOO_SHORT",
    "CHOICE",
)


def make(hub: Hub) -> Blueprint:
    """The routes of corrections and statistics."""
    blueprint = Blueprint("corrections", __name__, url_prefix="/api/v1/data", description="Shared data put right")
    _reporting(blueprint, hub)
    _answering(blueprint, hub)
    _counting(blueprint, hub)
    return blueprint


def _reporting(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/corrections", methods=["POST"])
    @recorded("grant.write")
    @problem_codes(*STAFF, *IDEMPOTENT, *_WRONG, "NOT_FOUND", "RESOURCE_WITHOUT_SOURCE")
    @blueprint.arguments(forms.WrongForm)
    @blueprint.response(
        201, forms.WholeDataCorrectionAnswer, description="With the source; every taker is told.",
        example=forms.WHOLE_CORRECTION,
    )  # fmt: skip
    @idempotent(required=False)
    def report(form: dict[str, Any]) -> Response:
        """Tell the source that a field of a record is wrong"""
        staff = caller()
        with hub.database.session() as session:
            made = hub.exchange.corrections.report(session, staff.region, staff.citizen_id, Wrong(**form))
        noting(target=f"correction:{made.id}", after={"resource": made.resource, "field": made.field})
        return answer(_whole(made), 201)

    @blueprint.route("/corrections")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "PAGE_INVALID", "NOT_FOUND", "CHOICE")
    @blueprint.arguments(forms.DataCorrectionsPage, location="query")
    @blueprint.response(
        200, forms.DataCorrectionsAnswer, description="The newest first.",
        example={"items": [forms.CORRECTION], "next_cursor": None},
    )  # fmt: skip
    def listed(page: dict[str, Any]) -> Response:
        """What my department reported, or has to answer"""
        size, asked = page["page_size"], (page.get("state", ""), page.get("cursor", ""))
        with hub.database.session() as session:
            found = hub.exchange.corrections.page(session, caller().region, *asked, size + 1)
        return answer(paged(found, size, _correction, lambda last: last.id))

    @blueprint.route("/notices")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "PAGE_INVALID")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(
        200,
        forms.DataNoticesAnswer,
        description="The newest first.",
        example={"items": [forms.NOTICE], "next_cursor": None},
    )
    def notices(page: dict[str, Any]) -> Response:
        """What my department is told of data it took"""
        size, after = page["page_size"], going_on(page) or 0
        with hub.database.session() as session:
            found = hub.exchange.corrections.notices(session, caller().region, after, size + 1)
        return answer(paged(found, size, _notice, lambda last: str(last.id)))


def _answering(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/corrections/<string:id>")
    @recorded("grant.read")
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(
        200, forms.WholeDataCorrectionAnswer, description="For those it concerns.", example=forms.WHOLE_CORRECTION
    )
    def one(id: str) -> Response:
        """One of them, and whose record it is"""
        with hub.database.session() as session:
            found = hub.exchange.corrections.get(session, id, caller().region)
        noting(target=f"correction:{found.id}")
        return answer(_whole(found))

    @blueprint.route("/corrections/<string:id>/answer", methods=["POST"])
    @recorded("grant.write")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", *_WRONG)
    @blueprint.arguments(forms.SettledForm)
    @blueprint.response(
        200, forms.WholeDataCorrectionAnswer, description="Every taker is told.", example=forms.WHOLE_CORRECTION
    )
    def settle(form: dict[str, Any], id: str) -> Response:
        """Answer as the source: corrected, or right as it stands"""
        with hub.database.session() as session:
            done = hub.exchange.corrections.answer(session, id, caller().region, form["outcome"], form["text"])
        noting(target=f"correction:{done.id}", after={"state": done.state})
        return answer(_whole(done))


def _counting(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/statistics")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF, "CHOICE")
    @blueprint.arguments(forms.StatisticsForm, location="query")
    @blueprint.response(200, forms.StatisticsAnswer, description="As of now.", example=forms.STATISTICS)
    def statistics(form: dict[str, Any]) -> Response:
        """Who shares, who refuses, who is late; which systems nobody asks, and what is kept twice (JSON or CSV)"""
        with hub.database.session() as session:
            found = hub.exchange.statistics(session)
        tables = {name: [asdict(each) for each in getattr(found, name)] for name in ("unused", "twice")}
        tables = {"departments": [_counts(each) for each in found.departments], **tables}
        if form["format"] == "csv":
            names = {id: each.name["zh"] for id, each in hub.settings.now.departments.items()}
            return spreadsheet(f"data-sharing-{form['table']}.csv", tables[form["table"]], names)
        return answer({"at": found.at, **tables})


def _counts(department: Department) -> dict[str, Any]:
    uses = ("given", "taken", "turned_away", "wrong", "unanswered")
    return {**asdict(department.counts), **{name: getattr(department, name) for name in uses}}


def _correction(correction: Correction) -> dict[str, Any]:
    return {name: getattr(correction, name) for name in forms.CORRECTION}


def _whole(correction: Correction) -> dict[str, Any]:
    wrong = correction.wrong
    assert wrong is not None
    said = {"subject": dict(wrong.subject), "should_be": wrong.should_be, "reason": wrong.reason}
    return {**_correction(correction), **said, "answer": correction.answer}


def _notice(notice: Notice) -> dict[str, Any]:
    return {**asdict(notice), "id": str(notice.id)}

"""The desk of the health code: what waits for a person, changes with reason and second person, what no rule says."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import health_code_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, Page, answer, paged, problem_codes
from blueprints.health_code import agreed, change_shown
from blueprints.ids import going_on
from blueprints.materials_forms import BYTES
from hub.clock import CHINA
from hub.errors import Problem
from hub.health_code.reviews import Wanted
from hub.offices import sees

if TYPE_CHECKING:
    from hub.health_code.reviews import Changed, Review
    from hub.health_code.scans import Alert
    from hub.login.service import Principal
    from hub.main import Hub


def make(hub: Hub) -> Blueprint:
    """The routes of the health code for staff."""
    blueprint = Blueprint(
        "health-code-desk", __name__, url_prefix="/api/v1/desk/health-code", description="The health code's desk"
    )
    _reviewing(blueprint, hub)
    _changing(blueprint, hub)
    _supervising(blueprint, hub)
    return blueprint


def _reviewing(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/reviews")
    @recorded("health.read")
    @problem_codes(*STAFF, "PAGE_INVALID")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(
        200, forms.ReviewsAnswer, description="The most urgent first.",
        example={"items": [forms.REVIEW], "next_cursor": None},
    )  # fmt: skip
    def waiting(page: dict[str, Any]) -> Response:
        """Declarations that no rule settled, and appeals"""
        _reviewer(hub)
        size = page["page_size"]
        with hub.database.session() as session:
            found = hub.health_code.reviews.open(session, page.get("cursor", ""), size + 1)
        return answer(paged(found, size, _review, lambda last: last.id))

    @blueprint.route("/reviews/<string:review_id>/files/<string:file_id>")
    @recorded("health.read", "review:{review_id}")
    @problem_codes(*STAFF, "NOT_FOUND", "FILE_INFECTED", "FILE_UNSCANNED")
    @blueprint.doc(responses={200: BYTES})
    def evidence(review_id: str, file_id: str) -> Response:
        """A piece of evidence of an appeal"""
        _reviewer(hub)
        with hub.database.session() as session:
            id = hub.health_code.reviews.evidence(session, review_id, file_id)
            body = hub.materials.read(session, id)
        return Response(body, mimetype="application/octet-stream")


def _changing(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/reviews", methods=["POST"])
    @recorded("health.write")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "CHOICE", "REASON_REQUIRED", "REQUIRED", "ID_CHECKSUM")
    @blueprint.arguments(forms.GradeChangeForm)
    @blueprint.response(200, forms.GradesChangedAnswer, description="Done, or waiting.", example=forms.CHANGED)
    def change(form: dict[str, Any]) -> Response:
        """Decide reviews, or change people's grade; of several only once a second person confirms it"""
        staff = _reviewer(hub)
        wanted = Wanted(
            tuple(form["reviews"]), tuple((each["name"], each["id_number"]) for each in form["people"]),
            form["grade"], form["reason_code"], form["rule"], form["case_id"], form["note"],
        )  # fmt: skip
        noting(reason=form["reason_code"], after={name: form[name] for name in ("grade", "rule", "case_id")})
        with hub.database.session() as session:
            done = hub.health_code.reviews.change(session, wanted, staff.citizen_id, staff.roles)
        return _done(hub, done)

    @blueprint.route("/reviews/<string:change_id>/confirmation", methods=["POST"])
    @recorded("health.confirm", "change:{change_id}")
    @problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "SECOND_PERSON_REQUIRED")
    @blueprint.response(200, forms.GradesChangedAnswer, description="Done.", example=forms.CHANGED)
    def confirm(change_id: str) -> Response:
        """Confirm a change of several people that somebody else asked for"""
        with hub.database.session() as session:
            done = hub.health_code.reviews.confirm(session, change_id, _reviewer(hub).citizen_id)
        return _done(hub, done)


def _supervising(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/outside-rules")
    @recorded("supervision.read")
    @problem_codes(*STAFF, "PAGE_INVALID", "PARAM_INVALID")
    @blueprint.arguments(forms.DayForm, location="query")
    @blueprint.response(
        200, forms.OutsideAnswer, description="Of this day.",
        example={"items": [forms.STAFF_CHANGE], "next_cursor": None},
    )  # fmt: skip
    def outside(page: dict[str, Any]) -> Response:
        """The day's changes by staff that follow no published rule"""
        begins = datetime.combine(datetime.fromisoformat(page["day"]), time(), CHINA)
        size, after = page["page_size"], going_on(page) or 0
        with hub.database.session() as session:
            found = hub.health_code.codes.outside_rules(session, begins, after, size + 1)
        shown = lambda each: {**change_shown(each), "actor": each.actor, "roles": list(each.roles)}  # noqa: E731
        return answer(paged(found, size, shown, lambda last: str(last.id)))

    @blueprint.route("/alerts")
    @recorded("supervision.read")
    @problem_codes(*STAFF, "PAGE_INVALID")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(
        200, forms.AlertsAnswer, description="The newest first.",
        example={"items": [forms.ALERT], "next_cursor": None},
    )  # fmt: skip
    def alerts(page: dict[str, Any]) -> Response:
        """Codes at two gates far apart, verifiers over their cap, reviews that are late"""
        size = page["page_size"]
        with hub.database.session() as session:
            found = hub.health_code.scans.alerts(session, going_on(page), size + 1)
        return answer(paged(found, size, _alert, lambda last: str(last.id)))

    @blueprint.route("/ending")
    @recorded("supervision.read")
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.EndingAnswer, description="Ordered, or done.", example=forms.ENDING)
    def ending() -> Response:
        """When it ends, by which order, and the signed report once it is done"""
        configured = hub.health_code.codes.configured()
        with hub.database.session() as session:
            report = hub.health_code.ending.report(session)
        ordered = configured.ending
        return answer(
            {
                "ends_on": ordered.on, "order": ordered.order, "then": ordered.then,
                "report": report[0] if report else None, "done_at": report[1] if report else None,
            }
        )  # fmt: skip


def _reviewer(hub: Hub) -> Principal:
    """What people declare of their health is for the department whose code it is, and for the county's staff. Raises
    ROLE_REQUIRED."""
    staff, now = caller(), hub.settings.now
    service = now.services.get(now.health_code.service) if now.health_code else None
    if not sees(staff.region, service.department if service else ""):
        raise Problem("ROLE_REQUIRED")
    return staff


def _alert(alert: Alert) -> dict[str, Any]:
    return {"kind": alert.kind, "about": alert.about, "gates": list(alert.gates), "at": alert.at}


def _done(hub: Hub, done: Changed) -> Response:
    """In force here at once, everywhere within a second."""
    agreed(hub)
    return answer({"change_id": done.id, "state": done.state, "people": done.people})


def _review(review: Review) -> dict[str, Any]:
    return {
        "id": review.id, "kind": review.kind, "name_masked": review.name_masked, "id_masked": review.id_masked,
        "grade": review.grade or None, "reason_code": review.reason, "answers": review.answers, "text": review.text,
        "files": list(review.files), "opened_at": review.opened_at, "due_at": review.due_at, "late": review.late,
    }  # fmt: skip

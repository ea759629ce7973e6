"""The desk that handles cases: the list, one case with the fields of its step, and every act of the workflow.

Each view of a case is recorded, the refused ones too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import cases_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.cases import case, entry
from blueprints.contract import STAFF, Blueprint, Code, answer, paged, problem_codes
from blueprints.materials_forms import BYTES
from blueprints.problems import in_language
from hub.cases.desk import Asked, Officer
from hub.catalogue.cursor import Cursors
from hub.errors import Problem
from hub.materials.content import kind_of

if TYPE_CHECKING:
    from hub.cases.views import CaseView, Entry
    from hub.main import Hub

_ONE: tuple[Code, ...] = (*STAFF, "NOT_FOUND", "KEY_UNAVAILABLE", "SERVICE_DISABLED")
_ACT: tuple[Code, ...] = (*_ONE, "STATE_CONFLICT")


def make(hub: Hub) -> Blueprint:
    """The routes of the desk for cases."""
    blueprint = Blueprint("desk_cases", __name__, url_prefix="/api/v1/desk", description="The desk for cases")
    _looking(blueprint, hub)
    _colleagues(blueprint, hub)
    _examining(blueprint, hub)
    _pausing(blueprint, hub)
    _deciding(blueprint, hub)
    _passing_on(blueprint, hub)
    _ratings(blueprint, hub)
    return blueprint


def _looking(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/cases")
    @recorded("case.read", only_refusals=True)
    @problem_codes(*_ONE, "PAGE_INVALID", "CHOICE")
    @blueprint.arguments(forms.DeskAsked, location="query")
    @blueprint.response(200, forms.EntriesAnswer, description="The most urgent first.", example=forms.ENTRIES)
    def page(asked: dict[str, Any]) -> Response:
        """What waits at my desk"""
        officer, size = _officer(hub), asked["page_size"]
        status, service, mine = asked.get("status", ""), asked.get("service", ""), asked["show"] == "mine"
        cursors = Cursors(hub.settings.now.hub.token_keys)
        question = f"desk\0{officer.id}\0{status}\0{service}\0{mine}"
        after = _place(cursors.read(question, asked["cursor"], 2)) if "cursor" in asked else None
        with hub.database.session() as session:
            found = hub.cases.desk.page(session, officer, Asked(status, service, mine, after, size + 1))

        def place(last: Entry) -> str:
            assert last.promised_at is not None
            return cursors.write(question, [last.promised_at.isoformat(), str(last.id)])

        return answer(paged(found, size, entry, place))

    @blueprint.route("/cases/<string:receipt_no>")
    @recorded("case.read", "case:{receipt_no}")
    @problem_codes(*_ONE)
    @blueprint.response(200, forms.CaseAnswer, description="With the fields of its step.", example=forms.CASE)
    def one(receipt_no: str) -> Response:
        """One case"""
        with hub.database.session() as session:
            return answer(case(hub.cases.desk.one(session, _officer(hub), receipt_no)))

    @blueprint.route("/cases/<string:receipt_no>/papers/<string:file_id>")
    @recorded("case.read", "case:{receipt_no}")
    @problem_codes(*_ONE, "FILE_INFECTED", "FILE_UNSCANNED")
    @blueprint.doc(responses={200: BYTES})
    def paper(receipt_no: str, file_id: str) -> Response:
        """One of its papers, in the steps that show them"""
        with hub.database.session() as session:
            body = hub.cases.desk.paper(session, _officer(hub), receipt_no, file_id)
        return Response(body, mimetype=kind_of(body))

    @blueprint.route("/cases/<string:receipt_no>/procedures")
    @recorded("case.read", only_refusals=True)
    @problem_codes(*_ONE)
    @blueprint.response(200, forms.ProceduresAnswer, description="By its workflow.", example=forms.PROCEDURES)
    def procedures(receipt_no: str) -> Response:
        """The special procedures that may stop its clock"""
        with hub.database.session() as session:
            found = hub.cases.desk.procedures(session, _officer(hub), receipt_no)
        language = asking.language()
        items = [
            {"id": id, "title": in_language(each.title, language), "basis": in_language(each.basis, language),
             "days": each.days}
            for id, each in found.items()
        ]  # fmt: skip
        return answer({"items": items})


def _colleagues(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/cases/<string:receipt_no>/colleagues")
    @recorded("case.assign", only_refusals=True)
    @problem_codes(*_ONE)
    @blueprint.response(200, forms.ColleaguesAnswer, description="By user name.", example=forms.COLLEAGUES)
    def colleagues(receipt_no: str) -> Response:
        """To whom it can be reassigned"""
        with hub.database.session() as session:
            found = hub.cases.desk.colleagues(session, _officer(hub), receipt_no)
        return answer({"items": [{"staff_id": id, "username": name} for id, name in found.items()]})


def _act(blueprint: Blueprint, name: str, permission: str, form: Any, *codes: Code) -> Callable[[Any], Any]:
    """`POST …/{name}`: guarded, recorded, described."""

    def mark(view: Any) -> Any:
        view = blueprint.response(200, forms.CaseAnswer, description="As it is now.", example=forms.CASE)(view)
        if form is not None:
            view = blueprint.arguments(form)(view)
        view = recorded(permission, "case:{receipt_no}")(problem_codes(*_ACT, *codes)(view))
        return blueprint.route(f"/cases/<string:receipt_no>/{name}", methods=["POST"])(view)

    return mark


def _examining(blueprint: Blueprint, hub: Hub) -> None:
    desk = hub.cases.desk

    @_act(blueprint, "pick-up", "case.write", None)
    def pick_up(receipt_no: str) -> Response:
        """Take a case"""
        return _done(hub, lambda session, officer: desk.pick_up(session, officer, receipt_no))

    @_act(blueprint, "accept", "case.write", None)
    def accept(receipt_no: str) -> Response:
        """Accept it: the papers are in order"""
        return _done(hub, lambda session, officer: desk.accept(session, officer, receipt_no))

    @_act(blueprint, "request-correction", "case.write", forms.CorrectionForm, "CHOICE", "REASON_REQUIRED", "TOO_SHORT")
    def request_correction(form: dict[str, Any], receipt_no: str) -> Response:
        """Send it back with the full list of what is missing or wrong"""
        noting(reason=form["again_because"])
        return _done(hub, lambda session, officer: desk.request_correction(session, officer, receipt_no, **form))

    @_act(
        blueprint, "accept-on-promise", "case.write", forms.PromiseForm, "CHOICE", "DATE_RANGE", "TOO_SHORT", "RANGE",
        "PROMISE_REFUSED",
    )  # fmt: skip
    def accept_on_promise(form: dict[str, Any], receipt_no: str) -> Response:
        """Accept it although promised papers are missing"""
        return _done(hub, lambda session, officer: desk.accept_on_promise(session, officer, receipt_no, **form))


def _pausing(blueprint: Blueprint, hub: Hub) -> None:
    desk = hub.cases.desk

    @_act(blueprint, "pause", "case.write", forms.PauseForm, "CHOICE", "RANGE", "TOO_SHORT")
    def pause(form: dict[str, Any], receipt_no: str) -> Response:
        """Stop the clock for a special procedure"""
        noting(reason=form["reason"])
        return _done(hub, lambda session, officer: desk.pause(session, officer, receipt_no, **form))

    @_act(blueprint, "resume", "case.write", forms.ResumeForm, "TOO_SHORT")
    def resume(form: dict[str, Any], receipt_no: str) -> Response:
        """Let the clock run again"""
        return _done(hub, lambda session, officer: desk.resume(session, officer, receipt_no, **form))


def _deciding(blueprint: Blueprint, hub: Hub) -> None:
    desk = hub.cases.desk

    @_act(blueprint, "approve", "case.write", forms.ApproveForm, "REQUIRED", "TOO_SHORT")
    def approve(form: dict[str, Any], receipt_no: str) -> Response:
        """Decide for the applicant, with the result document"""
        return _done(hub, lambda session, officer: desk.approve(session, officer, receipt_no, form["document"]))

    @_act(blueprint, "refuse", "case.write", forms.RefuseForm, "REQUIRED", "TOO_SHORT")
    def refuse(form: dict[str, Any], receipt_no: str) -> Response:
        """Decide against the applicant: reason, basis and appeal route"""
        return _done(hub, lambda session, officer: desk.refuse(session, officer, receipt_no, form))

    @_act(blueprint, "undo", "case.undo", forms.CaseReasonForm, "SECOND_PERSON_REQUIRED", "TOO_SHORT")
    def undo(form: dict[str, Any], receipt_no: str) -> Response:
        """Take a wrong decision back, by somebody else than who made it"""
        noting(reason=form["reason"])
        return _done(hub, lambda session, officer: desk.undo(session, officer, receipt_no, form["reason"]))


def _passing_on(blueprint: Blueprint, hub: Hub) -> None:
    desk = hub.cases.desk

    @_act(blueprint, "reassign", "case.assign", forms.ReassignForm, "CHOICE", "TOO_SHORT")
    def reassign(form: dict[str, Any], receipt_no: str) -> Response:
        """Give it to another officer"""
        noting(reason=form["reason"])
        return _done(hub, lambda session, officer: desk.reassign(session, officer, receipt_no, **form))

    @_act(blueprint, "messages", "case.write", forms.MessageForm, "TOO_SHORT")
    def message(form: dict[str, Any], receipt_no: str) -> Response:
        """Write to the applicant"""
        return _done(hub, lambda session, officer: desk.message(session, officer, receipt_no, form["text"]))


def _ratings(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/ratings")
    @recorded("case.read", "ratings")
    @problem_codes(*_ONE)
    @blueprint.response(
        200, forms.RatedList, description="Bad ones that are not settled, the most urgent first; at most 100.",
        example={"items": [forms.RATED], "next_cursor": None},
    )  # fmt: skip
    def ratings() -> Response:
        """Bad ratings that wait for us"""
        with hub.database.session() as session:
            found = hub.cases.ratings.open(session, _officer(hub), 100)
        return answer({"items": found, "next_cursor": None})

    @blueprint.route("/cases/<string:receipt_no>/rating-steps", methods=["POST"])
    @recorded("case.write", "case:{receipt_no}")
    @problem_codes(*_ACT, "CHOICE", "TOO_SHORT")
    @blueprint.arguments(forms.FollowUpForm)
    @blueprint.response(200, forms.RatedAnswer, description="As it is now.", example=forms.RATED)
    def follow_up(form: dict[str, Any], receipt_no: str) -> Response:
        """Verify a bad rating, say that it is fixed, call back"""
        officer = _officer(hub)
        with hub.database.session() as session:
            row = hub.cases.desk.case(session, officer, receipt_no)
            return answer(hub.cases.ratings.follow_up(session, officer, row, **form))


def _done(hub: Hub, act: Callable[[Any, Officer], CaseView]) -> Response:
    with hub.database.session() as session:
        shown = act(session, _officer(hub))
    noting(after={"status": shown.status})
    return answer(case(shown))


def _officer(hub: Hub) -> Officer:
    principal, roles = caller(), hub.settings.now.roles
    permissions = frozenset(name for role in principal.roles for name in roles.get(role, ()))
    return Officer(principal.citizen_id, principal.region, permissions)


def _place(parts: list[str]) -> tuple[datetime, int]:
    try:
        return datetime.fromisoformat(parts[0]), int(parts[1])
    except ValueError:
        raise Problem("PAGE_INVALID") from None

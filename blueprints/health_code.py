"""The health code on the phone: declare, show, appeal; also for a child or an elder under a mandate."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import segno
from flask import Response

from blueprints import asking
from blueprints import health_code_forms as forms
from blueprints.auth import acts_for, require
from blueprints.contract import SIGNED_IN, Blueprint, Code, Page, answer, paged, problem_codes
from blueprints.idempotency import idempotent
from blueprints.ids import going_on
from blueprints.problems import in_language
from hub.catalogue.forms import json_schema, load
from hub.credentials.paper import pdf
from hub.errors import Problem
from hub.gateway.orders import Caller, Order
from hub.health_code.service import Holder
from hub.identity.rules import level_required
from hub.switches.rules import state as standing

if TYPE_CHECKING:
    from hub.gateway.orders import ActsFor
    from hub.health_code.reviews import Review
    from hub.health_code.service import Change, Declared
    from hub.health_code.states import State
    from hub.login.service import Principal
    from hub.main import Hub
    from hub.settings.health_code_shapes import HealthCode, Questions
    from hub.settings.shapes import Service

LEVEL = 2
_CLOSED: tuple[Code, ...] = ("NOT_FOUND", "SERVICE_ENDED")
_MINE: tuple[Code, ...] = (*SIGNED_IN, "ROLE_REQUIRED", "LEVEL_REQUIRED", "MANDATE_NOT_IN_FORCE", "MANDATE_SCOPE",
                           *_CLOSED)  # fmt: skip
_FIELDS: tuple[Code, ...] = ("REQUIRED", "TYPE", "UNKNOWN_FIELD", "CHOICE", "RANGE", "TOO_SHORT", "TOO_LONG", "FORMAT",
                             "DATE", "DATE_RANGE", "TEXT_CONTROL", "CHAR_FORBIDDEN")  # fmt: skip
# What the caller has to hear. Whatever else keeps the system behind it from answering is no answer: a person looks.
_TOLD = frozenset({"LEVEL_REQUIRED", "MANDATE_SCOPE", "NOT_FOUND", "CONSENT_MISSING", "RATE_LIMITED"})


def make(hub: Hub) -> Blueprint:
    """The routes of the health code for citizens."""
    blueprint = Blueprint("health-code", __name__, url_prefix="/api/v1", description="The health code")
    _declaring(blueprint, hub)
    _showing(blueprint, hub)
    _elsewhere(blueprint, hub)
    _appealing(blueprint, hub)
    return blueprint


def _declaring(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/health-code/questions")
    @problem_codes(*_CLOSED)
    @blueprint.response(200, forms.QuestionsAnswer, description="Of today.", example=forms.QUESTIONS)
    def questions() -> Response:
        """What is asked, and by which published rules it is decided"""
        configured = hub.health_code.codes.open()
        service, language = hub.catalogue.service(configured.service), asking.language()
        asked = configured.questions
        return answer(
            {
                "forms": {kind: json_schema(_form(service, each), language) for kind, each in asked.items()},
                "rules": [
                    {"id": rule.id, "kind": kind, "text": in_language(rule.text, language), "then": rule.then}
                    for kind, each in asked.items()
                    for rule in each.rules
                ],
                "grades": {
                    id: {"name": in_language(each.name, language), "advice": in_language(each.advice, language)}
                    for id, each in configured.grades.items()
                },
                "reasons": {id: in_language(text, language) for id, text in configured.reasons.items()},
                "valid_days": configured.valid_days,
                "review_minutes": configured.review_minutes,
                "ends_on": configured.ending.on,
            }
        )

    @blueprint.route("/health-code/declarations", methods=["POST"])
    @problem_codes(*_MINE, *_FIELDS, "SERVICE_DISABLED", "RATE_LIMITED")
    @blueprint.arguments(forms.DeclarationForm)
    @blueprint.response(201, forms.DeclaredAnswer, description="And what came of it.", example=forms.DECLARED)
    @idempotent()
    def declare(form: dict[str, Any]) -> Response:
        """Declare my health or a trip, or that of whom I act for"""
        principal = require(LEVEL, mandated=True)
        configured = hub.health_code.codes.open()
        service, acting = hub.catalogue.service(configured.service), _acting(hub, principal, configured)
        _is_open(hub, service, principal)
        asked = configured.questions.get(form["kind"])
        if asked is None:
            raise Problem("NOT_FOUND")
        told = load(_form(service, asked), form["fields"], "fields")
        needed = any(condition.fact in configured.shared for rule in asked.rules for condition in rule.when)
        shared = _shared(hub, service, configured, principal, acting) if needed else None
        with hub.database.session() as session:
            holder = _holder(hub, session, principal, acting)
            done = hub.health_code.codes.declare(
                session, holder, principal.citizen_id, form["kind"], told, shared
            )
        agreed(hub)
        return answer(_declared(done, configured), 201)


def _showing(blueprint: Blueprint, hub: Hub) -> None:
    room = hub.health_code

    @blueprint.route("/health-code")
    @problem_codes(*_MINE, "REPORT_EXPIRED")
    @blueprint.response(200, forms.CodeAnswer, description="For a minute at most.", example=forms.CODE)
    def code() -> Response:
        """My health code of this moment, or that of whom I act for"""
        state, configured = _state(hub)
        made = room.shown.show(state.citizen_id, hub.clock.now())
        language, grade = asking.language(), configured.grades.get(state.grade)
        return answer(
            {
                "grade": grade.id if grade else None,
                "grade_name": in_language(grade.name, language) if grade else "",
                "reason": in_language(configured.reasons.get(state.reason, {}), language),
                "advice": in_language(grade.advice if grade else configured.pending, language),
                "declared_at": state.declared_at,
                "report_valid_until": state.valid_until,
                "review_by": state.review_by,
                "code": made.code,
                "code_expires_at": made.expires_at,
                "qr_svg": room.drawer.svg(made.code),
            },
            Cache_Control="no-store",
        )

    @blueprint.route("/health-code/history")
    @problem_codes(*_MINE, "PAGE_INVALID", "REPORT_EXPIRED")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(
        200, forms.GradeHistoryAnswer, description="The newest first.",
        example={"items": [forms.CHANGE], "next_cursor": None},
    )  # fmt: skip
    def history(page: dict[str, Any]) -> Response:
        """Every change of my grade, and why"""
        whose, size = _whose(hub), page["page_size"]
        with hub.database.session() as session:
            found = room.codes.history(session, whose, going_on(page), size + 1)
        return answer(paged(found, size, change_shown, lambda last: str(last.id)))


def _elsewhere(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/health-code/signed-form")
    @problem_codes(*_MINE, "REPORT_EXPIRED", "KEY_UNAVAILABLE")
    @blueprint.response(200, forms.SignedFormAnswer, description="Lasts half an hour.", example=forms.SIGNED)
    def signed() -> Response:
        """A signed form of my code, for gates and regions without a link"""
        state, _ = _state(hub)
        form = hub.health_code.gate.signed_form(state)
        drawn = segno.make(form.text, micro=False, error="m").svg_inline(scale=4, border=2)
        return answer({"code": form.text, "qr_svg": drawn, "expires_at": form.expires_at}, Cache_Control="no-store")

    @blueprint.route("/health-code/paper", methods=["POST"])
    @problem_codes(*_MINE, "REPORT_EXPIRED")
    @blueprint.response(
        200, {"type": "string", "format": "binary"}, content_type="application/pdf", description="To be printed."
    )
    def paper() -> Response:
        """A code on paper for who has no phone; the one printed before ends"""
        state, _ = _state(hub)
        with hub.database.session() as session:
            serial, until = hub.health_code.codes.print_anew(session, state.citizen_id)
        agreed(hub)
        lines = {"姓名": state.name_masked, "证件号码": state.id_masked}
        code = hub.health_code.shown.paper(state.citizen_id, serial, until)
        return Response(pdf("健康码（纸质）", lines, "出入查验", until, code), mimetype="application/pdf")


def _appealing(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/health-code/appeals", methods=["POST"])
    @problem_codes(*_MINE, "STATE_CONFLICT", "TOO_SHORT", "TOO_LONG", "FILE_INFECTED", "FILE_UNSCANNED", "FILE_KIND")
    @blueprint.arguments(forms.GradeAppealForm)
    @blueprint.response(201, forms.GradeAppealAnswer, description="Answered within a day.", example=forms.APPEAL)
    @idempotent()
    def appeal(form: dict[str, Any]) -> Response:
        """Say why my grade is wrong, with evidence"""
        principal, whose = require(LEVEL, mandated=True), _whose(hub)
        office = hub.catalogue.service(hub.health_code.codes.open().service).department
        with hub.database.session() as session:
            wanted = [("evidence", id) for id in form["files"]]
            papers = hub.materials.check(session, principal.citizen_id, wanted, hub.materials.limits())
            files = [paper.file_id for paper in papers]
            made = hub.health_code.reviews.appeal(session, whose, principal.citizen_id, form["text"], files)
            for id in form["files"]:
                hub.materials.give(session, principal.citizen_id, id, made.id, office)
        return answer(_appeal(made), 201)

    @blueprint.route("/health-code/appeals/<string:appeal_id>")
    @problem_codes(*_MINE)
    @blueprint.response(200, forms.GradeAppealAnswer, description="And its answer.", example=forms.APPEAL)
    def one(appeal_id: str) -> Response:
        """An appeal of mine"""
        whose = _whose(hub)
        with hub.database.session() as session:
            return answer(_appeal(hub.health_code.reviews.own(session, appeal_id, whose)))


def agreed(hub: Hub) -> None:
    """What was just committed counts on this worker at once; the others learn of it within a second."""
    with suppress(Problem):
        hub.health_code.states.refresh()


def change_shown(change: Change) -> dict[str, Any]:
    """Without whoever did it: that is the office's."""
    return {
        "id": change.id, "act": change.act, "before": change.before, "grade": change.grade,
        "reason_code": change.reason, "rule": change.rule, "case_id": change.case_id, "at": change.at,
    }  # fmt: skip


def _state(hub: Hub) -> tuple[State, HealthCode]:
    """Of whoever asks, or is acted for. No store is asked while this worker knows it."""
    configured, whose = hub.health_code.codes.open(), _whose(hub)
    state = hub.health_code.states.of(whose)
    if state is None:
        raise Problem("NOT_FOUND")
    if state.valid_until < hub.clock.now():
        raise Problem("REPORT_EXPIRED")
    return state, configured


def _whose(hub: Hub) -> str:
    principal = require(LEVEL, mandated=True)
    acting = _acting(hub, principal, hub.health_code.codes.open())
    return acting.represented if acting else principal.citizen_id


def _acting(hub: Hub, principal: Principal, configured: HealthCode) -> ActsFor | None:
    acting = acts_for(principal)
    if acting is not None and not acting.covers(hub.catalogue.service(configured.service)):
        raise Problem("MANDATE_SCOPE")
    return acting


def _is_open(hub: Hub, service: Service, principal: Principal) -> None:
    found = standing(hub.switches.service(service.id), hub.clock.now(), principal.citizen_id, principal.region)
    if found.status != "open":
        raise Problem("SERVICE_DISABLED", origin="hub", notice=found.notice, retry_after=found.retry_after)


def _holder(hub: Hub, session: Any, principal: Principal, acting: ActsFor | None) -> Holder:
    if acting is not None:
        return Holder(acting.represented, acting.name, acting.id_number)
    person = hub.identity.registered(session, principal.citizen_id)
    if person is None:
        raise level_required(LEVEL, principal.level)
    return Holder(principal.citizen_id, person.name, person.id_number)


def _shared(
    hub: Hub, service: Service, configured: HealthCode, principal: Principal, acting: ActsFor | None
) -> dict[str, Any] | None:
    """What the system behind the service says, by the gateway and in the person's own record; None: it says nothing."""
    caller = Caller(principal.citizen_id, principal.level, "citizen", principal.region, acting)
    try:
        told = hub.gateway.call(Order(service, caller, {}, asking.trace(), asking.arrived(), hub.clock.now())).fields
    except Problem as problem:
        if problem.code in _TOLD:
            raise
        return None
    return {name: told[name] for name in configured.shared if name in told}


def _form(service: Service, asked: Questions) -> Service:
    return replace(service, form=asked.form, subject=())


def _declared(done: Declared, configured: HealthCode) -> dict[str, Any]:
    language, grade = asking.language(), configured.grades.get(done.grade)
    advice = grade.advice if grade else configured.pending if done.review_by else {}
    return {
        "declaration_id": done.id, "kind": done.kind, "declared_at": done.at, "outcome": done.outcome,
        "grade": done.grade or None, "reason": in_language(configured.reasons.get(done.reason, {}), language),
        "advice": in_language(advice, language), "review_by": done.review_by, "report_valid_until": done.valid_until,
    }  # fmt: skip


def _appeal(review: Review) -> dict[str, Any]:
    return {
        "appeal_id": review.id, "text": review.text, "files": list(review.files),
        "state": "answered" if review.decided_at else "open", "opened_at": review.opened_at,
        "answer_by": review.due_at, "answered_at": review.decided_at, "answer": review.note,
    }  # fmt: skip

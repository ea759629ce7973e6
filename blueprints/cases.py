"""Applications as the citizen sees them: drafted, submitted, followed, corrected, withdrawn."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import cases_forms as forms
from blueprints.auth import acts_for, require
from blueprints.contract import SIGNED_IN, Blueprint, Code, Page, answer, paged, problem_codes
from blueprints.idempotency import idempotent, kept, kept_by
from blueprints.problems import in_language
from hub.catalogue import forms as service_forms
from hub.catalogue.cursor import Cursors
from hub.gateway.orders import Caller, Order

if TYPE_CHECKING:
    from hub.cases.views import CaseView, Entry, Happened, Receipt
    from hub.main import Hub
    from hub.settings.shapes import Service

ONE: tuple[Code, ...] = (*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND", "KEY_UNAVAILABLE", "SERVICE_DISABLED")
SENT: tuple[Code, ...] = (
    *ONE, "STATE_CONFLICT", "ALREADY_SUBMITTED", "PROMISE_REFUSED", "LEVEL_REQUIRED", "MANDATE_NOT_IN_FORCE",
    "MANDATE_SCOPE", "CONSENT_MISSING", "GRANT_MISSING", "RATE_LIMITED", "REQUIRED", "CHOICE", "TOO_SHORT",
    "STORAGE_FULL",
)  # fmt: skip
_SAID = ("title", "text")  # what a line of a timeline may have by language


def make(hub: Hub) -> Blueprint:
    """The routes of a citizen's cases."""
    blueprint = Blueprint("cases", __name__, url_prefix="/api/v1", description="Applications and where they stand")
    _beginning(blueprint, hub)
    _looking(blueprint, hub)
    _drafts(blueprint, hub)
    _going_on(blueprint, hub)
    _rating(blueprint, hub)
    return blueprint


def _beginning(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/services/<string:service_id>/cases", methods=["POST"])
    @problem_codes(*SENT)
    @blueprint.arguments(forms.CaseForm)
    @blueprint.response(202, forms.ReceiptAnswer, description="It is kept and will not be lost.", example=forms.RECEIPT)
    @idempotent(ours=True)
    def submit(form: dict[str, Any], service_id: str) -> Response:
        """Apply for something, or keep a draft of it"""
        caller, service = who_applies(), hub.catalogue.service(service_id)
        hub.cases.takes(service)
        fields: Mapping[str, Any] = form["fields"]
        if not form["draft"]:
            hub.materials.disk.room_for_submissions()
            fields = admitted(hub, service, caller, service_forms.load(service, fields, "fields"))
            plain = not form["materials"] and not form["promised"]
            if plain and (told := _together(hub, caller, service, fields)):
                return told
        prepare(hub, caller.subject, service, form["materials"])
        with hub.database.session() as session:
            made = hub.cases.submit(
                session, caller, service, fields, form["materials"], form["promised"], form["draft"]
            )
            return kept(session, _accepted(made))


def _together(hub: Hub, caller: Caller, service: Service, fields: Mapping[str, Any]) -> Response | None:
    """Kept in one statement with others that come now. None: it has to be looked at by itself."""
    made = hub.cases.at_once(caller, service, fields)
    return None if made is None else kept_by(partial(hub.accepting.keep, made), _accepted(made.receipt))


def _accepted(made: CaseView | Receipt) -> Response:
    return answer(receipt(made), 202, Location=f"/api/v1/cases/{made.receipt_no}")


def _looking(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/cases")
    @problem_codes(*ONE, "PAGE_INVALID")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(200, forms.EntriesAnswer, description="The newest first.", example=forms.ENTRIES)
    def mine(page: dict[str, Any]) -> Response:
        """My applications"""
        caller, size = who_applies(), page["page_size"]
        cursors, question = Cursors(hub.settings.now.hub.token_keys), f"cases\0{caller.subject}"
        before = int(cursors.read(question, page["cursor"], 1)[0]) if "cursor" in page else None
        with hub.database.session() as session:
            found = hub.cases.mine(session, caller, before, size + 1)
        return answer(paged(found, size, entry, lambda last: cursors.write(question, [str(last.id)])))

    @blueprint.route("/cases/<string:receipt_no>")
    @problem_codes(*ONE)
    @blueprint.response(200, forms.CaseAnswer, description="With its whole story.", example=forms.CASE)
    def one(receipt_no: str) -> Response:
        """Where an application stands"""
        with hub.database.session() as session:
            return answer(case(hub.cases.one(session, who_applies(), receipt_no)))


def _drafts(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/cases/<string:receipt_no>", methods=["PATCH"])
    @problem_codes(*ONE, "STATE_CONFLICT")
    @blueprint.arguments(forms.DraftForm)
    @blueprint.response(200, forms.CaseAnswer, description="Kept.", example=forms.CASE)
    def edit(form: dict[str, Any], receipt_no: str) -> Response:
        """Change a draft"""
        with hub.database.session() as session:
            parts = form.get("fields"), form.get("materials"), form.get("promised")
            return answer(case(hub.cases.edit(session, who_applies(), receipt_no, *parts)))

    @blueprint.route("/cases/<string:receipt_no>/submit", methods=["POST"])
    @problem_codes(*SENT)
    @blueprint.response(202, forms.ReceiptAnswer, description="It is kept and will not be lost.", example=forms.RECEIPT)
    @idempotent(ours=True)
    def send(receipt_no: str) -> Response:
        """Submit a draft"""
        caller = who_applies()
        hub.materials.disk.room_for_submissions()
        with hub.database.session() as session:
            draft = hub.cases.drafted(session, caller, receipt_no)
        passed = admitted(hub, draft.service, caller, draft.fields)
        prepare(hub, draft.citizen_id, draft.service, draft.papers)
        with hub.database.session() as session:
            made = hub.cases.send(session, caller, receipt_no, passed)
            return kept(session, answer(receipt(made), 202))


def prepare(hub: Hub, citizen: str, service: Service, papers: Sequence[Mapping[str, str]]) -> None:
    """Photos as this office takes them: made before the transaction, which should not wait for that."""
    uploaded = [each["file_id"] for each in papers if each.get("file_id")]
    hub.materials.prepare(citizen, uploaded, hub.materials.limits(service.id))


def _going_on(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/cases/<string:receipt_no>/corrections", methods=["POST"])
    @problem_codes(*SENT, "FIELD_CLOSED")
    @blueprint.arguments(forms.CorrectionsForm)
    @blueprint.response(200, forms.CaseAnswer, description="As it is now.", example=forms.CASE)
    @idempotent(ours=True)
    def correct(form: dict[str, Any], receipt_no: str) -> Response:
        """Hand in what was asked to be corrected, or what was promised"""
        caller = who_applies()
        with hub.database.session() as session:
            service, citizen = hub.cases.shelf(session, caller, receipt_no)
        prepare(hub, citizen, service, form["materials"])
        with hub.database.session() as session:
            made = hub.cases.correct(session, caller, receipt_no, form["fields"], form["materials"])
            return kept(session, answer(case(made)))

    @blueprint.route("/cases/<string:receipt_no>/withdrawal", methods=["POST"])
    @problem_codes(*ONE, "STATE_CONFLICT")
    @blueprint.arguments(forms.WithdrawalForm)
    @blueprint.response(200, forms.CaseAnswer, description="Withdrawn.", example=forms.CASE)
    def withdraw(form: dict[str, Any], receipt_no: str) -> Response:
        """Withdraw an application"""
        with hub.database.session() as session:
            return answer(case(hub.cases.withdraw(session, who_applies(), receipt_no, form["reason"])))

    @blueprint.route("/cases/<string:receipt_no>/messages", methods=["POST"])
    @problem_codes(*ONE, "STATE_CONFLICT", "TOO_SHORT")
    @blueprint.arguments(forms.MessageForm)
    @blueprint.response(200, forms.CaseAnswer, description="In the one thread with the desk.", example=forms.CASE)
    @idempotent(required=False)
    def message(form: dict[str, Any], receipt_no: str) -> Response:
        """Write to whoever handles it"""
        with hub.database.session() as session:
            return answer(case(hub.cases.message(session, who_applies(), receipt_no, form["text"])))


def _rating(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/cases/<string:receipt_no>/rating", methods=["POST"])
    @problem_codes(*ONE, "STATE_CONFLICT", "RANGE")
    @blueprint.arguments(forms.CaseRatingForm)
    @blueprint.response(200, forms.CaseAnswer, description="Once per case.", example=forms.CASE)
    @idempotent(required=False)
    def rate(form: dict[str, Any], receipt_no: str) -> Response:
        """Say how it was"""
        with hub.database.session() as session:
            return answer(case(hub.cases.rate(session, who_applies(), receipt_no, **form)))


def who_applies() -> Caller:
    principal = require(mandated=True)
    return Caller(principal.citizen_id, principal.level, "citizen", principal.region, acts_for(principal))


def admitted(hub: Hub, service: Service, caller: Caller, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every guard passed, before any transaction begins; the fields with the subject's own filled in."""
    return hub.gateway.admitted(Order(service, caller, fields, asking.trace(), time.monotonic(), hub.clock.now()))


def receipt(view: CaseView | Receipt) -> dict[str, Any]:
    return {
        "receipt_no": view.receipt_no,
        "status": view.status,
        "promised_at": view.promised_at,
        "handled_by": in_language(view.department, asking.language()),
        "copy": {"fields": view.fields, "materials": view.papers},
    }


def entry(found: Entry) -> dict[str, Any]:
    """One line of a list."""
    language = asking.language()
    return {
        "receipt_no": found.receipt_no,
        "service": found.service,
        "title": in_language(found.title, language),
        "status": found.status,
        "status_title": in_language(found.status_title, language),
        "submitted_at": found.submitted_at,
        "promised_at": found.promised_at,
        "card": found.card,
        "mine": found.mine,
    }


def case(view: CaseView) -> dict[str, Any]:
    """The whole story, in the reader's language."""
    language = asking.language()
    return {
        "receipt_no": view.receipt_no,
        "bundle_no": view.bundle_no or None,
        "service": view.service,
        "title": in_language(view.title, language),
        "handled_by": in_language(view.department, language),
        "officer": view.handler,
        "status": view.status,
        "status_title": in_language(view.status_title, language),
        "created_at": view.created_at,
        "submitted_at": view.submitted_at,
        "since": view.since,
        "clock": _clock(view, language),
        "filing": {"state": view.filing_state or "none", "department_receipt": view.department_receipt},
        "fields": view.fields,
        "materials": view.papers,
        "promised": view.promised_papers,
        "timeline": [happened(each, language) for each in view.timeline],
        "correction": view.correction,
        "result": view.result,
        "possible": list(view.possible),
    }


def _clock(view: CaseView, language: str) -> dict[str, Any]:
    return {
        "state": view.clock,
        "promised_at": view.promised_at,
        "legal_at": view.legal_at,
        "make_up_at": view.make_up_at,
        "paused": [
            {
                "procedure": each.procedure, "title": in_language(each.title, language), "reason": each.reason,
                "started_at": each.started_at, "until": each.until, "ended_at": each.ended_at,
            }
            for each in view.paused
        ],
        "card": view.card,
        "raised_to": in_language(view.raised_to, language) if view.raised_to else None,
    }  # fmt: skip


def happened(each: Happened, language: str) -> dict[str, Any]:
    detail = {name: in_language(value, language) if name in _SAID else value for name, value in each.detail.items()}
    return {
        "event": each.event,
        "status": each.status,
        "by": each.by,
        "officer": each.officer,
        "at": each.at,
        "promised_at": each.promised_at,
        "detail": detail,
    }

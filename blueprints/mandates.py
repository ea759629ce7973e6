"""Mandates and consents of the citizen who is signed in. What may follow from them stands in hub/mandates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints.auth import acts_for, require
from blueprints.contract import DEPARTMENT, SIGNED_IN, Blueprint, Code, answer, problem_codes
from blueprints.mandates_forms import (
    ACTED,
    CONSENT,
    MANDATE,
    ActedAnswer,
    ConsentAnswer,
    ConsentForm,
    MandateAnswer,
    MandateForm,
    list_of,
)
from hub.errors import Fault, Problem, invalid
from hub.gateway.orders import Caller, Order
from hub.mandates import rules
from hub.mandates.service import Subject

if TYPE_CHECKING:
    from hub.ledger.exchange import Exchange
    from hub.login.service import Principal
    from hub.main import Hub
    from hub.mandates.consents import ConsentGiven
    from hub.mandates.service import Mandate

_MINE: tuple[Code, ...] = (*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND", "KEY_UNAVAILABLE")
_FOR_ANOTHER: tuple[Code, ...] = (*_MINE, "MANDATE_NOT_IN_FORCE")
_LEVEL = 2  # whoever offers, accepts or proves has to be known by name


def make(hub: Hub) -> Blueprint:
    """The routes of mandates and consents."""
    blueprint = Blueprint("mandates", __name__, url_prefix="/api/v1/me", description="Acting for others, and consent")
    _offering(blueprint, hub)
    _held(blueprint, hub)
    _consents(blueprint, hub)
    return blueprint


def _offering(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/mandates", methods=["POST"])
    @problem_codes(
        *_MINE, "LEVEL_REQUIRED", "GUARDIANSHIP_UNPROVEN", "STATE_CONFLICT", "RATE_LIMITED", "CONSENT_MISSING",
        "FORMAT", "TOO_SHORT", "CHOICE", "ID_FORMAT", "ID_CHECKSUM", "ID_OBSOLETE", "DATE", "DATE_RANGE",
        "TIMEZONE_MISSING", *DEPARTMENT,
    )  # fmt: skip
    @blueprint.arguments(MandateForm)
    @blueprint.response(
        201, MandateAnswer, description="Offered; a child's is in force, if the register proves it.", example=MANDATE
    )
    def offer(form: dict[str, Any]) -> Response:
        """Ask to act for a child, a parent, a company"""
        principal = require(_LEVEL)
        until = _checked(hub, form)
        kind, subject = form["subject"]["kind"], _subject(form["subject"])
        members = _household(hub, principal) if kind == "child" else None
        with hub.database.session() as session:
            citizen_id = principal.citizen_id
            proved = members is not None and hub.mandates.is_guardian(session, citizen_id, members, subject)
            made = hub.mandates.offer(session, citizen_id, kind, subject, form["scope"], until, proved)
        hub.fresh.refresh()
        return answer(mandate_shown(made), 201, Location=f"/api/v1/me/mandates/{made.mandate_id}")

    @blueprint.route("/mandates/<string:mandate_id>/acceptance", methods=["POST"])
    @problem_codes(*_MINE, "LEVEL_REQUIRED", "STATE_CONFLICT")
    @blueprint.response(200, MandateAnswer, description="In force.", example={**MANDATE, "side": "represented"})
    def accept(mandate_id: str) -> Response:
        """Let somebody act for me, or for the company I represent by law"""
        principal = require(_LEVEL)
        with hub.database.session() as session:
            made = hub.mandates.accept(session, mandate_id, principal.citizen_id)
        hub.fresh.refresh()
        return answer(mandate_shown(made))


def _held(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/mandates")
    @problem_codes(*_MINE)
    @blueprint.response(
        200, list_of(MandateAnswer), description="Of both sides.", example={"items": [MANDATE], "next_cursor": None}
    )
    def mandates() -> Response:
        """The mandates I hold, and those by which others act for me"""
        principal = require()
        with hub.database.session() as session:
            found = hub.mandates.of(session, principal.citizen_id)
        return answer({"items": [mandate_shown(each) for each in found], "next_cursor": None})

    @blueprint.route("/mandates/<string:mandate_id>/log")
    @problem_codes(*_MINE)
    @blueprint.response(
        200, list_of(ActedAnswer), description="The last hundred.", example={"items": [ACTED], "next_cursor": None}
    )
    def log(mandate_id: str) -> Response:
        """What was done under a mandate; both sides see it"""
        principal = require()
        with hub.database.session() as session:
            found = hub.mandates.log(session, mandate_id, principal.citizen_id)
        return answer({"items": [_acted(each) for each in found], "next_cursor": None})

    @blueprint.route("/mandates/<string:mandate_id>", methods=["DELETE"])
    @problem_codes(*_MINE)
    @blueprint.response(204, description="Ended; the next call under it is refused on every worker.")
    def end(mandate_id: str) -> Response:
        """End a mandate, from either side"""
        principal = require()
        with hub.database.session() as session:
            hub.mandates.end(session, mandate_id, principal.citizen_id)
        hub.fresh.refresh()
        return Response(status=204)


def _consents(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/consents")
    @problem_codes(*_FOR_ANOTHER)
    @blueprint.response(
        200,
        list_of(ConsentAnswer),
        description="Withdrawn ones too.",
        example={"items": [CONSENT], "next_cursor": None},
    )
    def consents() -> Response:
        """What I consented to"""
        subject, _ = _whose()
        with hub.database.session() as session:
            found = hub.consents.of(session, subject, hub.settings.now.services)
        return answer({"items": [_consent(each) for each in found], "next_cursor": None})

    @blueprint.route("/consents", methods=["POST"])
    @problem_codes(*_FOR_ANOTHER, "MANDATE_SCOPE", "CONSENT_TEXT_CHANGED", "TOO_SHORT")
    @blueprint.arguments(ConsentForm)
    @blueprint.response(201, ConsentAnswer, description="Given.", example=CONSENT)
    def give(form: dict[str, Any]) -> Response:
        """Consent to what a service reads, under the text that was shown"""
        service = hub.catalogue.service(form["service"])
        subject, given_by = _whose(form["service"], hub)
        with hub.database.session() as session:
            given = hub.consents.give(session, subject, given_by, service, form["version"], form["sha256"])
        hub.fresh.refresh()
        return answer(_consent(given), 201, Location=f"/api/v1/me/consents/{given.consent_id}")

    @blueprint.route("/consents/<string:consent_id>", methods=["DELETE"])
    @problem_codes(*_FOR_ANOTHER)
    @blueprint.response(204, description="Withdrawn; the next read is refused on every worker.")
    def withdraw(consent_id: str) -> Response:
        """Withdraw a consent"""
        subject, _ = _whose()
        with hub.database.session() as session:
            hub.consents.withdraw(session, consent_id, subject)
        hub.fresh.refresh()
        hub.gateway.forget(subject)
        return Response(status=204)


def _whose(service_id: str = "", hub: Hub | None = None) -> tuple[str, str]:
    """Whose consents are meant, and who acts; under a mandate only within its scope."""
    principal = require(mandated=True)
    represented = acts_for(principal)
    if represented is None:
        return principal.citizen_id, principal.citizen_id
    if hub is not None and not represented.covers(hub.catalogue.service(service_id)):
        raise Problem("MANDATE_SCOPE")
    return represented.represented, principal.citizen_id


def _checked(hub: Hub, form: Mapping[str, Any]) -> datetime:
    now = hub.settings.now
    unknown = rules.unknown_scopes(form["scope"], service=now.services, theme=now.themes, licence=now.licences)
    if unknown:
        raise invalid([Fault(f"scope.{place}", "CHOICE") for place in unknown])
    until = datetime.fromisoformat(form["expires_at"])
    if not rules.term_holds(until, hub.clock.now()):
        raise invalid([Fault("expires_at", "DATE_RANGE")])
    return until


def _household(hub: Hub, principal: Principal) -> Sequence[Mapping[str, Any]]:
    """What the register says of the caller's own household, asked on the same way as the caller's other questions.
    Raises GUARDIANSHIP_UNPROVEN in a county that has no such service."""
    now = hub.settings.now
    service = now.services.get(now.hub.guardianship)
    if service is None:
        raise Problem("GUARDIANSHIP_UNPROVEN")
    caller = Caller(principal.citizen_id, principal.level, "citizen", principal.region)
    order = Order(service, caller, {}, asking.trace(), asking.arrived(), hub.clock.now())
    members: Sequence[Mapping[str, Any]] = hub.gateway.call(order).fields.get("members", ())
    return members


def _subject(form: Mapping[str, str]) -> Subject:
    return Subject(form.get("id_number", ""), form.get("name", ""), form.get("credit_code", ""))


def mandate_shown(mandate: Mandate) -> dict[str, Any]:
    shown = asdict(mandate)
    return {"id": shown.pop("mandate_id"), **shown}


def _consent(consent: ConsentGiven) -> dict[str, Any]:
    shown = asdict(consent)
    return {"id": shown.pop("consent_id"), **shown}


def _acted(exchange: Exchange) -> dict[str, Any]:
    at = {"at": exchange.request_in_at}
    return {**at, **{name: getattr(exchange, name) for name in ("service", "system", "purpose", "outcome", "trace_id")}}

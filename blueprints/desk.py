"""The hub's own desk: staff issue licences and change them; a batch or a key is taken back by two of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import credentials_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from blueprints.idempotency import idempotent
from blueprints.problems import in_language
from hub.credentials.desk import Application
from hub.offices import sees

if TYPE_CHECKING:
    from hub.credentials.rules import Held
    from hub.main import Hub

_WRITING = (*STAFF, "TOO_SHORT", "KEY_UNAVAILABLE", "STATE_CONFLICT")


def make(hub: Hub) -> Blueprint:
    """The routes of the desk."""
    blueprint = Blueprint("desk", __name__, url_prefix="/api/v1/desk", description="The desk that issues licences")
    _licences(blueprint, hub)
    _revocations(blueprint, hub)
    return blueprint


def _licences(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/credentials/types")
    @recorded("credential.write", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200, forms.IssuedTypesAnswer, description="In the order of config.", example={"items": [forms.ISSUED_TYPE]}
    )
    def types() -> Response:
        """What this desk issues, and what each says"""
        spoken, office = asking.language(), caller().region
        items = [
            {
                "id": each.id, "title": in_language(each.title, spoken), "companies": each.companies,
                "fields": {name: in_language(label, spoken) for name, label in each.fields.items()},
            }
            for each in hub.settings.now.licences.values()
            if not each.system and sees(office, each.department)
        ]  # fmt: skip
        return answer({"items": items})

    @blueprint.route("/credentials", methods=["POST"])
    @recorded("credential.write")
    @problem_codes(*_WRITING, "CHOICE", "RANGE", "ID_FORMAT", "ID_CHECKSUM", "ID_OBSOLETE")
    @blueprint.arguments(forms.IssueForm)
    @blueprint.response(
        201, forms.IssuedAnswer, description="It is in the holder's phone at once.", example=forms.ISSUED
    )
    @idempotent()
    def issue(form: dict[str, Any]) -> Response:
        """Issue a licence"""
        staff = caller()
        with hub.database.session() as session:
            held = hub.credentials.desk.issue(session, _application(form), staff.citizen_id, staff.region)
        noting(target=f"credential:{held.id}", reason=form["reason"])
        return answer(_issued(hub, held), 201)

    @blueprint.route("/credentials/<string:id>/changes", methods=["POST"])
    @recorded("credential.write")
    @problem_codes(*_WRITING, "CHOICE", "RANGE")
    @blueprint.arguments(forms.LicenceChangeForm)
    @blueprint.response(
        200, forms.IssuedAnswer, description="In force for every check from now on.", example=forms.ISSUED
    )
    def change(form: dict[str, Any], id: str) -> Response:
        """Suspend, resume, renew or revoke one licence"""
        staff, act, reason, days = caller(), form["act"], form["reason"], form.get("days")
        with hub.database.session() as session:
            held = hub.credentials.desk.change(session, id, act, staff.citizen_id, reason, days, staff.region)
        noting(target=f"credential:{held.id}", reason=reason, after={"act": act, "state": held.state})
        return answer(_issued(hub, held))


def _revocations(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/revocations")
    @recorded("credential.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200, forms.RevocationsAnswer, description="The newest 100.", example={"items": [forms.REVOCATION]}
    )
    def revocations() -> Response:
        """What was taken back, or waits for a second person"""
        with hub.database.session() as session:
            return answer({"items": [asdict(each) for each in hub.credentials.desk.revocations(session)]})

    @blueprint.route("/revocations", methods=["POST"])
    @recorded("credential.write")
    @problem_codes(*_WRITING, "CHOICE")
    @blueprint.arguments(forms.RevocationForm)
    @blueprint.response(201, forms.RevocationAnswer, description="Waits for a second person.", example=forms.REVOCATION)
    def ask(form: dict[str, Any]) -> Response:
        """Ask that a batch, or all that a key signed, is taken back"""
        with hub.database.session() as session:
            asked = hub.credentials.desk.ask_revocation(session, **form, actor=caller().citizen_id)
        noting(target=f"revocation:{asked.id}", reason=asked.reason, after={"kind": asked.kind, "target": asked.target})
        return answer(asdict(asked), 201)

    @blueprint.route("/revocations/<string:id>/confirmations", methods=["POST"])
    @recorded("credential.confirm")
    @problem_codes(*STAFF, "SECOND_PERSON_REQUIRED", "STATE_CONFLICT")
    @blueprint.response(200, forms.RevocationAnswer, description="In force from now on.", example=forms.REVOCATION)
    def confirm(id: str) -> Response:
        """Confirm what somebody else asked to take back"""
        with hub.database.session() as session:
            confirmed = hub.credentials.desk.confirm_revocation(session, id, caller().citizen_id)
        noting(target=f"revocation:{confirmed.id}", reason=confirmed.reason, after={"kind": confirmed.kind})
        return answer(asdict(confirmed))


def _application(form: dict[str, Any]) -> Application:
    if "credit_code" not in form:
        return Application(**form)
    rest = {name: value for name, value in form.items() if name not in ("credit_code", "org_name")}
    return Application(id_number=form["credit_code"], name=form["org_name"], is_company=True, **rest)


def _issued(hub: Hub, held: Held) -> dict[str, Any]:
    return {
        "id": held.id,
        "licence_id": held.licence_id,
        "type": held.type.id,
        "version": held.version,
        "state": hub.credentials.state(held),
        "valid_from": held.valid_from,
        "valid_until": held.valid_until,
    }

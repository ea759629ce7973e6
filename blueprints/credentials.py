"""Licences on the phone: what a person holds, shows by QR and copies, who looked; and the check by others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import segno
from flask import Response

from blueprints import asking
from blueprints import credentials_forms as forms
from blueprints.auth import acts_for, require, require_permission
from blueprints.auth import caller as signed_in
from blueprints.contract import DEPARTMENT, EITHER, SIGNED_IN, Blueprint, answer, problem_codes
from blueprints.ids import going_on
from blueprints.problems import in_language
from hub.errors import Problem
from hub.gateway.orders import Caller

if TYPE_CHECKING:
    from hub.credentials.rules import Held
    from hub.credentials.service import Copy
    from hub.main import Hub

_KEPT = "KEY_UNAVAILABLE", "NOT_FOUND", *(code for code in DEPARTMENT if code != "DEPARTMENT_REJECTED")
_MINE = (*SIGNED_IN, "ROLE_REQUIRED", "LEVEL_REQUIRED", "KEY_UNAVAILABLE", "NOT_FOUND", "MANDATE_NOT_IN_FORCE",
         "MANDATE_SCOPE")  # fmt: skip
_ONE = (*_MINE, *_KEPT)


def make(hub: Hub) -> Blueprint:
    """The routes of licences."""
    blueprint = Blueprint("credentials", __name__, description="Licences: held, shown, copied, checked")
    _held(blueprint, hub)
    _shown(blueprint, hub)
    _copies(blueprint, hub)
    _checked(blueprint, hub)
    return blueprint


def _held(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/api/v1/me/credentials")
    @problem_codes(*_MINE)
    @blueprint.response(
        200, forms.LicencesAnswer, description="As their keepers have them now.", example=forms.LICENCES
    )
    def licences() -> Response:
        """The licences I hold, or whom I act for"""
        held, missing = hub.credentials.mine(_caller(), asking.trace())
        told = [{"type": type, "code": problem.code} for type, problem in missing]
        return answer({"items": [_licence(hub, each) for each in held], "missing": told})

    @blueprint.route("/api/v1/me/credentials/<string:id>")
    @problem_codes(*_ONE)
    @blueprint.response(200, forms.LicenceAnswer, description="As its keeper has it now.", example=forms.LICENCE)
    def licence(id: str) -> Response:
        """One licence I hold, or whom I act for"""
        return answer(_licence(hub, hub.credentials.one(_caller(), id, asking.trace())))


def _shown(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/api/v1/me/credentials/<string:id>/presentations", methods=["POST"])
    @problem_codes(*_ONE, "CHOICE", "RANGE")
    @blueprint.arguments(forms.PresentationForm)
    @blueprint.response(201, forms.PresentationAnswer, description="For whoever checks it.", example=forms.PRESENTATION)
    def present(form: dict[str, Any], id: str) -> Response:
        """Show a licence by QR for some minutes, with the fields I choose"""
        shown = hub.credentials.present(_caller(), id, form.get("fields"), form["minutes"], asking.trace())
        drawn = segno.make(shown.code, micro=False).svg_inline(scale=6, border=2)
        return answer({"code": shown.code, "qr_svg": drawn, "expires_at": shown.until}, 201)

    @blueprint.route("/api/v1/me/credentials/<string:id>/checks")
    @problem_codes(*_MINE)
    @blueprint.arguments(forms.ChecksPage, location="query")
    @blueprint.response(200, forms.ChecksAnswer, description="The newest first.", example=forms.CHECKS)
    def checks(page: dict[str, Any], id: str) -> Response:
        """Who checked it, when, and what they saw"""
        me, before = _caller(), going_on(page)
        with hub.database.session() as session:
            rows = hub.credentials.checks(session, id, me, before, page["page_size"] + 1)
            names = {each.by: hub.identity.username(session, each.by) for _, each in rows if each.by}
        shown = rows[: page["page_size"]]
        items = [
            {"checked_at": each.at, "by": names.get(each.by), "fields": each.fields,
             "mandate_id": each.mandate_id or None}
            for _, each in shown
        ]  # fmt: skip
        return answer({"items": items, "next_cursor": str(shown[-1][0]) if len(rows) > len(shown) else None})


def _copies(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/api/v1/me/credentials/<string:id>/copies", methods=["POST"])
    @problem_codes(*_ONE, "CHOICE", "RANGE", "TOO_SHORT", "STATE_CONFLICT")
    @blueprint.arguments(forms.CopyForm)
    @blueprint.response(201, forms.CopyAnswer, description="Signed, with its purpose and term.", example=forms.COPY)
    def make_copy(form: dict[str, Any], id: str) -> Response:
        """Make a copy for one purpose and a term"""
        copy = hub.credentials.copy(_caller(), id, form.get("fields"), form["purpose"], form["days"], asking.trace())
        return answer(_copy(id, copy), 201)

    @blueprint.route("/api/v1/me/credentials/<string:id>/copies/<string:copy_id>")
    @problem_codes(*_MINE)
    @blueprint.response(200, forms.CopyAnswer, description="A copy I made.", example=forms.COPY)
    def copy(id: str, copy_id: str) -> Response:
        """A copy I made, and its signature"""
        return answer(_copy(id, hub.credentials.found_copy(_caller(), id, copy_id)))

    @blueprint.route("/api/v1/me/credentials/<string:id>/copies/<string:copy_id>/file")
    @problem_codes(*_MINE)
    @blueprint.response(
        200, {"type": "string", "format": "binary"}, content_type="application/pdf", description="The PDF."
    )
    def file(id: str, copy_id: str) -> Response:
        """The PDF of a copy I made"""
        return Response(hub.credentials.found_copy(_caller(), id, copy_id).pdf, mimetype="application/pdf")


def _checked(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/api/v1/verifications", methods=["POST"])
    @problem_codes(*SIGNED_IN, "ROLE_REQUIRED", *_KEPT, "QR_INVALID", "QR_EXPIRED")
    @blueprint.doc(security=EITHER)
    @blueprint.arguments(forms.VerificationForm)
    @blueprint.response(
        200, forms.VerificationAnswer, description="Its state of now, and what its holder shows.",
        example=forms.VERIFICATION,
    )  # fmt: skip
    def verify(form: dict[str, Any]) -> Response:
        """Check a licence that is shown: verifiers all, anyone the public ones"""
        found = hub.credentials.checking.check(form["code"], _verifier(), _refuse, asking.trace())
        return answer(
            {
                "valid": found.state == "valid",
                "state": found.state,
                "type": found.type.id,
                "title": in_language(found.type.title, asking.language()),
                "fields": found.fields,
                "checked_at": found.at,
            }
        )

    @blueprint.route("/.well-known/hub-keys.json")
    @problem_codes("STORE_UNAVAILABLE")
    @blueprint.response(200, forms.KeysAnswer, description="Public keys only.", example=forms.KEYS)
    def keys() -> Response:
        """The public keys with which anyone can check what the hub signed"""
        return answer(hub.credentials.public_keys(), Cache_Control="public, max-age=300")


def _caller() -> Caller:
    principal = require(mandated=True)
    return Caller(principal.citizen_id, principal.level, "citizen", principal.region, acts_for(principal))


def _verifier() -> str | None:
    """The account of a verifier; None for everybody else."""
    if "HTTP_AUTHORIZATION" not in asking.environ():
        return None
    try:
        return require_permission("code.verify").citizen_id
    except Problem as problem:
        if problem.code != "ROLE_REQUIRED":
            raise
        return None


def _refuse() -> None:
    """Why this caller may not check a licence that is not public: nobody is signed in, or not as a verifier."""
    signed_in()
    raise Problem("ROLE_REQUIRED")


def _licence(hub: Hub, held: Held) -> dict[str, Any]:
    shown = {
        "id": held.id,
        "type": held.type.id,
        "title": _title(held.type.title),
        "licence_id": held.licence_id,
        "version": held.version,
        "state": hub.credentials.state(held),
        "valid_from": held.valid_from,
        "valid_until": held.valid_until,
        "fields": held.fields,
        "source": held.type.system or "hub",
    }
    return {**shown, "proof": held.proof} if held.proof else shown


def _title(title: Any) -> str:
    return in_language(title, asking.language())


def _copy(id: str, copy: Copy) -> dict[str, Any]:
    return {
        "copy_id": copy.id,
        "purpose": copy.purpose,
        "valid_until": copy.until,
        "file": f"/api/v1/me/credentials/{id}/copies/{copy.id}/file",
        "proof": copy.proof,
    }

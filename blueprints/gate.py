"""The gate: volunteers scan codes or look a name up, also without a link; shifts are accounts that end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import gate_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller, require_permission
from blueprints.contract import STAFF, Blueprint, Code, answer, problem_codes
from blueprints.problems import in_language
from hub.health_code.gate import Shown, Verdict, Verifier

if TYPE_CHECKING:
    from hub.main import Hub

_VERIFY = "code.verify"
_SCANNED: tuple[Code, ...] = (*STAFF, "NOT_FOUND", "SERVICE_ENDED", "RATE_LIMITED", "REPORT_EXPIRED")


def make(hub: Hub) -> Blueprint:
    """The routes of gates."""
    blueprint = Blueprint("gate", __name__, url_prefix="/api/v1/gate", description="Gates: codes checked")
    _shifts(blueprint, hub)
    _scans(blueprint, hub)
    _without_link(blueprint, hub)
    return blueprint


def _shifts(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/gates")
    @problem_codes(*STAFF, "NOT_FOUND", "SERVICE_ENDED")
    @blueprint.response(200, forms.GatesAnswer, description="In the order of config.", example=forms.GATES)
    def gates() -> Response:
        """The gates at which a shift can begin"""
        _verifier()
        found = hub.health_code.codes.open().gates.values()
        spoken = asking.language()
        items = [{"id": each.id, "name": in_language(each.name, spoken), "region": each.region} for each in found]
        return answer({"items": items, "next_cursor": None})

    @blueprint.route("/shifts", methods=["POST"])
    @recorded("gate.shift")
    @problem_codes(*STAFF, "NOT_FOUND", "SERVICE_ENDED", "CHOICE", "RANGE")
    @blueprint.arguments(forms.ShiftForm)
    @blueprint.response(201, forms.ShiftAnswer, description="The tokens are shown once.", example=forms.SHIFT)
    def shift(form: dict[str, Any]) -> Response:
        """Open an account for one gate and some hours"""
        noting(target=f"gate:{form['gate_id']}"[:80])
        with hub.database.session() as session:
            made, tokens = hub.health_code.shifts.open(
                session, form["gate_id"], form["minutes"], caller().citizen_id
            )
        return answer(
            {
                "shift_id": made.staff_id, "gate_id": made.gate_id, "ends_at": made.ends_at,
                "access_token": tokens.access_token, "refresh_token": tokens.refresh_token,
                "expires_in": tokens.expires_in,
            },
            201,
        )  # fmt: skip


def _scans(blueprint: Blueprint, hub: Hub) -> None:
    gate = hub.health_code.gate

    @blueprint.route("/scans", methods=["POST"])
    @problem_codes(*_SCANNED, "QR_INVALID", "QR_EXPIRED", "CHOICE", "TIMEZONE_MISSING", "DATE", "DATE_RANGE")
    @blueprint.arguments(forms.ScanForm)
    @blueprint.response(200, forms.VerdictAnswer, description="And nothing else of the person.", example=forms.VERDICT)
    def scan(form: dict[str, Any]) -> Response:
        """Scan a code at a gate"""
        by = _verifier()
        return answer(_verdict(gate.scan(by, _shown(form))))

    @blueprint.route("/lookups", methods=["POST"])
    @problem_codes(*_SCANNED, "FORMAT", "TOO_SHORT")
    @blueprint.arguments(forms.LookupForm)
    @blueprint.response(200, forms.VerdictAnswer, description="Masked.", example=forms.VERDICT)
    def look_up(form: dict[str, Any]) -> Response:
        """Look somebody up who has no phone, by name and the end of the number"""
        by = _verifier()
        return answer(_verdict(gate.look_up(by, form["name"], form["id_tail"].upper())))


def _without_link(blueprint: Blueprint, hub: Hub) -> None:
    gate = hub.health_code.gate

    @blueprint.route("/offline-pack")
    @problem_codes(*STAFF, "NOT_FOUND", "SERVICE_ENDED", "KEY_UNAVAILABLE")
    @blueprint.response(200, forms.PackAnswer, description="Signed; after its end it decides nothing.")
    def pack() -> Response:
        """Keys, rules and revocations for the next minutes without a link"""
        _verifier()
        with hub.database.session() as session:
            return answer(gate.pack(session), Cache_Control="no-store")

    @blueprint.route("/scans/batch", methods=["POST"])
    @problem_codes(*STAFF, "NOT_FOUND", "SERVICE_ENDED", "TOO_LONG", "TOO_SHORT", "QR_INVALID", "CHOICE", "DATE")
    @problem_codes("TIMEZONE_MISSING", "DATE_RANGE")
    @blueprint.arguments(forms.ScanBatchForm)
    @blueprint.response(200, forms.ScanBatchAnswer, description="One outcome each.", example=forms.BATCH)
    def hand_in(form: dict[str, Any]) -> Response:
        """Hand in what was scanned without a link; twice is harmless"""
        by = _verifier()
        with hub.database.session() as session:
            found = gate.hand_in(session, by, [_shown(each) for each in form["scans"]])
        items = [
            {"state": each.state, **(_verdict(each.verdict) if each.verdict else forms.NOTHING)} for each in found
        ]
        return answer({"items": items})


def _verifier() -> Verifier:
    principal = require_permission(_VERIFY)
    return Verifier(principal.citizen_id, principal.roles, asking.trace().id)


def _shown(form: dict[str, Any]) -> Shown:
    return Shown(form["code"], form["gate_id"], form["direction"], datetime.fromisoformat(form["scanned_at"]))


def _verdict(verdict: Verdict) -> dict[str, Any]:
    language = asking.language()
    return {
        "result": verdict.result,
        "grade": verdict.grade or None,
        "advice": in_language(verdict.advice, language),
        "name_masked": verdict.name_masked,
        "id_masked": verdict.id_masked,
    }

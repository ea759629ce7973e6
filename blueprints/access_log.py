"""The citizen's view of the ledger: who read my data, the proof of it, and "I do not recognise this"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response

from blueprints import asking
from blueprints import ledger_forms as forms
from blueprints.appeals import shown_whole
from blueprints.appeals_forms import WHOLE, WholeAppealAnswer
from blueprints.auth import require
from blueprints.contract import SIGNED_IN, Blueprint, answer, paged, problem_codes
from blueprints.idempotency import idempotent
from blueprints.ids import as_uuid, going_on
from blueprints.problems import in_language
from hub.appeals.service import Said
from hub.errors import Fault, Problem
from hub.ledger.access import Line, Whose
from hub.ledger.statement import micros, moment

if TYPE_CHECKING:
    from datetime import datetime

    from hub.main import Hub
    from hub.settings.shapes import Service, Text

_MINE = (*SIGNED_IN, "ROLE_REQUIRED", "KEY_UNAVAILABLE")
_NO_TIME = 10**16  # microseconds
_TO_LEVEL = 2  # an appeal needs a name
_NAMES: Mapping[str, Text] = {
    "own": {"zh": "本人", "en": "Yourself"},
    "acted": {"zh": "本人授权的代理人", "en": "Whoever acts for you"},
}
_BY_ORDER = {"zh": "依令查看的机关", "en": "An authority, by order"}
_CONSENT = {
    "zh": "个人信息保护法第十三条第一款第一项",
    "en": "Personal Information Protection Law, article 13 (1) no. 1: you agreed",
}


def make(hub: Hub) -> Blueprint:
    """The routes of the citizen's own log."""
    blueprint = Blueprint("access_log", __name__, url_prefix="/api/v1/me", description="Who read my data")
    _reading(blueprint, hub)
    _proving(blueprint, hub)
    return blueprint


def _reading(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/access-log")
    @problem_codes(*_MINE, "PAGE_INVALID")
    @blueprint.arguments(forms.LogAsked, location="query")
    @blueprint.response(
        200, forms.AccessLogAnswer, description="The newest first.",
        example={"items": [forms.ACCESS], "next_cursor": None},
    )  # fmt: skip
    def log(asked: dict[str, Any]) -> Response:
        """Who read which of my fields, when, why and by what right"""
        citizen, size, before = require().citizen_id, asked["page_size"], _before(asked)
        since, until = (date.fromisoformat(asked[name]) if name in asked else None for name in ("since", "until"))
        if since and until and since > until:
            raise Problem("PARAM_INVALID", faults=(Fault("to", "RANGE_ORDER"),))
        with hub.database.session() as session:
            found = hub.ledger.access.page(session, _whose(hub, session, citizen), since, until, before, size + 1)
        return answer(paged(found, size, lambda line: _shown(hub, line), lambda line: str(micros(line.at))))

    @blueprint.route("/access-log/period")
    @problem_codes(*_MINE)
    @blueprint.response(200, forms.PeriodAnswer, description="From when to when.", example=forms.PERIOD)
    def period() -> Response:
        """From when to when there are entries, and how many of the county's are sealed"""
        citizen = require().citizen_id
        with hub.database.session() as session:
            found = hub.ledger.access.period(session, _whose(hub, session, citizen))
        return answer({"first_at": found.first, "last_at": found.last, "sealed": found.sealed})


def _proving(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/access-log/<string:exchange_id>/proof")
    @problem_codes(*_MINE, "NOT_FOUND", "PROOF_PENDING")
    @blueprint.arguments(forms.ProofAsked, location="query")
    @blueprint.response(200, forms.LedgerProofAnswer, description="To be checked without us.", example=forms.PROOF)
    def proof(asked: dict[str, Any], exchange_id: str) -> Response:
        """That an entry of mine is in the log; checked offline with public keys"""
        with hub.database.session() as session:
            id = _mine(hub, session, require().citizen_id, exchange_id)
            return answer(hub.ledger.proofs.of(session, id, asked["since"]))

    @blueprint.route("/access-log/<string:exchange_id>/disputes", methods=["POST"])
    @problem_codes(*_MINE, "NOT_FOUND", "LEVEL_REQUIRED")
    @blueprint.arguments(forms.AccessDisputeForm)
    @blueprint.response(201, WholeAppealAnswer, description="Received, and with an office.", example=WHOLE)
    @idempotent()
    def dispute(form: dict[str, Any], exchange_id: str) -> Response:
        """I do not recognise this"""
        citizen = require(_TO_LEVEL).citizen_id
        with hub.database.session() as session:
            id = _mine(hub, session, citizen, exchange_id)
            said = Said(f"不认可的数据查询 exchange {id}\n{form['text']}".strip(), hub.settings.now.hub.region)
            return answer(shown_whole(hub.appeals.submit(session, "appeal", citizen, said)), 201)


def _mine(hub: Hub, session: Any, citizen: str, text: str) -> UUID:
    id = as_uuid(text)
    hub.ledger.access.is_mine(session, _whose(hub, session, citizen), id)
    return id


def _whose(hub: Hub, session: Any, citizen: str) -> Whose:
    person, evidence = hub.identity.registered(session, citizen), hub.ledger.evidence
    shared = evidence.subject_tags("citizen", citizen)
    if person is not None:
        shared += evidence.subject_tags("resident_id", person.id_number)
    return Whose((hub.gateway.tag(citizen),), tuple(shared))


def _answered(hub: Hub, line: Line) -> list[str]:
    """What a service of this system answers."""
    service = hub.settings.now.services.get(line.service)
    if service is None or not service.system or not service.operation:
        return []
    if service.system not in hub.settings.now.systems:
        return []
    told = hub.systems.declared(service.system, service.operation).get("answer", {})
    return [*told.get("fields", {}), *told.get("lists", {})]


def _before(page: Mapping[str, Any]) -> datetime | None:
    number = going_on(page)
    if number is None:
        return None
    if number >= _NO_TIME:
        raise Problem("PAGE_INVALID")
    return moment(number)


def _receiver(hub: Hub, line: Line) -> str | Text:
    if line.kind in _NAMES:
        return _NAMES[line.kind]
    office = hub.settings.now.departments.get(line.user)
    return office.name if office else line.user or _BY_ORDER


def _purpose(line: Line, service: Service | None) -> str | Text:
    """As it is on record; in the reader's language where it is still what the service says."""
    told = service.purpose if service else {}
    return told if line.purpose in ("", told.get("zh")) else line.purpose


def _shown(hub: Hub, line: Line) -> dict[str, Any]:
    made, service = line.statement, hub.settings.now.services.get(line.service)
    language = asking.language()
    return {
        "exchange_id": str(line.exchange_id),
        "at": line.at,
        "kind": line.kind,
        "action": made.op if made else "READ",
        "outcome": line.outcome,
        "receiver_code": line.user or line.kind,
        "receiver_name": in_language(_receiver(hub, line), language),
        "receiver_system": line.system,
        "service": line.service,
        "service_title": in_language(service.title, language) if service else "",
        "officer_ref": made.officer_ref if made else "",
        "fields": list(made.fields) if made else _answered(hub, line),
        "purpose": in_language(_purpose(line, service), language),
        "basis": made.basis if made else in_language(_CONSENT, language) if line.kind != "shared" else "",
        "case_no": made.case_no if made else "",
        "consent_id": made.consent_id if made else "",
        "data_class": made.data_class if made else service.data_class if service else None,
        "evidence_level": line.level,
        "count": line.count,
        "proof": f"/api/v1/me/access-log/{line.exchange_id}/proof",
    }

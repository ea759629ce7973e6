"""The log of exchanges as everybody may check it, its entries for those entitled, and the script that checks proofs."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response

from blueprints import ledger_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from blueprints.ids import as_uuid
from hub.errors import Fault, Problem, invalid
from hub.ledger import proofs
from hub.ledger.statement import Statement
from hub.ledger.tiles import BYTES, WIDTH, Tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.ledger.models import EntryRow
    from hub.main import Hub

_FOREVER = "public, max-age=31536000, immutable"
_TILE = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_PLAIN = {"text/plain": {"schema": {"type": "string"}}}
_RAW = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_REPLY = {"application/timestamp-reply": _RAW["application/octet-stream"]}
AUDITOR = "auditor"
_MONTH = timedelta(days=31)


def make(hub: Hub) -> Blueprint:
    """The routes of the ledger."""
    blueprint = Blueprint("ledger", __name__, url_prefix="/api/v1/ledger", description="The log of exchanges")
    _public(blueprint, hub)
    _entitled(blueprint, hub)
    _investigating(blueprint, hub)
    return blueprint


def _public(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/checkpoint")
    @problem_codes("PROOF_PENDING", "STORE_UNAVAILABLE")
    @blueprint.doc(responses={200: {"description": "A signed note (C2SP tlog-checkpoint).", "content": _PLAIN}})
    def checkpoint() -> Response:
        """The last checkpoint, with its cosignatures"""
        with hub.database.session() as session:
            note = hub.ledger.checkpoint(session).note
        return _text(note, "public, max-age=5")

    @blueprint.route("/stamps/<int:size>")
    @problem_codes("NOT_FOUND", "STORE_UNAVAILABLE")
    @blueprint.doc(responses={200: {"description": "The authority's answer (RFC 3161).", "content": _REPLY}})
    def stamp(size: int) -> Response:
        """The time stamp of the checkpoint with so many leaves: `openssl ts -verify -data checkpoint -in …`"""
        with hub.database.session() as session:
            raw = hub.ledger.stamp(session, size)
        return Response(raw, mimetype="application/timestamp-reply", headers={"Cache-Control": _FOREVER})

    @blueprint.route("/tile/<int:level>/<path:place>")
    @problem_codes("NOT_FOUND", "STORE_UNAVAILABLE")
    @blueprint.doc(responses={200: {"description": "Up to 256 hashes of 32 bytes (C2SP tlog-tiles).", "content": _RAW}})
    def tile(level: int, place: str) -> Response:
        """One tile of the tree; readers compute proofs from tiles"""
        number, width = _place(place)
        with hub.database.session() as session:
            hashes = Tiles(session).tile(level, number)[: width * BYTES] if level < 8 else b""
        if len(hashes) < width * BYTES:
            raise Problem("NOT_FOUND")
        return Response(hashes, mimetype="application/octet-stream", headers={"Cache-Control": _FOREVER})

    @blueprint.route("/days")
    @problem_codes("STORE_UNAVAILABLE")
    @blueprint.response(200, forms.DaysAnswer, description="The last month, the newest first.", example=forms.DAYS)
    def days() -> Response:
        """Which departments signed for what they gave, day by day, and which did not"""
        since = (hub.clock.now() - _MONTH).date()
        with hub.database.session() as session:
            return answer({"items": [asdict(day) for day in hub.ledger.countersigning.days(session, since)]})

    @blueprint.route("/keys")
    @blueprint.response(200, forms.LedgerKeysAnswer, description="As they are now.", example=forms.KEYS)
    def keys() -> Response:
        """The public keys of log, witnesses and receipts"""
        return answer(hub.ledger.public_keys())

    @blueprint.route("/checking_proofs.py")
    @blueprint.doc(responses={200: {"description": "A program in Python.", "content": _PLAIN}})
    def script() -> Response:
        """The program that checks proofs with public keys only"""
        return _text(hub.ledger.script(), "public, max-age=3600")


def _entitled(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/entries/<string:exchange_id>")
    @recorded("ledger.read", "exchange:{exchange_id}")
    @problem_codes(*STAFF, "NOT_FOUND", "KEY_UNAVAILABLE")
    @blueprint.response(200, forms.LedgerEntryAnswer, description="What was stated and signed.", example=forms.ENTRY)
    def entry(exchange_id: str) -> Response:
        """One shared exchange, for its parties and the auditor"""
        with hub.database.session() as session:
            return answer(_entry(hub, session, _allowed(session, as_uuid(exchange_id))))

    @blueprint.route("/proofs/<string:exchange_id>")
    @recorded("ledger.read", "exchange:{exchange_id}")
    @problem_codes(*STAFF, "NOT_FOUND", "PROOF_PENDING", "KEY_UNAVAILABLE")
    @blueprint.arguments(forms.ProofAsked, location="query")
    @blueprint.response(200, forms.LedgerProofAnswer, description="To be checked without us.", example=forms.PROOF)
    def proof(asked: dict[str, Any], exchange_id: str) -> Response:
        """That one shared exchange is in the log, for its parties and the auditor"""
        id = as_uuid(exchange_id)
        with hub.database.session() as session:
            _allowed(session, id)
            return answer(hub.ledger.proofs.of(session, id, asked["since"]))


def _investigating(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/investigations", methods=["POST"])
    @recorded("ledger.investigate")
    @problem_codes(*STAFF, "KEY_UNAVAILABLE", "RANGE_ORDER", "TIMEZONE_MISSING", "DATE", "TOO_SHORT")
    @blueprint.arguments(forms.InvestigationForm)
    @blueprint.response(200, forms.InvestigationAnswer, description="What can be shown.", example=forms.INVESTIGATION)
    def investigate(form: dict[str, Any]) -> Response:
        """Where leaked values may have come from: exchanges, takers with likelihood, receipts, what cannot be shown"""
        since, until = (datetime.fromisoformat(form[name]) if name in form else None for name in ("since", "until"))
        if since and until and since >= until:
            raise invalid([Fault("until", "RANGE_ORDER")])
        noting(after={"values": len(form["values"])})
        return answer(hub.ledger.investigate(form["values"], since, until))


def _allowed(session: Any, exchange_id: UUID) -> Sequence[EntryRow]:
    """An auditor sees all; an office what it gave or got."""
    staff, rows = caller(), proofs.entries(session, exchange_id)
    mine = staff.region and any(staff.region in (row.supplier, row.user) for row in rows)
    if not rows or not (AUDITOR in staff.roles or mine):
        raise Problem("NOT_FOUND")
    return rows


def _entry(hub: Hub, session: Any, rows: Sequence[EntryRow]) -> dict[str, Any]:
    kept = hub.ledger.evidence.opened(session, rows[0])
    signed = proofs.receipts(session, rows[0].exchange_id)
    return {
        "exchange_id": str(rows[0].exchange_id),
        "statement": proofs.shown(Statement.unpacked(kept["statement"])) if kept else None,
        "steps": [{"step": row.step, "at": row.at, "spooled": row.spooled} for row in rows],
        "evidence_level": proofs.level(signed),
        "receipts": signed,
    }


def _place(text: str) -> tuple[int, int]:
    """The number of a tile and how many hashes are asked for: `x001/234`, `067.p/5`."""
    match = _TILE.fullmatch(text)
    if match is None or len(text) > 40:
        raise Problem("NOT_FOUND")
    number, width = int(match[1].replace("x", "").replace("/", "")), int(match[2] or WIDTH)
    if width > WIDTH or number >= 1 << 63:
        raise Problem("NOT_FOUND")
    return number, width


def _text(text: str, caching: str) -> Response:
    return Response(text, mimetype="text/plain", headers={"Cache-Control": caching})

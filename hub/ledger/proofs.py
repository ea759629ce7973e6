"""Proof that an exchange is in the log: its leaves, their ways to the root of a cosigned checkpoint, and who signed.

Whoever has the document and the public keys can check it without us; `checking_proofs.py` does, and is handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.errors import Problem
from hub.ledger.checkpoints import QUORUM, Made, newest
from hub.ledger.evidence import Evidence
from hub.ledger.models import EntryRow, ExchangeRow, LeafRow, ReceiptRow
from hub.ledger.sequencer import EXCHANGE, leaf_of_row
from hub.ledger.statement import Statement
from hub.ledger.tiles import Tiles
from hub.ledger.tree import consistency, inclusion

FORMAT = "xiantong-proof/1"


class Proofs:
    """Takes a session and never commits."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def of(self, session: Session, exchange_id: UUID, since: int = 0) -> dict[str, Any]:
        """`since` is the size of a checkpoint known before: its consistency with this one is proved too. Raises
        NOT_FOUND; PROOF_PENDING while no checkpoint has it."""
        places = self._places(session, exchange_id)
        made = self._checkpoint(session, max(places[-1].number, since - 1))
        tiles = Tiles(session)
        rows = {row.step: row for row in entries(session, exchange_id)}
        leaves = []
        for place in places:
            leaf = rows[place.step].leaf if place.step in rows else self._of_gateway(session, place)
            path = inclusion(tiles.at, place.number, made.size)
            told = {
                "step": place.step,
                "number": place.number,
                "leaf": leaf.hex(),
                "path": [each.hex() for each in path],
            }
            leaves.append(told | self._within(session, rows.get(place.step)))
        between = consistency(tiles.at, since, made.size) if 0 < since < made.size else []
        return {
            "format": FORMAT,
            "exchange_id": str(exchange_id),
            "checkpoint": made.note,
            "leaves": leaves,
            "consistency": {"since": since, "path": [each.hex() for each in between]} if since else None,
            "receipts": receipts(session, exchange_id),
            "timestamp_token": made.stamp.hex() if made.stamp else None,
        }

    @staticmethod
    def _places(session: Session, exchange_id: UUID) -> Sequence[LeafRow]:
        query = select(LeafRow).where(LeafRow.exchange_id == exchange_id).order_by(LeafRow.number)
        found = session.scalars(query).all()
        if not found:
            raise Problem("PROOF_PENDING", origin="hub", retry_after=5)
        return found

    @staticmethod
    def _checkpoint(session: Session, last: int) -> Made:
        """The newest with that leaf that enough witnesses cosigned and that is stamped, else cosigned, else of all."""
        made = newest(session, QUORUM, last, stamped=True) or newest(session, QUORUM, last) or newest(session, 0, last)
        if made is None:
            raise Problem("PROOF_PENDING", origin="hub", retry_after=60)
        return made

    @staticmethod
    def _of_gateway(session: Session, place: LeafRow) -> bytes:
        row = session.get(ExchangeRow, (place.at, place.exchange_id)) if place.step == EXCHANGE else None
        if row is None:  # its years are over: the leaf stays, what it said is gone
            raise Problem("NOT_FOUND")
        return leaf_of_row(row)

    def _within(self, session: Session, row: EntryRow | None) -> dict[str, str]:
        """What the decision's leaf is the digest of, for whoever may see it."""
        if row is None or row.step != "DECIDED":
            return {}
        kept = self._evidence.opened(session, row)
        return {"statement": kept["statement"].hex(), "salt": kept["salt"].hex()} if kept else {}


def entries(session: Session, exchange_id: UUID) -> Sequence[EntryRow]:
    """In the order they happened."""
    return session.scalars(
        select(EntryRow).where(EntryRow.exchange_id == exchange_id).order_by(EntryRow.at, EntryRow.step)
    ).all()


def receipts(session: Session, exchange_id: UUID) -> list[dict[str, str]]:
    rows = session.scalars(select(ReceiptRow).where(ReceiptRow.exchange_id == exchange_id).order_by(ReceiptRow.party))
    return [{"party": row.party, "signer": row.signer, "cose": row.cose.hex()} for row in rows]


def level(signed: Sequence[dict[str, str]]) -> str:
    """E3 where supplier and user signed too, else E1."""
    return "E3" if {each["party"] for each in signed} >= {"S", "U"} else "E1"


def shown(statement: Statement) -> dict[str, Any]:
    """The statement for reading."""

    def at(moment: datetime | None) -> str | None:
        return moment.isoformat() if moment else None

    names = (
        "supplier", "user", "system", "officer_ref", "service", "service_version", "op", "basis", "purpose", "case_no",
        "consent_id", "data_class", "policy_version", "config_version", "suite",
    )  # fmt: skip
    return {
        "exchange_id": str(statement.exchange_id),
        "at": at(statement.at),
        **{name: getattr(statement, name) for name in names},
        "fields": list(statement.fields),
        "sealed_until": at(statement.sealed_until),
    }

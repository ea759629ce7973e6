"""Which exchanges gave these values, found by the commitments: each is computed again with its kept salt and compared.

Exchanges about a person whose number is among the values are found by the person, those whose own number is by that,
lists are all looked through; where no person's number is among them, every exchange of the time is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import cbor2
from sqlalchemy import ColumnElement, and_, extract, or_, select
from sqlalchemy.orm import Session

from hub.crypto import Box, Crypto
from hub.fields import id_check
from hub.ledger.evidence import KEY, Evidence, sealing_purpose
from hub.ledger.models import EntryRow, SubjectKeyRow
from hub.ledger.statement import commitment, salt_of

_ID = re.compile(r"[1-8][0-9]{16}[0-9X]", re.ASCII)
_CREDIT = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}", re.ASCII)
_YUAN = re.compile(r"[0-9]{1,12}\.[0-9]{1,2}", re.ASCII)
_EXCHANGE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)  # the last column of a batch file
_BYTES, _AT_ONCE = 32, 2000


@dataclass(frozen=True, slots=True)
class Hit:
    """One exchange that gave some of the values: which of them (by place), as which fields."""

    exchange_id: UUID
    at: datetime
    supplier: str
    user: str
    service: str
    subject_tag: bytes
    values: frozenset[int]
    fields: frozenset[str]


class Tracing:
    """Takes a session and never commits."""

    def __init__(self, evidence: Evidence, crypto: Crypto, suite: str) -> None:
        self._evidence, self._crypto, self._suite = evidence, crypto, suite

    def hits(self, session: Session, values: Sequence[str], since: datetime, until: datetime) -> Iterator[Hit]:
        """In the order of time."""
        wanted = [(form, place) for place, value in enumerate(values) for form in _spellings(value)]
        for row, key in self._candidates(session, values, since, until):
            found = self._matched(row, key, wanted)
            if found:
                places, names = frozenset(found), frozenset().union(*found.values())
                yield Hit(row.exchange_id, row.at, row.supplier, row.user, row.service, row.subject_tag, places, names)

    def _candidates(
        self, session: Session, values: Sequence[str], since: datetime, until: datetime
    ) -> Iterator[tuple[Any, bytes]]:
        year = extract("year", EntryRow.at)
        keyed = and_(SubjectKeyRow.subject_tag == EntryRow.subject_tag, SubjectKeyRow.year == year)
        columns = (EntryRow.exchange_id, EntryRow.at, EntryRow.supplier, EntryRow.user, EntryRow.service,
                   EntryRow.subject_tag, EntryRow.sealed, EntryRow.commitments)  # fmt: skip
        query = (
            select(*columns, SubjectKeyRow.key_sealed)
            .join(SubjectKeyRow, keyed)
            .where(EntryRow.step == "DELIVERED", EntryRow.at >= since, EntryRow.at < until, self._about(values))
            .order_by(EntryRow.at)
        )
        for row in session.execute(query.execution_options(yield_per=_AT_ONCE)):
            yield row, row.key_sealed

    def _about(self, values: Sequence[str]) -> ColumnElement[bool]:
        numbers = [(kind, each) for each in values if (kind := _kind(each))]
        tags = [tag for kind, each in numbers for tag in self._evidence.subject_tags(kind, each)]
        if not tags:
            return EntryRow.rows > 0
        shown = [UUID(each) for each in values if _EXCHANGE.fullmatch(each)]
        return or_(EntryRow.subject_tag.in_(tags), EntryRow.rows > 1, EntryRow.exchange_id.in_(shown))

    def _matched(self, row: Any, key: bytes, wanted: Sequence[tuple[str, int]]) -> Mapping[int, set[str]]:
        """Which of the values, as which fields."""
        box: Box = self._crypto.box(key, KEY)
        kept = cbor2.loads(box.open_bytes(row.sealed, sealing_purpose(row.exchange_id, "DELIVERED")))
        names = [name for each in kept["names"] for name in each]
        id = str(row.exchange_id)
        found: dict[int, set[str]] = {number: {"exchange_id"} for value, number in wanted if value == id}
        for place, name in enumerate(names):
            made, salt = row.commitments[place * _BYTES : (place + 1) * _BYTES], salt_of(kept["seed"], place)
            for value, number in wanted:
                if commitment(self._suite, salt, name, value) == made:
                    found.setdefault(number, set()).add(name)
        return found


def _kind(value: str) -> str:
    """Whether a value is somebody's number: resident_id, credit_code or neither."""
    text = value.strip().upper()
    if _ID.fullmatch(text) and id_check(text[:17]) == text[17]:
        return "resident_id"
    return "credit_code" if _CREDIT.fullmatch(text) and not text.isdigit() else ""


def _spellings(value: str) -> list[str]:
    """As it may have been given: as it is, with a great X, yuan in fen."""
    text = value.strip()
    found = [text, text.upper()]
    if _YUAN.fullmatch(text):
        found.append(str(int(Decimal(text) * 100)))
    return list(dict.fromkeys(found))

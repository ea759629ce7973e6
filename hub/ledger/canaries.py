"""Persons who do not exist, a few for each department, put into lists that it takes and into nothing else. Whoever
shows one of them had that list. Who they are is the auditor's to know; the table holds it sealed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.fields import id_check
from hub.ledger.models import CanaryRow

AREA = "659099"  # no place has it; nobody is born there
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴", "芳伟秀英敏静丽强磊军洋勇艳杰涛明超兰霞平"
PURPOSE = "ledger.canary"
_SEALED = ("name", "id_number", "phone", "file", "officer")
QUARTER = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Canary:
    """`phone` rings at the audit office. `file` and `officer`: the one list it was made for, and who asked for it."""

    user: str
    name: str
    id_number: str
    phone: str
    made_at: datetime
    file: str = ""
    officer: str = ""


class Canaries:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock) -> None:
        self._crypto, self._clock = crypto, clock

    def make(
        self, session: Session, user: str, count: int, phone: str, file: str = "", officer: str = ""
    ) -> Sequence[Canary]:
        """So many more for a department; 5 to 20, new ones each quarter. Those of a `file` stand in that one alone."""
        made = [replace(self._new(user, phone), file=file, officer=officer) for _ in range(count)]
        for each in made:
            plain = orjson.dumps({name: getattr(each, name) for name in _SEALED})
            sealed = self._crypto.seal(plain, PURPOSE)
            session.add(CanaryRow(id=uuid4(), user=user, sealed=sealed, made_at=each.made_at))
        return made

    def of(self, session: Session, user: str) -> Sequence[Canary]:
        """Those of this quarter that may stand in any list for this department."""
        since = self._clock.now() - QUARTER
        mine = select(CanaryRow).where(CanaryRow.user == user, CanaryRow.made_at >= since).order_by(CanaryRow.made_at)
        return [each for each in map(self._opened, session.scalars(mine)) if not each.file]

    def among(self, session: Session, values: Iterable[str]) -> Sequence[Canary]:
        """Those that somebody shows by number, or by name and telephone."""
        shown = set(values)
        return [
            each
            for each in map(self._opened, session.scalars(select(CanaryRow)))
            if each.id_number in shown or {each.name, each.phone} <= shown
        ]

    def _opened(self, row: CanaryRow) -> Canary:
        told = orjson.loads(self._crypto.open(row.sealed, PURPOSE))
        return Canary(row.user, made_at=row.made_at, **told)

    def _new(self, user: str, phone: str) -> Canary:
        born = f"{1950 + secrets.randbelow(50)}{1 + secrets.randbelow(12):02d}{1 + secrets.randbelow(28):02d}"
        first = f"{AREA}{born}{secrets.randbelow(1000):03d}"
        name = secrets.choice(_SURNAMES) + "".join(secrets.choice(_GIVEN) for _ in range(2))
        return Canary(user, name, first + id_check(first), phone, self._clock.now())

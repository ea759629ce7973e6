"""The manual queue: doubtful rows, and the decision that is used from then on.

The department that keeps the row decides, or the platform; never the one that asked for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import orjson
from sqlalchemy import delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.matching.masks import masked
from hub.matching.models import MatchRow
from hub.matching.rules import Sought, Told, Verdict
from hub.settings.sharing_shapes import Sharing

State = Literal["open", "same", "other"]
VALUES, REASON = "matching.values", "matching.reason"
Outcome = Literal["same", "other", "again"]


@dataclass(frozen=True, slots=True)
class Context:
    """Where a row came from, and who asked for it; `kind` is of whose number it is, as the ledger names it."""

    resource: str
    system: str
    owner: str
    consumer: str
    officer: str
    kind: str


@dataclass(frozen=True, slots=True)
class Match:
    """One row in doubt. `decides`: whoever looks may decide it, and has `sought`, `told` and `kind` as long as it is
    open: masked in a list, whole in one alone."""

    id: str
    resource: str
    system: str
    owner: str
    consumer: str
    number: str
    name: str
    born: str
    state: State
    found_at: datetime
    lapses_at: datetime | None
    decided_at: datetime | None
    decides: bool
    kind: str = ""
    sought: Sought | None = field(default=None, repr=False)
    told: Told | None = field(default=None, repr=False)


class Queue:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock, configured: Callable[[], Sharing]) -> None:
        self._crypto, self._clock, self._configured = crypto, clock, configured

    def found(self, session: Session, context: Context, sought: Sought, told: Told) -> tuple[str, State] | None:
        """Such a row by its id, and what was decided of it; None where nobody was ever asked."""
        tag = self._tag(context, sought, told)
        row = session.execute(select(MatchRow.id, MatchRow.state).where(MatchRow.tag == tag)).first()
        return (row.id, cast(State, row.state)) if row else None

    def add(self, session: Session, context: Context, sought: Sought, told: Told, verdict: Verdict) -> str:
        """Its id. Of two at once there is one."""
        tag = self._tag(context, sought, told)
        id, values = "m" + secrets.token_hex(16), {"kind": context.kind, "sought": asdict(sought), "told": asdict(told)}
        found = session.execute(
            insert(MatchRow)
            .values(
                id=id, tag=tag, resource=context.resource, system=context.system, owner=context.owner,
                consumer=context.consumer, officer=context.officer, fits=[verdict.number, verdict.name, verdict.born],
                values_sealed=self._crypto.seal(orjson.dumps(values), f"{VALUES}:{id}"), state="open",
                found_at=self._clock.now(), decided_by="",
            )
            .on_conflict_do_update(index_elements=[MatchRow.tag], set_={"officer": MatchRow.officer})
            .returning(MatchRow.id)
        )  # fmt: skip
        return str(found.scalar_one())

    def page(
        self, session: Session, office: str, state: str = "", before: str = "", limit: int = 20
    ) -> Sequence[Match]:
        """Of an office's own rows, and of those it asked for; all for the platform. The newest first, masked."""
        query = select(MatchRow)
        if office != self._configured().platform:
            query = query.where(or_(MatchRow.owner == office, MatchRow.consumer == office))
        if state:
            query = query.where(MatchRow.state == state)
        if before:
            last = session.get(MatchRow, before)
            if last is None:
                raise Problem("NOT_FOUND")
            query = query.where(tuple_(MatchRow.found_at, MatchRow.id) < (last.found_at, last.id))
        rows = session.scalars(query.order_by(MatchRow.found_at.desc(), MatchRow.id.desc()).limit(limit))
        return [self._match(row, office) for row in rows]

    def get(self, session: Session, id: str, office: str) -> Match:
        """With the values, for those who may decide it. Raises NOT_FOUND for anybody else."""
        return self._match(self._mine(session, id, office), office, whole=True)

    def decide(self, session: Session, id: str, office: str, officer: str, outcome: Outcome, reason: str) -> Match:
        """`again`: whatever was decided is forgotten, and the next question finds it open. Raises NOT_FOUND, for who
        asked too, and STATE_CONFLICT for what is decided."""
        row = self._mine(session, id, office, lock=True)
        if (row.state == "open") is (outcome == "again"):
            raise Problem("STATE_CONFLICT")
        if outcome == "again":
            session.delete(row)
            return self._match(row, office)
        row.state, row.decided_at, row.decided_by = outcome, self._clock.now(), officer
        row.values_sealed = None
        row.reason_sealed = self._crypto.seal(reason.encode(), f"{REASON}:{row.id}")
        return self._match(row, office)

    def forget(self, session: Session) -> int:
        """What nobody decided in time; it comes back with the next question."""
        late = self._clock.now() - timedelta(days=self._configured().match_days)
        gone = session.execute(
            delete(MatchRow).where(MatchRow.state == "open", MatchRow.found_at <= late).returning(MatchRow.id)
        )
        return len(gone.all())

    def _mine(self, session: Session, id: str, office: str, lock: bool = False) -> MatchRow:
        row = session.get(MatchRow, id, with_for_update=lock)
        if row is None or not self._decides(row, office):
            raise Problem("NOT_FOUND")
        return row

    def _tag(self, context: Context, sought: Sought, told: Told) -> bytes:
        """Of what a decision is about; the name that was asked with is not part of it: it may be spelled another way
        next time."""
        text = "\0".join((context.resource, sought.number, told.number, told.name, told.born, told.record))
        return self._crypto.lookup(text, "matching.match")

    def _decides(self, row: MatchRow, office: str) -> bool:
        return office in {row.owner, self._configured().platform} - {row.consumer, ""}

    def _match(self, row: MatchRow, office: str, whole: bool = False) -> Match:
        lapses = row.found_at + timedelta(days=self._configured().match_days) if row.state == "open" else None
        decides, (number, name, born) = self._decides(row, office), row.fits
        values = self._values(row, row.values_sealed, whole) if decides and row.values_sealed else {}
        return Match(
            row.id, row.resource, row.system, row.owner, row.consumer, number, name, born, cast(State, row.state),
            row.found_at, lapses, row.decided_at, decides, **values,
        )  # fmt: skip

    def _values(self, row: MatchRow, sealed: bytes, whole: bool) -> dict[str, Any]:
        """Raises KEY_UNAVAILABLE; a list has its other rows without that one's values."""
        try:
            opened = orjson.loads(self._crypto.open(sealed, f"{VALUES}:{row.id}"))
        except Problem:
            if whole:
                raise
            return {}
        sought, told = Sought(**opened["sought"]), Told(**opened["told"])
        sought, told = (sought, told) if whole else masked(sought, told)
        return {"kind": opened["kind"], "sought": sought, "told": told}

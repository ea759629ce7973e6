"""The deliveries as they came: stored once, tried one at a time by whoever claims them, done or in quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.crypto import Crypto
from hub.inbox.models import BadRowRow, DeliveryRow, PieceRow
from hub.inbox.rules import ATTEMPTS, named, plain, wait_s
from hub.port import BadRow, Delivery

PIECE = 1024 * 1024
BAD_ROWS = 1000  # of one delivery are listed; all are counted
_RAW_KEPT, _QUARANTINE_KEPT, _KNOWN_FOR = timedelta(days=7), timedelta(days=90), timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to process until its lease is over; `attempts` counts this one."""

    id: int
    source: str
    message_id: str
    digest: bytes
    headers: dict[str, Any]
    received_at: datetime
    attempts: int
    bytes: int

    @property
    def worn_out(self) -> bool:
        """It ended the process that tried it, again and again."""
        return self.attempts > ATTEMPTS


class Deliveries:
    """`lease_s`: how long after its last sign of life a worker is taken for dead."""

    def __init__(self, crypto: Crypto, lease_s: float) -> None:
        self._crypto = crypto
        self._lease = timedelta(seconds=lease_s)

    def store(self, session: Session, source: str, delivery: Delivery, verified: bool) -> bool:
        """True when it is new; False when it had come before and nothing more is to be done."""
        raw = delivery.raw
        digest = self._crypto.lookup(hashlib.sha256(raw).hexdigest(), "inbox.digest")
        now = func.clock_timestamp()
        fresh = insert(DeliveryRow).values(
            source=source, message_id=named(delivery.id, digest), digest=digest, received_at=now, due_at=now,
            headers=dict(delivery.headers), bytes=len(raw), verified=verified,
        )  # fmt: skip
        once = fresh.on_conflict_do_update(
            index_elements=["source", "message_id", "digest"], set_={"times": DeliveryRow.times + 1}
        )
        id, times = session.execute(once.returning(DeliveryRow.id, DeliveryRow.times)).one()
        if times > 1:
            return False
        for number, start in enumerate(range(0, len(raw), PIECE)):
            sealed = self._crypto.seal(raw[start : start + PIECE], purpose_of(digest, number))
            session.execute(insert(PieceRow).values(delivery_id=id, number=number, raw_sealed=sealed))
        return True

    def raw(self, session: Session, claimed: Claimed) -> bytes:
        """What was delivered. A piece that is missing or was changed raises KEY_UNAVAILABLE."""
        rows = session.scalars(select(PieceRow).where(PieceRow.delivery_id == claimed.id).order_by(PieceRow.number))
        pieces = [self._crypto.open(row.raw_sealed, purpose_of(claimed.digest, row.number)) for row in rows]
        return b"".join(pieces)

    def waiting(self, session: Session) -> Sequence[str]:
        """The systems of which something may be processed now."""
        due = (DeliveryRow.processed_at.is_(None), DeliveryRow.due_at <= func.clock_timestamp())
        return session.scalars(select(DeliveryRow.source).where(*due).distinct()).all()

    def claim(self, session: Session, source: str) -> Claimed | None:
        """The oldest one that is due. Whoever claims it and dies loses it when the lease is over."""
        now = func.clock_timestamp()
        due = (DeliveryRow.source == source, DeliveryRow.processed_at.is_(None), DeliveryRow.due_at <= now)
        oldest = select(DeliveryRow.id).where(*due).order_by(DeliveryRow.id).limit(1).with_for_update(skip_locked=True)
        row = session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id == oldest.scalar_subquery())
            .values(attempts=DeliveryRow.attempts + 1, due_at=now + self._lease)
            .returning(
                DeliveryRow.id, DeliveryRow.source, DeliveryRow.message_id, DeliveryRow.digest, DeliveryRow.headers,
                DeliveryRow.received_at, DeliveryRow.attempts, DeliveryRow.bytes,
            )
        ).one_or_none()  # fmt: skip
        return Claimed(*row) if row else None

    def renew(self, session: Session, claimed: Claimed) -> bool:
        """Go on with it; False when it is somebody else's by now."""
        return self._set(session, claimed, due_at=func.clock_timestamp() + self._lease)

    def finish(self, session: Session, claimed: Claimed, records: int, bad_rows: int) -> bool:
        """False when it is somebody else's by now."""
        done = {"processed_at": func.clock_timestamp(), "result": "done", "code": ""}
        return self._set(session, claimed, **done, records=records, bad_rows=bad_rows)

    def fail(self, session: Session, claimed: Claimed, code: str) -> bool:
        """Try again later, or never: True when that was the last attempt."""
        wait = wait_s(claimed.attempts)
        if wait is not None:
            self._set(session, claimed, code=code, due_at=func.clock_timestamp() + timedelta(seconds=wait))
            return False
        self._set(session, claimed, code=code, result="quarantined", processed_at=func.clock_timestamp())
        return True

    def note_bad(self, session: Session, claimed: Claimed, first: int, bad: Sequence[BadRow]) -> None:
        rows = [
            {"delivery_id": claimed.id, "number": first + number, "place": plain(each.place), "code": each.code[:60],
             "note": plain(each.note)}
            for number, each in enumerate(bad)
        ]  # fmt: skip
        if rows:
            session.execute(insert(BadRowRow).on_conflict_do_nothing(), rows)

    def forget_bad(self, session: Session, claimed: Claimed) -> None:
        """What an earlier attempt noted."""
        session.execute(delete(BadRowRow).where(BadRowRow.delivery_id == claimed.id))

    def _set(self, session: Session, claimed: Claimed, **values: Any) -> bool:
        mine = (DeliveryRow.id == claimed.id, DeliveryRow.attempts == claimed.attempts)
        changed = update(DeliveryRow).where(*mine, DeliveryRow.processed_at.is_(None)).values(**values)
        return session.scalar(changed.returning(DeliveryRow.id)) is not None


def release(session: Session, id: int) -> bool:
    """Out of quarantine, with five new attempts; False when it is not there."""
    row = session.scalar(select(DeliveryRow).where(DeliveryRow.id == id).with_for_update())
    if row is None or row.result != "quarantined":
        return False
    row.processed_at, row.result, row.attempts, row.due_at = None, "waiting", 0, row.received_at
    return True


def purge(session: Session) -> None:
    """Forget the bytes of what is done, and that it ever came when it is long ago."""
    now = func.clock_timestamp()
    old = or_(
        (DeliveryRow.result == "done") & (DeliveryRow.processed_at < now - _RAW_KEPT),
        (DeliveryRow.result == "quarantined") & (DeliveryRow.processed_at < now - _QUARANTINE_KEPT),
    )
    session.execute(delete(PieceRow).where(PieceRow.delivery_id.in_(select(DeliveryRow.id).where(old))))
    session.execute(delete(DeliveryRow).where(DeliveryRow.processed_at < now - _KNOWN_FOR))


def purpose_of(digest: bytes, number: int) -> str:
    return f"inbox.raw:{digest.hex()}:{number}"

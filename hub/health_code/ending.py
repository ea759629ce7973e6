"""The end by order: on the day after the last, the data is deleted or archived, its copies are deleted, and a signed
report stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.gateway.redis_line import Away
from hub.health_code.archive import Archive
from hub.health_code.models import (
    AlertRow,
    BulkRow,
    ChangeRow,
    CodeRow,
    DeclarationRow,
    EndingRow,
    ReviewRow,
    ScanRow,
    ShiftRow,
)
from hub.health_code.resealing import SEALED
from hub.settings.health_code_shapes import HealthCode
from hub.signing import Signing

REPORT_KIND = "health-code-end"
Forget = Callable[[Sequence[str]], int]
"""Deletes the copies of how these people stand that are outside the database; how many there were. Raises Away."""
_TABLES = (DeclarationRow, CodeRow, ChangeRow, ReviewRow, BulkRow, ScanRow, AlertRow, ShiftRow)
_PURPOSES = {(each.row, each.column): each.purpose for each in SEALED}


class Ending:
    def __init__(
        self, home: Path, crypto: Crypto, signing: Signing, clock: Clock, configured: Callable[[], HealthCode | None],
        forget: Forget,
    ) -> None:  # fmt: skip
        self._crypto, self._signing, self._forget, self.archive = crypto, signing, forget, Archive(home, crypto)
        self._clock, self._configured = clock, configured

    def close(self, session: Session) -> bool:
        """True when the day had come and this did it; once. The archive is one sealed file in the home's `archive`.
        While Redis is away it waits for the next round: the report says what is gone, and is true."""
        configured, now = self._configured(), self._clock.now()
        if configured is None or now.date() <= configured.ending.on:
            return False
        ending = configured.ending
        if session.get(EndingRow, ending.on) is not None:
            return False
        try:
            copies = self._forget(session.scalars(select(CodeRow.citizen_id)).all())
        except Away:
            structlog.get_logger().warning("health_code_end_waits", note="redis")
            return False
        counts = {table.__tablename__: self._count(session, table) for table in _TABLES}
        told: dict[str, Any] = {
            "order": ending.order, "last_day": ending.on.isoformat(), "done_at": now.isoformat(),
            "what": ending.then, "rows": counts, "copies": copies,
        }  # fmt: skip
        if ending.then == "archive":
            told["archive"] = self._archive(session, ending.on.isoformat())
        for table in _TABLES:
            session.execute(delete(table))
        session.add(EndingRow(on=ending.on, report=self._signing.sign(told, REPORT_KIND), at=now))
        session.flush()
        structlog.get_logger().info("health_code_ended", note=ending.then, count=sum(counts.values()))
        return True

    def report(self, session: Session) -> tuple[str, datetime] | None:
        """The signed report (JWS) of the last end, and when; None while there was none."""
        row = session.scalars(select(EndingRow).order_by(EndingRow.at.desc()).limit(1)).one_or_none()
        return (row.report, row.at.astimezone(CHINA)) if row else None

    @staticmethod
    def _count(session: Session, table: Any) -> int:
        return session.scalar(select(func.count()).select_from(table)) or 0

    def _archive(self, session: Session, day: str) -> dict[str, Any]:
        rows = [
            [table.__tablename__, {column.key: self._plain(row, column.key) for column in table.__table__.columns}]
            for table in _TABLES
            for row in session.scalars(select(table))
        ]
        return self.archive.put(day, orjson.dumps(rows))

    def _plain(self, row: Any, name: str) -> Any:
        """As it is inside of the archive, which is sealed as a whole."""
        value = getattr(row, name)
        if value and (type(row), name) in _PURPOSES:
            return self._crypto.open(value, _PURPOSES[type(row), name](row)).decode()
        return value.hex() if isinstance(value, bytes) else value

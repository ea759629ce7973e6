"""Whoever's identifying or sensitive data was given is told so, without having to look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from hub.clock import CHINA
from hub.exchange.models import UseRow
from hub.ledger.evidence import GUARDED
from hub.ledger.orders import Tell
from hub.ledger.statement import Statement
from hub.settings.shapes import Snapshot
from hub.sharing.service import Sharing


class Telling:
    """Takes a session and never commits."""

    def __init__(self, tell: Tell, sharing: Sharing, now: Callable[[], Snapshot]) -> None:
        self._tell, self._sharing, self._now = tell, sharing, now

    def read(self, session: Session, citizen: str, given: Statement) -> None:
        """Of each department once a day: one decision often needs several answers. The record of reads has them all."""
        if given.data_class < GUARDED or self._told(session, given):
            return
        office = self._now().departments.get(given.user)
        values = {
            "office": office.name if office else given.user,
            "what": self._sharing.resources.get(session, given.service).title,
            "on": given.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
            "purpose": given.purpose,
        }
        self._tell(session, citizen, "data-read", values, str(given.exchange_id))

    @staticmethod
    def _told(session: Session, given: Statement) -> bool:
        today = datetime.combine(given.at.astimezone(CHINA).date(), time(), CHINA)
        before = exists().where(
            UseRow.subject_tag == given.subject_tag, UseRow.consumer == given.user, UseRow.outcome == "OK",
            UseRow.data_class >= GUARDED, UseRow.at >= today, UseRow.exchange_id != given.exchange_id,
        )  # fmt: skip
        return bool(session.scalar(select(before)))

"""What was tried for a message, written down before a byte leaves; how the providers fared; their receipts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.messages.models import AttemptRow
from hub.messages.shares import LONGER, RECENT, SLOW, Fared

_TAKEN = ("accepted", "delivered", "undelivered")
_BAD = ("failed", "unknown", "refused")


class Attempts:
    """Takes a session and never commits. Outcomes: started | accepted | failed | unknown | refused | not_wanted (the
    citizen's side, no fault of the provider) | delivered | undelivered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def begin(self, session: Session, message_id: str, channel: str, system: str) -> str:
        """Its reference: chance, so that nobody can make a receipt up."""
        reference = "r" + secrets.token_hex(12)
        session.add(AttemptRow(reference=reference, message_id=message_id, channel=channel, system=system,
                               outcome="started", code="", started_at=self._clock.now()))  # fmt: skip
        return reference

    def end(self, session: Session, reference: str, outcome: str, code: str) -> None:
        """A receipt may have been faster: then that counts."""
        mine = AttemptRow.reference == reference, AttemptRow.outcome == "started"
        session.execute(update(AttemptRow).where(*mine).values(outcome=outcome, code=code, ended_at=self._clock.now()))

    def receipt(self, session: Session, system: str, reference: str, delivered: bool) -> str | None:
        """The message it is about; None where it changes nothing: unknown, told before, or of another provider."""
        wanted = select(AttemptRow).where(AttemptRow.reference == reference, AttemptRow.system == system)
        row = session.scalars(wanted.with_for_update()).one_or_none()
        if row is None or row.outcome == "delivered" or (row.outcome == "undelivered" and not delivered):
            return None
        row.outcome = "delivered" if delivered else "undelivered"
        row.delivered_at = self._clock.now() if delivered else None
        return row.message_id

    def failed_with(self, session: Session, message_id: str) -> set[str]:
        """The providers who took this message and could not deliver it: they are not asked again."""
        wanted = select(AttemptRow.system).where(AttemptRow.message_id == message_id)
        return set(session.scalars(wanted.where(AttemptRow.outcome == "undelivered")))

    def fared(self, session: Session) -> Mapping[str, Fared]:
        """By provider. What was taken more than five minutes ago and has not arrived counts as slow too."""
        now = self._clock.now()
        minute = AttemptRow.started_at > now - RECENT
        took = func.coalesce(AttemptRow.delivered_at, now) - AttemptRow.started_at
        taken = AttemptRow.outcome.in_(_TAKEN)
        wanted = select(
            AttemptRow.system,
            func.count().filter(minute, AttemptRow.outcome.in_((*_TAKEN, *_BAD))),
            func.count().filter(minute, AttemptRow.outcome.in_(_BAD)),
            func.count().filter(taken),
            func.count().filter(taken, took > SLOW),
        ).where(AttemptRow.channel == "sms", AttemptRow.started_at > now - LONGER)
        found = session.execute(wanted.group_by(AttemptRow.system))
        return {name: Fared(sends, errors, taken, slow) for name, sends, errors, taken, slow in found}

    def forget(self, session: Session, before: datetime) -> None:
        session.execute(delete(AttemptRow).where(AttemptRow.started_at < before))

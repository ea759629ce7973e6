"""Rights to another department's data: default deny, one right for officers, resource, fields, purpose and days."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.errors import Problem
from hub.settings.sharing_shapes import Sharing
from hub.sharing import rules
from hub.sharing.models import GrantRow, RequestRow


@dataclass(frozen=True, slots=True)
class Grant:
    """One right. `ends_at` is when it ran out, runs out or was taken back."""

    id: str
    request: str
    resource: str
    owner: str
    consumer: str
    officers: tuple[str, ...]
    purpose: str
    scene: str
    basis: str
    fields: tuple[str, ...]
    granted_at: datetime
    valid_until: datetime
    revoked_at: datetime | None
    revoked_by: str

    @property
    def ends_at(self) -> datetime:
        return min(self.valid_until, self.revoked_at or self.valid_until)


class Grants:
    """Takes a session and never commits."""

    def __init__(self, clock: Clock, configured: Callable[[], Sharing]) -> None:
        self._clock, self._configured = clock, configured

    def permit(
        self,
        session: Session,
        consumer: str,
        resource: str,
        purpose: str,
        fields: Collection[str],
        officer: str,
        now: datetime,
    ) -> Grant:
        """The right that covers this use; without `fields` all that it has are meant. Raises, 403 each: GRANT_MISSING,
        GRANT_PURPOSE, GRANT_OFFICER, GRANT_EXPIRED, GRANT_FIELD. Nothing is let through because nobody said no."""
        mine = select(GrantRow).where(GrantRow.consumer == consumer, GrantRow.resource == resource)
        rights = [_grant(row) for row in session.scalars(mine)] if consumer else []
        found = rules.permitted(rights, purpose, officer, fields, now)
        if isinstance(found, str):
            raise Problem(found, origin="hub")
        return found

    def give(self, session: Session, request: RequestRow) -> Grant:
        """What a request asked for, from now on."""
        now = self._clock.now()
        row = GrantRow(
            id="g" + secrets.token_hex(16), request_id=request.id, resource=request.resource, owner=request.owner,
            consumer=request.applicant, officers=request.officers, purpose=request.purpose, scene=request.scene,
            basis=request.basis, fields=request.fields, granted_at=now, valid_until=now + timedelta(days=request.days),
        )  # fmt: skip
        session.add(row)
        return _grant(row)

    def find(self, session: Session, ids: Collection[str]) -> dict[str, Grant]:
        """These rights by id, whoever asks; without what is not there."""
        return {row.id: _grant(row) for row in session.scalars(select(GrantRow).where(GrantRow.id.in_(ids)))}

    def page(
        self, session: Session, office: str = "", resource: str = "", before: str = "", limit: int = 20
    ) -> Sequence[Grant]:
        """The newest first; of one office those that it has and those on its data."""
        query = select(GrantRow)
        if office:
            query = query.where(or_(GrantRow.consumer == office, GrantRow.owner == office))
        if resource:
            query = query.where(GrantRow.resource == resource)
        if before:
            last = session.get(GrantRow, before)
            if last is None:
                raise Problem("NOT_FOUND")
            query = query.where(tuple_(GrantRow.granted_at, GrantRow.id) < (last.granted_at, last.id))
        found = session.scalars(query.order_by(GrantRow.granted_at.desc(), GrantRow.id.desc()).limit(limit))
        return [_grant(row) for row in found]

    def revoke(self, session: Session, id: str, office: str) -> Grant:
        """By the owner of the data, the platform, or who has the right and gives it back. Taken back twice is as once.
        Raises NOT_FOUND for anybody else."""
        row = session.get(GrantRow, id, with_for_update=True)
        if row is None or not office or office not in (row.owner, row.consumer, self._configured().platform):
            raise Problem("NOT_FOUND")
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by = self._clock.now(), office
        return _grant(row)


def _grant(row: GrantRow) -> Grant:
    return Grant(
        row.id, row.request_id, row.resource, row.owner, row.consumer, tuple(row.officers), row.purpose, row.scene,
        row.basis, tuple(row.fields), row.granted_at, row.valid_until, row.revoked_at, row.revoked_by or "",
    )  # fmt: skip

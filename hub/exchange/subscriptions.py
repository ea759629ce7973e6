"""Changes in shared data, told to who was given it: that something is not so any more, and never what it is now.

Whoever may still know asks again, by the same right. A subscription is worth what its right is, and ends with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.errors import Problem
from hub.exchange.models import ChangeRow, SubscriptionRow, UseRow
from hub.sharing.grants import Grant, Grants

Kind = Literal["changed", "corrected", "removed"]
_ORDER = 0x6578_6368  # of the lock that keeps changes in the order in which they are committed


@dataclass(frozen=True, slots=True)
class Subscription:
    """`ends_at` is the end of its right; `live` while that is in force."""

    id: str
    grant: str
    resource: str
    fields: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One event. `exchange` names the answer that is not right any more; only who got it knows whose record it is.
    `subject_tag` is for evidence and goes no further; `told` says whether there is some already."""

    id: int
    kind: Kind
    grant: Grant
    exchange: UUID
    fields: tuple[str, ...]
    at: datetime
    subject_tag: bytes
    told: bool


class Subscriptions:
    """Takes a session and never commits."""

    def __init__(self, clock: Clock, grants: Grants) -> None:
        self._clock, self._grants = clock, grants

    def subscribe(self, session: Session, grant_id: str, office: str, officer: str) -> Subscription:
        """Twice is as once. Raises NOT_FOUND for another office's right, GRANT_OFFICER, GRANT_EXPIRED."""
        grant = self._grants.find(session, [grant_id]).get(grant_id)
        if grant is None or not office or grant.consumer != office:
            raise Problem("NOT_FOUND")
        if officer not in grant.officers:
            raise Problem("GRANT_OFFICER", origin="hub")
        if grant.ends_at <= self._clock.now():
            raise Problem("GRANT_EXPIRED", origin="hub")
        row = session.scalar(select(SubscriptionRow).where(SubscriptionRow.grant_id == grant_id))
        if row is None:
            row = SubscriptionRow(
                id="s" + secrets.token_hex(16), grant_id=grant.id, resource=grant.resource, consumer=office,
                officer=officer, made_at=self._clock.now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
        return self._shown(row, grant)

    def of(self, session: Session, office: str) -> Sequence[Subscription]:
        """An office's, the newest first."""
        found = [(row, grant) for row, grant in self._standing(session, office) if grant]
        return [self._shown(row, grant) for row, grant in found]

    def cancel(self, session: Session, id: str, office: str) -> None:
        """With what it had not told yet. Raises NOT_FOUND."""
        row = session.get(SubscriptionRow, id, with_for_update=True)
        if row is None or not office or row.consumer != office:
            raise Problem("NOT_FOUND")
        session.execute(delete(ChangeRow).where(ChangeRow.subscription == id))
        session.delete(row)

    def wanted(self, session: Session) -> set[str]:
        """The resources that somebody wants to hear of."""
        rows = session.execute(select(SubscriptionRow.resource, SubscriptionRow.grant_id)).all()
        grants = self._grants.find(session, {grant for _, grant in rows})
        return {resource for resource, grant in rows if self._in_force(grants.get(grant))}

    def tell(
        self, session: Session, resource: str, tags: Collection[bytes], fields: Collection[str], kind: Kind
    ) -> int:
        """That these fields of this subject changed, for everybody who was given one of them by a right that is still
        in force; how many there are. `tags` are those of the subject, under every key there was."""
        rows = session.scalars(select(SubscriptionRow).where(SubscriptionRow.resource == resource)).all()
        grants = self._grants.find(session, {row.grant_id for row in rows})
        live = [row for row in rows if self._in_force(grants.get(row.grant_id))]
        found = [(row, self._given(session, row.grant_id, tags, fields)) for row in live]
        made = [self._change(row, last, both, kind) for row, (last, both) in found if last and both]
        if made:
            session.execute(select(func.pg_advisory_xact_lock(_ORDER)))  # else a cursor could pass one by
            session.add_all(made)
            session.flush()
        return len(made)

    def page(self, session: Session, office: str, officer: str, after: int = 0, limit: int = 20) -> Sequence[Change]:
        """The oldest first; of the rights that name this officer and are in force."""
        mine = {
            row.id: grant
            for row, grant in self._standing(session, office)
            if grant and self._in_force(grant) and officer in grant.officers
        }
        query = select(ChangeRow).where(ChangeRow.subscription.in_(mine), ChangeRow.id > after)
        rows = session.scalars(query.order_by(ChangeRow.id).limit(limit))
        return [_change(row, mine) for row in rows]

    def _standing(self, session: Session, office: str) -> list[tuple[SubscriptionRow, Grant | None]]:
        query = select(SubscriptionRow).where(SubscriptionRow.consumer == office)
        rows = session.scalars(query.order_by(SubscriptionRow.made_at.desc(), SubscriptionRow.id)).all()
        grants = self._grants.find(session, {row.grant_id for row in rows})
        return [(row, grants.get(row.grant_id)) for row in rows]

    @staticmethod
    def _given(
        session: Session, grant: str, tags: Collection[bytes], fields: Collection[str]
    ) -> tuple[UseRow | None, set[str]]:
        """What was given, or may have been, last by a right of one subject; and which of these fields ever were."""
        query = select(UseRow).where(
            UseRow.grant_id == grant, UseRow.subject_tag.in_(tags), UseRow.outcome.in_(("OK", ""))
        )
        uses = [each for each in session.scalars(query.order_by(UseRow.at.desc())) if set(each.fields) & set(fields)]
        return (uses[0] if uses else None), {name for each in uses for name in each.fields} & set(fields)

    def _change(self, row: SubscriptionRow, last: UseRow, fields: set[str], kind: Kind) -> ChangeRow:
        assert last.subject_tag is not None
        return ChangeRow(
            subscription=row.id, kind=kind, exchange_id=last.exchange_id, fields=sorted(fields),
            subject_tag=last.subject_tag, at=self._clock.now(), told_in=None,
        )  # fmt: skip

    def _in_force(self, grant: Grant | None) -> bool:
        return grant is not None and self._clock.now() < grant.ends_at

    def _shown(self, row: SubscriptionRow, grant: Grant) -> Subscription:
        live = self._in_force(grant)
        return Subscription(row.id, grant.id, row.resource, grant.fields, row.made_at, grant.ends_at, live)


def _change(row: ChangeRow, grants: Mapping[str, Grant]) -> Change:
    return Change(
        row.id, cast(Kind, row.kind), grants[row.subscription], row.exchange_id, tuple(row.fields), row.at,
        row.subject_tag, row.told_in is not None,
    )  # fmt: skip

"""Urgent notices: one text for every inbox of a region, written by one member of staff and confirmed by another.

The inboxes are filled by a job, in portions: whatever dies meanwhile, the next one goes on where it stopped, and nobody
is told twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.identity.service import Identity
from hub.jobs.service import Jobs
from hub.messages import rules
from hub.messages.models import MessageRow, NoticeRow
from hub.messages.service import TASK, Messages
from hub.settings.shapes import Template

SPREAD, KIND = "messages_notice", "urgent-notice"
_PORTION, _PATIENCE = 500, timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Notice:
    """`inboxes` is how many people it is for, `written` how many have it; done when `done_at` is there."""

    id: str
    region: str
    title: str
    text: str
    reason: str
    asked_by: str
    asked_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fate:
    """How far one message has got. Whose it is stands nowhere here."""

    id: str
    state: str
    channel: str
    code: str
    changed_at: datetime
    read_at: datetime | None


class Notices:
    """Takes a session and never commits; `spread` is the job that fills the inboxes."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        clock: Clock,
        identity: Identity,
        messages: Messages,
        templates: Callable[[], Mapping[str, Template]],
    ) -> None:
        self._database, self._jobs, self._clock = database, jobs, clock
        self._identity, self._messages, self._templates = identity, messages, templates
        jobs.register(SPREAD, self.spread)

    def ask(self, session: Session, region: str, title: str, text: str, reason: str, actor: str) -> Notice:
        """Waits for a second person."""
        row = NoticeRow(id="n" + secrets.token_hex(16), region=region, title=title, text=text, reason=reason,
                        asked_by=actor, asked_at=self._clock.now(), reached="")  # fmt: skip
        session.add(row)
        session.flush()
        return _shown(row)

    def confirm(self, session: Session, id: str, actor: str) -> Notice:
        """On its way. Raises NOT_FOUND, STATE_CONFLICT, and SECOND_PERSON_REQUIRED for who has written it."""
        row = self._locked(session, id)
        if row.confirmed_at is not None:
            raise Problem("STATE_CONFLICT")
        if row.asked_by == actor:
            raise Problem("SECOND_PERSON_REQUIRED")
        row.confirmed_by, row.confirmed_at = actor, self._clock.now()
        self._jobs.enqueue(session, SPREAD, notice=id)
        return _shown(row)

    def page(self, session: Session, limit: int = 100) -> Sequence[Notice]:
        """The newest first."""
        return [
            _shown(row) for row in session.scalars(select(NoticeRow).order_by(NoticeRow.asked_at.desc()).limit(limit))
        ]

    def get(self, session: Session, id: str) -> Notice:
        row = session.get(NoticeRow, id)
        if row is None:
            raise Problem("NOT_FOUND")
        return _shown(row)

    def for_whom(self, session: Session, notice: Notice) -> int:
        """How many people it is for."""
        return self._identity.count_in_region(session, notice.region)

    def summary(self, session: Session, id: str) -> Sequence[tuple[str, str, int]]:
        """State, channel, how many messages; and how many were read, under `read` of the channel `inbox`."""
        wanted = select(MessageRow.state, MessageRow.channel, func.count()).where(MessageRow.notice_id == id)
        rows = session.execute(wanted.group_by(MessageRow.state, MessageRow.channel))
        return sorted((state, channel, count) for state, channel, count in rows)

    def read_count(self, session: Session, id: str) -> int:
        wanted = select(func.count()).where(MessageRow.notice_id == id, MessageRow.read_at.is_not(None))
        return session.scalar(wanted) or 0

    def fates(
        self, session: Session, id: str, state: str | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Fate]:
        """Its messages by their ids, from `after` on."""
        wanted = select(MessageRow).where(MessageRow.notice_id == id, MessageRow.id > after)
        wanted = wanted.where(MessageRow.state == state) if state else wanted
        names = Fate.__dataclass_fields__
        rows = session.scalars(wanted.order_by(MessageRow.id).limit(limit))
        return [Fate(**{name: getattr(row, name) for name in names}) for row in rows]

    def spread(self, cancelled: Callable[[], bool], notice: str) -> None:
        """Fills the inboxes and rings for each portion. Called again it goes on, or has nothing to do."""
        while not cancelled():
            with self._database.session(patience=20) as session:
                if not self._portion(session, notice):
                    return

    def _portion(self, session: Session, id: str) -> bool:
        mine = select(NoticeRow).where(NoticeRow.id == id).with_for_update(skip_locked=True)
        row, template = session.scalars(mine).one_or_none(), self._templates().get(KIND)
        if row is None or row.confirmed_at is None or row.done_at is not None or template is None:
            return False
        people = self._identity.in_region(session, row.region, row.reached, _PORTION)
        if not people:
            row.done_at = self._clock.now()
            return False
        values = rules.checked(template, {"title": row.title, "text": row.text}, id)
        table = MessageRow.__table__
        assert isinstance(table, Table)
        fresh = [self._messages.row(template, citizen_id, values, id, id) for citizen_id in people]
        rows = [{column.key: getattr(each, column.key) for column in table.columns} for each in fresh]
        session.execute(insert(MessageRow).values(rows).on_conflict_do_nothing())
        row.reached = people[-1]
        self._jobs.enqueue(session, TASK)
        return True

    def sweep(self, session: Session) -> None:
        """What was confirmed and is not done, because its job was lost, goes on."""
        before = self._clock.now() - _PATIENCE
        stuck = select(NoticeRow.id).where(NoticeRow.confirmed_at < before, NoticeRow.done_at.is_(None))
        for id in session.scalars(stuck):
            self._jobs.enqueue(session, SPREAD, notice=id)

    def _locked(self, session: Session, id: str) -> NoticeRow:
        row = session.get(NoticeRow, id, with_for_update=True)
        if row is None:
            raise Problem("NOT_FOUND")
        return row


def _shown(row: NoticeRow) -> Notice:
    return Notice(**{name: getattr(row, name) for name in Notice.__dataclass_fields__})

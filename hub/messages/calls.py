"""Phone tasks: whom neither WeChat nor SMS reached, a member of staff calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, select, true, tuple_
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import mask_name
from hub.errors import Problem
from hub.identity.service import Identity
from hub.messages.models import MessageRow
from hub.messages.service import Messages
from hub.offices import is_place


@dataclass(frozen=True, slots=True)
class Task:
    """One call to make. `name` is masked in a list; phone and text are only in the task that was opened."""

    id: str
    kind: str
    about: str
    urgent: bool
    created_at: datetime
    name: str | None
    phone: str | None = None
    title: str = ""
    text: str = ""


class Calls:
    """Takes a session and never commits."""

    def __init__(self, clock: Clock, identity: Identity, messages: Messages) -> None:
        self._clock, self._identity, self._messages = clock, identity, messages

    def page(
        self, session: Session, office: str, after: tuple[datetime, str] | None = None, limit: int = 20
    ) -> Sequence[Task]:
        """The oldest first; `after` is time and id of the last one that was seen."""
        wanted = select(MessageRow).where(MessageRow.state == "phone", self._in_reach(office))
        wanted = wanted.where(tuple_(MessageRow.created_at, MessageRow.id) > after) if after else wanted
        rows = session.scalars(wanted.order_by(MessageRow.created_at, MessageRow.id).limit(limit)).all()
        return [self._task(row, self._names(session, row)[0]) for row in rows]

    def get(self, session: Session, id: str, office: str) -> Task:
        """With number and text, for who calls. Raises NOT_FOUND when there is no such task any more, or not here."""
        row = self._row(session, id, office)
        if row.state != "phone":
            raise Problem("NOT_FOUND")
        _, name, phone = self._names(session, row)
        words = self._messages.body(row)["zh"]
        return Task(row.id, row.kind, row.about, row.urgent, row.created_at, name, phone, **words)

    def end(self, session: Session, id: str, office: str, reached: bool, code: str) -> str:
        """Told by telephone, or not to be reached; the state it has then. Raises NOT_FOUND, STATE_CONFLICT when it was
        ended before or reached its owner otherwise."""
        row = self._row(session, id, office, lock=True)
        if row.state != "phone":
            raise Problem("STATE_CONFLICT")
        row.state, row.code, row.changed_at = "called" if reached else "unreached", code, self._clock.now()
        return row.state

    def _in_reach(self, office: str) -> ColumnElement[bool]:
        """People are called by those of the place where they live, or of the county; never by a department."""
        if not office:
            return true()
        return MessageRow.citizen_id.in_(self._identity.living_in(office)) if is_place(office) else false()

    def _row(self, session: Session, id: str, office: str, lock: bool = False) -> MessageRow:
        wanted = select(MessageRow).where(MessageRow.id == id, self._in_reach(office))
        row = session.scalar(wanted.with_for_update(of=MessageRow) if lock else wanted)
        if row is None:
            raise Problem("NOT_FOUND")
        return row

    def _names(self, session: Session, row: MessageRow) -> tuple[str | None, str | None, str | None]:
        """The name masked, the name, the number."""
        profile = self._identity.copy(session, row.citizen_id)
        name = profile.name.value if profile else None
        return mask_name(name) if name else None, name, profile.phone.value if profile else None

    def _task(self, row: MessageRow, name: str | None) -> Task:
        return Task(row.id, row.kind, row.about, row.urgent, row.created_at, name)

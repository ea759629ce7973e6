"""The inbox: what a citizen is told is written in the transaction of what happened. How it gets further is
hub/messages/push.py."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import in_json, plain
from hub.errors import Problem
from hub.jobs.service import Jobs
from hub.messages import rules
from hub.messages.models import MessageRow
from hub.settings.shapes import Template

TASK = "messages_push"
BODY = "messages.body"


@dataclass(frozen=True, slots=True)
class Told:
    """One message as its owner reads it; `texts` by language: {title, text}."""

    id: str
    kind: str
    about: str
    page: str
    texts: Mapping[str, Mapping[str, str]]
    created_at: datetime
    read_at: datetime | None
    state: str
    channel: str


@dataclass(frozen=True, slots=True)
class Inbox:
    """How an inbox stands: how many are unread, and a mark that changes with whatever is in it."""

    unread: int
    mark: str


_TABLE = plain(MessageRow)
_NOTHING: Mapping[str, Any] = dict.fromkeys(_TABLE.columns.keys())
_WRITTEN = insert(_TABLE).values({name: bindparam(name) for name in _NOTHING})
_RUNG = select(Jobs.ringing(TASK)).select_from(_WRITTEN.returning(_TABLE.c.id).cte("message"))


class Messages:
    """One per process; takes a session and never commits."""

    def __init__(self, templates: Callable[[], Mapping[str, Template]], crypto: Crypto, clock: Clock) -> None:
        self._templates, self._crypto, self._clock = templates, crypto, clock

    def tell(
        self, session: Session, citizen_id: str, kind: str, values: Mapping[str, rules.Value], about: str = ""
    ) -> str:
        """Writes into the inbox and rings for the push; both are there when the caller's transaction commits. Returns
        the message's id. `kind` is a template of config/messages.yaml, a value a text or one by language, `about` an
        id (receipt number) that the client opens. Raises ValueError where kind or values are not the template's: an
        error of ours."""
        told = self.told(citizen_id, kind, values, about)
        session.execute(_RUNG if told["state"] == "waiting" else _WRITTEN, told)
        return str(told["id"])

    def told(
        self, citizen_id: str, kind: str, values: Mapping[str, rules.Value], about: str = ""
    ) -> dict[str, Any]:
        """What `tell` writes."""
        template = self._templates().get(kind)
        if template is None:
            raise ValueError(f"no message {kind} in messages.yaml")
        return {**_NOTHING, **self._made(template, citizen_id, rules.checked(template, values, about), about)}

    @staticmethod
    def telling(given: FromClause) -> tuple[CTE, ColumnElement[Any]]:
        """`tell` as a part of the caller's own statement: for each row of `given`, whose `message` holds, in JSON, what
        `told` gave. What has to be done, and the doorbell, a column."""
        told = in_json(given.c.message, _TABLE, _NOTHING)
        rows = select(*told.c).select_from(given.join(told, true()))
        message = insert(_TABLE).from_select(list(_NOTHING), rows).returning(_TABLE.c.state).cte("message")
        rung = select(Jobs.ringing(TASK)).where(exists().where(message.c.state == literal("waiting")))
        return message, rung.scalar_subquery()

    def row(
        self, template: Template, citizen_id: str, values: Mapping[str, Mapping[str, str]], about: str = "",
        notice: str | None = None,
    ) -> MessageRow:
        """One message, not yet in the session."""
        return MessageRow(**self._made(template, citizen_id, values, about, notice))

    def _made(
        self, template: Template, citizen_id: str, values: Mapping[str, Mapping[str, str]], about: str,
        notice: str | None = None,
    ) -> dict[str, Any]:
        """What is known of it."""
        id, now, channel = "m" + secrets.token_hex(16), self._clock.now(), rules.first_channel(template)
        state = {"": "inbox", "phone": "phone"}.get(channel, "waiting")
        return dict(
            id=id, citizen_id=citizen_id, kind=template.id, about=about, notice_id=notice,
            body_sealed=self._crypto.seal(orjson.dumps(rules.body(template, values)), f"{BODY}:{id}"),
            urgent=template.urgent, state=state, channel=channel or "inbox", code="", tries=0,
            created_at=now, changed_at=now, not_before=now if state == "waiting" else None,
        )  # fmt: skip

    def body(self, row: MessageRow) -> dict[str, Any]:
        """Texts by language, and `values`."""
        opened: dict[str, Any] = orjson.loads(self._crypto.open(row.body_sealed, f"{BODY}:{row.id}"))
        return opened

    def inbox(self, session: Session, citizen_id: str) -> Inbox:
        mine = MessageRow.citizen_id == citizen_id
        states = func.max(MessageRow.changed_at), func.count(), func.count().filter(MessageRow.read_at.is_(None))
        changed_at, count, unread = session.execute(select(*states).where(mine)).one()
        mark = f"{count}.{unread}.{changed_at.timestamp() if changed_at else 0:.6f}"
        return Inbox(unread, mark)

    def page(
        self, session: Session, citizen_id: str, after: tuple[datetime, str] | None = None, limit: int = 20,
        unread: bool = False,
    ) -> Sequence[Told]:  # fmt: skip
        """The newest first; `after` is time and id of the last one that was seen."""
        wanted = select(MessageRow).where(MessageRow.citizen_id == citizen_id)
        if after:
            wanted = wanted.where(tuple_(MessageRow.created_at, MessageRow.id) < after)
        if unread:
            wanted = wanted.where(MessageRow.read_at.is_(None))
        order = MessageRow.created_at.desc(), MessageRow.id.desc()
        return [self._told(row) for row in session.scalars(wanted.order_by(*order).limit(limit))]

    def read(self, session: Session, citizen_id: str, id: str) -> Told:
        """The citizen has seen it: nothing more has to be sent. Again changes nothing. Raises NOT_FOUND."""
        wanted = select(MessageRow).where(MessageRow.id == id, MessageRow.citizen_id == citizen_id)
        row = session.scalars(wanted.with_for_update()).one_or_none()
        if row is None:
            raise Problem("NOT_FOUND")
        if row.read_at is None:
            row.read_at = row.changed_at = self._clock.now()
            if row.state in rules.OPEN:
                row.state, row.not_before = "read", None
        return self._told(row)

    def counts(self, session: Session) -> tuple[Mapping[tuple[str, str], int], datetime | None]:
        """Messages by channel and state, those at their end only of the last 24 h; and of when the oldest is that
        still waits to be sent."""
        today = MessageRow.created_at > self._clock.now() - timedelta(days=1)
        wanted = select(MessageRow.channel, MessageRow.state, func.count(), func.min(MessageRow.created_at))
        wanted = wanted.where(or_(MessageRow.state.in_(rules.OPEN), today))
        rows = session.execute(wanted.group_by(MessageRow.channel, MessageRow.state)).all()
        unsent = [first for _, state, _, first in rows if state == "waiting"]
        return {(channel, state): count for channel, state, count, _ in rows}, min(unsent, default=None)

    def join(self, session: Session, visitor: str, citizen_id: str) -> None:
        """Whoever was the visitor is this citizen from now on."""
        session.execute(update(MessageRow).where(MessageRow.citizen_id == visitor).values(citizen_id=citizen_id))

    def erase(self, session: Session, citizen_id: str) -> None:
        """The inbox of somebody who has gone."""
        session.execute(delete(MessageRow).where(MessageRow.citizen_id == citizen_id))

    def forget(self, session: Session) -> None:
        """What is too old."""
        session.execute(delete(MessageRow).where(MessageRow.created_at < self._clock.now() - rules.KEPT))

    def _told(self, row: MessageRow) -> Told:
        body, template = self.body(row), self._templates().get(row.kind)
        texts = {language: body[language] for language in ("zh", "en")}
        page = template.page if template else ""
        return Told(row.id, row.kind, row.about, page, texts, row.created_at, row.read_at, row.state, row.channel)

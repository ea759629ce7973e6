"""Not twice: the same key and body get the stored answer, another body is refused, a second runner is told to wait.

The truth is in PostgreSQL (reliability.md 7.5). No transaction is open while the work is done, unless the work is one.
A failure frees the key, so that the same key may try again; a runner that was killed frees it when its time is over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Interval,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from hub.crypto import Crypto
from hub.database import Database, in_json, plain
from hub.errors import Problem
from hub.gateway.models import Submission

KEPT = timedelta(days=30)
PURPOSE, _MANDATE = "gateway.submission", "gateway.mandate"
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Claim:
    subject_tag: bytes
    route: str
    key_tag: bytes
    body_digest: bytes
    owner: UUID
    mandate_tag: bytes | None

    def same_key(self) -> ColumnElement[bool]:
        return and_(
            Submission.subject_tag == self.subject_tag,
            Submission.route == self.route,
            Submission.key_tag == self.key_tag,
        )

    def ours(self) -> ColumnElement[bool]:
        return and_(self.same_key(), Submission.owner == self.owner)

    def told(self) -> dict[str, Any]:
        """For the statements below, which are built once: that costs more than to send them."""
        return {
            "subject": self.subject_tag, "on": self.route, "key": self.key_tag, "us": self.owner,
            "digest": self.body_digest, "kept": KEPT, "mandate": self.mandate_tag,
        }  # fmt: skip


_TABLE = plain(Submission)
_OURS: Mapping[str, ColumnElement[Any]] = {
    "subject_tag": bindparam("subject"), "route": bindparam("on"), "key_tag": bindparam("key"),
}  # fmt: skip


def _taken(**answer: ColumnElement[Any]) -> ReturningInsert[Any]:
    """The key is ours where it is new, where its time is over, or where its runner's is and the body is the same."""
    now = func.clock_timestamp()
    fresh = {
        "body_digest": bindparam("digest"), "owner": bindparam("us"), "mandate_tag": bindparam("mandate"), **answer,
        "expires_at": now + bindparam("kept", type_=Interval),
    }  # fmt: skip
    same = _TABLE.c.body_digest == bindparam("digest")
    dead = and_(_TABLE.c.answer_sealed.is_(None), _TABLE.c.running_until < now, same)
    taken = insert(_TABLE).values({**_OURS, **fresh})
    taken = taken.on_conflict_do_update(
        index_elements=list(_TABLE.primary_key), set_=fresh, where=or_(_TABLE.c.expires_at < now, dead)
    )
    return taken.returning(_TABLE.c.owner)


_TAKEN = _taken(answer_sealed=null(), running_until=func.clock_timestamp() + bindparam("running", type_=Interval))
_DONE = _taken(answer_sealed=bindparam("sealed"), running_until=null())
_LEFT = func.extract("epoch", _TABLE.c.running_until - func.clock_timestamp()).label("left")
_FOUND = select(_TABLE.c.body_digest, _TABLE.c.answer_sealed, _LEFT).where(
    *(_TABLE.c[name] == value for name, value in _OURS.items()), _TABLE.c.expires_at > func.clock_timestamp()
)
_KEPT = (
    update(_TABLE)
    .where(*(_TABLE.c[name] == value for name, value in _OURS.items()), _TABLE.c.owner == bindparam("us"))
    .values(answer_sealed=bindparam("sealed"), running_until=null())
)


_ROW = ("subject_tag", "route", "key_tag", "body_digest", "owner", "mandate_tag", "answer_sealed")


class Running:
    """A key that is ours to run. `keeps` is how its answer is kept: it is taken already, or with its answer."""

    def __init__(self, claim: _Claim, crypto: Crypto, keeps: Executable) -> None:
        self._claim, self._crypto, self._keeps = claim, crypto, keeps
        self.kept: bytes | None = None

    def keep(self, session: Session, answer: bytes) -> bool:
        """The answer, from the commit of this session on. False when another runner has it by now."""
        found: Any = session.execute(self._keeps, {**self._claim.told(), "sealed": self._crypto.seal(answer, PURPOSE)})
        self.kept = answer if found.rowcount else None
        return self.kept is not None

    def row(self, answer: bytes) -> dict[str, Any]:
        """What `keep` writes of a key that is new."""
        claim = self._claim
        told = claim.subject_tag, claim.route, claim.key_tag, claim.body_digest, claim.owner, claim.mandate_tag
        return dict(zip(_ROW, (*told, self._crypto.seal(answer, PURPOSE)), strict=True))

    @staticmethod
    def fresh(given: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether the key of this `row`, in JSON, is new: a column of the caller's own statement."""
        told = in_json(given, _TABLE, _ROW[:3])
        same = (_TABLE.c[name] == told.c[name] for name in _ROW[:3])
        return ~exists().where(*same).select_from(_TABLE, told)

    @staticmethod
    def keeping(given: FromClause) -> CTE:
        """`keep` as a part of the caller's own statement: for each row of `given`, whose `submission` holds, in JSON,
        what `row` gave. One that is there already breaks the statement."""
        told = in_json(given.c.submission, _TABLE, _ROW)
        until = func.clock_timestamp() + literal(KEPT, Interval)
        rows = select(*told.c, until).select_from(given.join(told, true()))
        return insert(_TABLE).from_select([*_ROW, "expires_at"], rows).cte("submission")


class Submissions:
    """`running_s` is how long a runner may take; after that another one with the same key takes over."""

    def __init__(self, database: Database, crypto: Crypto, running_s: float = 30.0) -> None:
        self._database = database
        self._crypto = crypto
        self._running = timedelta(seconds=running_s)

    def once(
        self,
        subject: str,
        route: str,
        key: str,
        body: bytes,
        run: Callable[[Running], bytes],
        ours: bool = False,
        mandate: str | None = None,
    ) -> tuple[bytes, bool]:
        """What `run` answers, and False; or what it answered before, and True. Work that is one transaction of ours
        keeps its answer in it: then no death between the two can do the work again. Where it is that and nothing else
        (`ours`), it takes the key there too, and none looks before: who comes later undoes its own and has the answer.
        `mandate`: under which it is done for somebody else; the key is the one's who acts.

        Raises IDEMPOTENCY_KEY_INVALID for what is no key (1-255 visible characters), IDEMPOTENCY_KEY_REUSED for
        another body and IDEMPOTENCY_IN_PROGRESS while it runs elsewhere.
        """
        if not _KEY.fullmatch(key):
            raise Problem("IDEMPOTENCY_KEY_INVALID")
        lookup = self._crypto.lookup
        claim = _Claim(
            lookup(subject, PURPOSE), route, lookup(key, PURPOSE), lookup(body.hex(), PURPOSE), uuid4(),
            None if mandate is None else lookup(mandate, _MANDATE),
        )  # fmt: skip
        if ours:
            return self._once(claim, run)
        with self._database.read() as connection:
            stored = self._claim(connection, claim)
        if stored is not None:
            return self._crypto.open(stored, PURPOSE), True
        running = Running(claim, self._crypto, _KEPT)
        try:
            answer = run(running)
        except BaseException:
            with suppress(Problem), self._database.session() as session:
                session.execute(delete(Submission).where(claim.ours(), Submission.answer_sealed.is_(None)))
            raise
        if not running.kept:
            with self._database.session() as session:
                running.keep(session, answer)
        return answer, False

    def erase(self, session: Session, subject: str, mandates: Iterable[str]) -> None:
        """The stored answers of somebody who has gone, and those about and by this person under these mandates."""
        under = [self._crypto.lookup(mandate, _MANDATE) for mandate in mandates]
        own = Submission.subject_tag == self._crypto.lookup(subject, PURPOSE)
        session.execute(delete(Submission).where(or_(own, Submission.mandate_tag.in_(under))))

    def _once(self, claim: _Claim, run: Callable[[Running], bytes]) -> tuple[bytes, bool]:
        """Whatever stands in the way of doing it again (done already, closed, too often): it has been done."""
        try:
            return run(Running(claim, self._crypto, _DONE)), False
        except Problem:
            with self._database.read() as connection:
                stored = self._stored(connection, claim)
            if stored is None:
                raise
        return self._crypto.open(stored, PURPOSE), True

    def _claim(self, connection: Connection, claim: _Claim) -> bytes | None:
        """None when the key is ours to run; else the stored answer."""
        if connection.execute(_TAKEN, {**claim.told(), "running": self._running}).first() is not None:
            return None
        stored = self._stored(connection, claim)
        if stored is None:  # it failed between our two statements, and may be tried again
            raise Problem("IDEMPOTENCY_IN_PROGRESS", retry_after=1)
        return stored

    def _stored(self, connection: Connection, claim: _Claim) -> bytes | None:
        """None when there is no answer, and nobody at it."""
        row = connection.execute(_FOUND, claim.told()).one_or_none()
        if row is None:
            return None
        if row.body_digest != claim.body_digest:
            raise Problem("IDEMPOTENCY_KEY_REUSED")
        if row.answer_sealed is None and row.left > 0:
            raise Problem("IDEMPOTENCY_IN_PROGRESS", retry_after=max(1, min(3, int(row.left))))
        sealed: bytes | None = row.answer_sealed
        return sealed


def purge(session: Session) -> int:
    """Forget what is older than 30 days; how many rows that were."""
    return session.execute(delete(Submission).where(Submission.expires_at < func.clock_timestamp())).rowcount  # type: ignore[attr-defined, no-any-return]

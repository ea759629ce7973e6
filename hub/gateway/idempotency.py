"""Not twice: the same key and body get the stored answer, another body is refused, a second runner is told to wait.

The truth is in PostgreSQL (reliability.md 7.5). No transaction is open while the work is done. A failure frees the
key, so that the same key may try again; a runner that was killed frees it when its time is over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.gateway.models import Submission

KEPT = timedelta(days=30)
_PURPOSE = "gateway.submission"
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Claim:
    subject_tag: bytes
    route: str
    key_tag: bytes
    body_digest: bytes
    owner: UUID

    def same_key(self) -> ColumnElement[bool]:
        return and_(
            Submission.subject_tag == self.subject_tag,
            Submission.route == self.route,
            Submission.key_tag == self.key_tag,
        )

    def ours(self) -> ColumnElement[bool]:
        return and_(self.same_key(), Submission.owner == self.owner)


class Submissions:
    """`running_s` is how long a runner may take; after that another one with the same key takes over."""

    def __init__(self, database: Database, crypto: Crypto, running_s: float = 30.0) -> None:
        self._database = database
        self._crypto = crypto
        self._running = timedelta(seconds=running_s)

    def once(self, subject: str, route: str, key: str, body: bytes, run: Callable[[], bytes]) -> tuple[bytes, bool]:
        """What `run` answers, and False; or what it answered before, and True.

        Raises IDEMPOTENCY_KEY_INVALID for what is no key (1-255 visible characters), IDEMPOTENCY_KEY_REUSED for
        another body and IDEMPOTENCY_IN_PROGRESS while it runs elsewhere.
        """
        if not _KEY.fullmatch(key):
            raise Problem("IDEMPOTENCY_KEY_INVALID")
        lookup = self._crypto.lookup
        claim = _Claim(lookup(subject, _PURPOSE), route, lookup(key, _PURPOSE), lookup(body.hex(), _PURPOSE), uuid4())
        with self._database.session() as session:
            stored = self._claim(session, claim)
        if stored is not None:
            return self._crypto.open(stored, _PURPOSE), True
        try:
            answer = run()
        except BaseException:
            with suppress(Problem), self._database.session() as session:
                session.execute(delete(Submission).where(claim.ours()))
            raise
        with self._database.session() as session:
            sealed = self._crypto.seal(answer, _PURPOSE)
            session.execute(update(Submission).where(claim.ours()).values(answer_sealed=sealed, running_until=None))
        return answer, False

    def _claim(self, session: Session, claim: _Claim) -> bytes | None:
        """None when the key is ours to run; else the stored answer."""
        now = func.clock_timestamp()
        fresh = {
            "body_digest": claim.body_digest,
            "owner": claim.owner,
            "running_until": now + self._running,
            "answer_sealed": None,
            "expires_at": now + KEPT,
        }
        over = or_(
            Submission.expires_at < now,
            and_(
                Submission.answer_sealed.is_(None),
                Submission.running_until < now,
                Submission.body_digest == claim.body_digest,
            ),
        )
        taken = insert(Submission).values(
            subject_tag=claim.subject_tag, route=claim.route, key_tag=claim.key_tag, **fresh
        )
        primary_key = list(Submission.__table__.primary_key)
        taken = taken.on_conflict_do_update(index_elements=primary_key, set_=fresh, where=over)
        if session.scalar(taken.returning(Submission.owner)) is not None:
            return None
        return self._stored(session, claim)

    def _stored(self, session: Session, claim: _Claim) -> bytes | None:
        left = func.extract("epoch", Submission.running_until - func.clock_timestamp())
        row = session.execute(
            select(Submission.body_digest, Submission.answer_sealed, left).where(claim.same_key())
        ).one_or_none()
        if row is not None and row[0] != claim.body_digest:
            raise Problem("IDEMPOTENCY_KEY_REUSED")
        if row is None or row[1] is None:  # gone: it failed between our two statements, and may be tried again
            raise Problem("IDEMPOTENCY_IN_PROGRESS", retry_after=max(1, min(3, int(row[2] or 1))) if row else 1)
        sealed: bytes = row[1]
        return sealed


def purge(session: Session) -> int:
    """Forget what is older than 30 days; how many rows that were."""
    return session.execute(delete(Submission).where(Submission.expires_at < func.clock_timestamp())).rowcount  # type: ignore[attr-defined, no-any-return]

"""Sessions: begun, renewed, ended, and looked at for every request.

A session is a row in PostgreSQL. A verified token is believed for 20 seconds before its row is read again, so that a
revocation is in force on every worker well within 60; while PostgreSQL is away a token is good until it runs out.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import token_hash
from hub.database import Database
from hub.errors import Problem
from hub.identity.service import Identity, Standing
from hub.login import rules
from hub.login.models import Refresh, SignedIn
from hub.login.tokens import AccessTokens, Kind, Principal
from hub.settings.live import Settings

_BELIEVED_S = 20.0
_UNCHECKED_S = 2.0  # PostgreSQL is away: look again soon
_MOST_KNOWN = 10_000
_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What somebody who signed in gets. `citizen_id` is the staff account's id for staff."""

    access_token: str
    refresh_token: str
    expires_in: int
    citizen_id: str
    level: int
    kind: Kind = "citizen"
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that was verified, until when that holds (monotonic), and whose it is; None when its session ended."""

    until: float
    principal: Principal | None


class Sessions:
    """One for the process."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, identity: Identity) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._identity = identity
        self._access = AccessTokens(settings, clock)
        self._seen: dict[str, _Seen] = {}

    def begin(
        self, session: Session, kind: Kind, subject: str, standing: Standing, key_thumbprint: str = ""
    ) -> Tokens:
        """With the thumbprint of a key that was proved, the session belongs to that key."""
        hub, now = self._settings.now.hub, self._clock.now()
        lasts = timedelta(days=hub.refresh_days) if kind == "citizen" else timedelta(hours=hub.staff_hours)
        row = SignedIn(
            session_id=uuid4().hex, kind=kind, subject=subject, created_at=now, expires_at=now + lasts,
            ended_at=None, ended_by=None, key_thumbprint=key_thumbprint or None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return self._tokens(session, row, standing)

    def refresh(self, refresh_token: str, key_thumbprint: str = "") -> Tokens:
        """New tokens for old. Raises TOKEN_INVALID for an unknown one, SESSION_REVOKED when the session is over,
        PROOF_INVALID when it belongs to another key."""
        with self._database.session() as session:
            tokens = self._renewed(session, token_hash(refresh_token), key_thumbprint)
        if tokens is None:  # only now: what the reuse changed has to be committed
            raise Problem("SESSION_REVOKED")
        return tokens

    def end(self, principal: Principal) -> None:
        """Over at once on this worker, within 20 seconds on the others."""
        with self._database.session() as session:
            self._end(session, principal.session_id, "signed_out")
        over = [token for token, seen in list(self._seen.items()) if _is_of(seen, principal.session_id)]
        for token in over:
            self._seen.pop(token, None)

    def end_all(self, session: Session, subject: str, reason: str) -> None:
        """Every session of this subject; `forget` it once that is committed."""
        for id in session.scalars(select(SignedIn.session_id).where(SignedIn.subject == subject)).all():
            self._end(session, id, reason)

    def forget(self, subject: str) -> None:
        """Believe none of the subject's tokens without another look."""
        for token, seen in list(self._seen.items()):
            if seen.principal is not None and seen.principal.citizen_id == subject:
                self._seen.pop(token, None)

    def principal(self, access_token: str) -> Principal:
        """Whose token this is. Raises TOKEN_INVALID, or SESSION_REVOKED when its session has ended."""
        seen = self._seen.get(access_token)
        if seen is None or seen.until <= self._clock.monotonic():
            seen = self._look(access_token, seen)
        if seen.principal is None:
            raise Problem("SESSION_REVOKED")
        return seen.principal

    def sweep(self, session: Session) -> None:
        """Forget sessions that ran out long ago, with their refresh tokens."""
        session.execute(delete(SignedIn).where(SignedIn.expires_at < self._clock.now() - _KEPT))

    def _look(self, token: str, before: _Seen | None) -> _Seen:
        verified = self._access.verify(token)
        believed = _BELIEVED_S
        try:
            principal = self._checked(verified.principal)
        except Problem as problem:
            if problem.code != "STORE_UNAVAILABLE":
                raise
            principal = before.principal if before else verified.principal
            believed = _UNCHECKED_S
        seen = _Seen(self._clock.monotonic() + min(believed, verified.seconds), principal)
        self._remember(token, seen)
        return seen

    def _checked(self, claimed: Principal) -> Principal | None:
        with self._database.read() as connection:
            row = connection.execute(
                select(SignedIn.ended_at).where(SignedIn.session_id == claimed.session_id)
            ).one_or_none()
            if row is None or row[0] is not None:  # its own end needs no look: no access token lives longer
                return None
            standing = self._identity.standing(connection, claimed.kind, claimed.citizen_id)
        if standing is None:
            return None
        return _principal(claimed.kind, claimed.citizen_id, claimed.session_id, standing, claimed.key_thumbprint)

    def _remember(self, token: str, seen: _Seen) -> None:
        if len(self._seen) >= _MOST_KNOWN:
            now = self._clock.monotonic()
            current = {each: known for each, known in list(self._seen.items()) if known.until > now}
            self._seen = current if len(current) < _MOST_KNOWN else {}
        self._seen[token] = seen

    def _renewed(self, session: Session, hashed: bytes, key_thumbprint: str) -> Tokens | None:
        found = session.execute(
            select(Refresh, SignedIn)
            .join(SignedIn, SignedIn.session_id == Refresh.session_id)
            .where(Refresh.token_hash == hashed)
            .with_for_update()
        ).one_or_none()
        if found is None:
            raise Problem("TOKEN_INVALID")
        token, row = found
        if row.key_thumbprint not in (None, key_thumbprint):
            raise Problem("PROOF_INVALID")
        now = self._clock.now()
        worth = rules.worth(token.used_at, row.ended_at, row.expires_at, now)
        standing = self._identity.standing(session, _kind(row), row.subject)
        if worth == "reused":
            self._end(session, row.session_id, "refresh_reused")
        if worth != "good" or standing is None:
            return None
        token.used_at = now
        return self._tokens(session, row, standing)

    def _tokens(self, session: Session, row: SignedIn, standing: Standing) -> Tokens:
        refresh_token = secrets.token_urlsafe(32)
        session.add(Refresh(token_hash=token_hash(refresh_token), session_id=row.session_id, used_at=None))
        left = int((row.expires_at - self._clock.now()).total_seconds())
        seconds = max(1, min(self._settings.now.hub.access_seconds, left))
        kind = _kind(row)
        principal = _principal(kind, row.subject, row.session_id, standing, row.key_thumbprint or "")
        access_token = self._access.make(principal, seconds)
        return Tokens(access_token, refresh_token, seconds, row.subject, standing.level, kind, standing.roles)

    def _end(self, session: Session, session_id: str, reason: str) -> None:
        now: datetime = self._clock.now()
        session.execute(
            update(SignedIn)
            .where(SignedIn.session_id == session_id, SignedIn.ended_at.is_(None))
            .values(ended_at=now, ended_by=reason)
        )


def _kind(row: SignedIn) -> Kind:
    return "staff" if row.kind == "staff" else "citizen"


def _principal(kind: Kind, subject: str, session_id: str, standing: Standing, key_thumbprint: str) -> Principal:
    return Principal(subject, standing.level, standing.region, session_id, kind, standing.roles, key_thumbprint)


def _is_of(seen: _Seen, session_id: str) -> bool:
    return seen.principal is not None and seen.principal.session_id == session_id

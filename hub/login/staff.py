"""Staff sign-in: name, password, one-time code, and an attempt budget per name. Every refusal looks the same."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.identity.passwords import NOBODYS
from hub.identity.rules import matching_step
from hub.identity.service import Identity, Staff, Standing
from hub.login import rules
from hub.login.models import Attempt
from hub.login.sessions import Sessions, Tokens

_USERNAME = "login.username"


class StaffDoor:
    """One for the process."""

    def __init__(
        self, database: Database, crypto: Crypto, clock: Clock, identity: Identity, sessions: Sessions
    ) -> None:
        self._database = database
        self._crypto = crypto
        self._clock = clock
        self._identity = identity
        self._sessions = sessions
        self._log = structlog.get_logger()

    def sign_in(self, username: str, password: str, totp: str, key_thumbprint: str = "") -> Tokens:
        """Raises LOGIN_FAILED, whatever was wrong, and RATE_LIMITED when the name's attempts are used up."""
        tag = self._crypto.lookup(username, _USERNAME)
        with self._database.session() as session:
            wait = self._count(session, tag)
            staff = self._identity.staff(session, username)
        if wait:
            raise Problem("RATE_LIMITED", retry_after=wait)
        matches = self._identity.passwords.matches(staff.password_hash if staff else NOBODYS, password)
        step = matching_step(staff.totp_secret, totp, self._clock.now()) if staff else None
        if staff is None or not staff.usable or not matches or step is None:
            raise self._refused(staff)
        with self._database.session() as session:
            tokens = self._enter(session, staff, step, tag, key_thumbprint)
        if tokens is None:
            raise self._refused(staff)
        self._log.info("staff_signed_in", actor=staff.staff_id, role=staff.role)
        return tokens

    def _enter(self, session: Session, staff: Staff, step: int, tag: bytes, key: str) -> Tokens | None:
        if not self._identity.spend_code(session, staff.staff_id, step):
            return None
        session.execute(delete(Attempt).where(Attempt.username_tag == tag))
        return self._sessions.begin(session, "staff", staff.staff_id, Standing(roles=(staff.role,)), key)

    def _count(self, session: Session, tag: bytes) -> int:
        """Count this attempt, before it is tried, so that many at once cannot slip through; seconds to wait, or 0."""
        now = self._clock.now()
        until = now + timedelta(seconds=rules.ATTEMPT_WINDOW_S)
        over = Attempt.until <= now
        put = insert(Attempt).values(username_tag=tag, count=1, until=until)
        put = put.on_conflict_do_update(
            index_elements=[Attempt.username_tag],
            set_={"count": case((over, 1), else_=Attempt.count + 1), "until": case((over, until), else_=Attempt.until)},
        )
        count, ends_at = session.execute(put.returning(Attempt.count, Attempt.until)).one()
        return max(1, int((ends_at - now).total_seconds())) if rules.must_wait(count) else 0

    def _refused(self, staff: Staff | None) -> Problem:
        self._log.warning("staff_sign_in_refused", actor=staff.staff_id if staff else "unknown")
        return Problem("LOGIN_FAILED")

"""Accounts of staff as the security administrator keeps them: opened, disabled, given new credentials."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.identity.models import StaffAccount
from hub.identity.passwords import Passwords

LASTS = timedelta(days=90)
TOTP, OIDC = "identity.totp", "identity.oidc"


@dataclass(frozen=True, slots=True)
class Account:
    """`by_oidc`: it is signed in to at the county's own issuer too."""

    staff_id: str
    username: str
    role: str
    office: str
    enabled: bool
    expires_at: datetime
    created_at: datetime
    by_oidc: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """Shown once, to hand over. Nobody can read them again."""

    password: str
    totp_secret: str


class Accounts:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock, passwords: Passwords) -> None:
        self._crypto = crypto
        self._clock = clock
        self._passwords = passwords

    def all(self, session: Session) -> Sequence[Account]:
        return [_account(row) for row in session.scalars(select(StaffAccount).order_by(StaffAccount.username))]

    def on_duty(self, session: Session, roles: Collection[str], offices: Collection[str]) -> Sequence[Account]:
        """Who can sign in now with one of these roles at one of these offices, by name."""
        works = StaffAccount.enabled, StaffAccount.expires_at > self._clock.now()
        theirs = StaffAccount.role.in_(roles), StaffAccount.office.in_(offices)
        query = select(StaffAccount).where(*works, *theirs).order_by(StaffAccount.username)
        return [_account(row) for row in session.scalars(query)]

    def names(self, session: Session, staff: Collection[str]) -> dict[str, str]:
        """User name by account, of those that are there."""
        query = select(StaffAccount.staff_id, StaffAccount.username).where(StaffAccount.staff_id.in_(staff))
        return {id: username for id, username in session.execute(query)}

    def get(self, session: Session, staff_id: str) -> Account:
        """Raises NOT_FOUND."""
        return _account(self._row(session, staff_id))

    def made(self) -> tuple[Credentials, str]:
        """New credentials and the password's hash; takes some 30 ms, so no transaction should be open."""
        fresh = Credentials(secrets.token_urlsafe(15), base64.b32encode(secrets.token_bytes(20)).decode())
        return fresh, self._passwords.hash(fresh.password)

    def create(
        self,
        session: Session,
        username: str,
        role: str,
        fresh: Credentials,
        hashed: str,
        oidc_subject: str = "",
        office: str = "",
    ) -> Account:
        """Raises STATE_CONFLICT where the name, or the issuer's subject, is taken."""
        tags = self._crypto.tags(oidc_subject, OIDC) if oidc_subject else []
        taken = (StaffAccount.username == username) | StaffAccount.oidc_tag.in_(tags)
        if session.scalars(select(StaffAccount.staff_id).where(taken).limit(1)).first() is not None:
            raise Problem("STATE_CONFLICT")
        now = self._clock.now()
        row = StaffAccount(
            staff_id="s" + secrets.token_hex(16), username=username, password_hash=hashed, role=role, office=office,
            totp_sealed=self._sealed(fresh, username), totp_step=0, enabled=True, expires_at=now + LASTS,
            created_at=now, oidc_tag=tags[0] if tags else None,
            oidc_sealed=self._crypto.seal(oidc_subject.encode(), f"{OIDC}:{username}") if tags else None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return _account(row)

    def enable(self, session: Session, staff_id: str, enabled: bool) -> Account:
        """Disabled: signing in ends at once, and what is signed in within 20 seconds. Enabling gives it 90 days."""
        row = self._row(session, staff_id)
        row.enabled = enabled
        if enabled:
            row.expires_at = self._clock.now() + LASTS
        return _account(row)

    def reset(self, session: Session, staff_id: str, fresh: Credentials, hashed: str) -> Account:
        row = self._row(session, staff_id)
        row.password_hash, row.totp_sealed, row.totp_step = hashed, self._sealed(fresh, row.username), 0
        row.expires_at = self._clock.now() + LASTS
        return _account(row)

    def of_oidc(self, session: Session, subject: str) -> Account | None:
        """The account of this subject of the issuer, if it may be used now."""
        tags = self._crypto.tags(subject, OIDC)
        row = session.scalars(select(StaffAccount).where(StaffAccount.oidc_tag.in_(tags))).one_or_none()
        return _account(row) if row and row.enabled and self._clock.now() < row.expires_at else None

    @staticmethod
    def _row(session: Session, staff_id: str) -> StaffAccount:
        row = session.get(StaffAccount, staff_id, with_for_update=True)
        if row is None:
            raise Problem("NOT_FOUND")
        return row

    def _sealed(self, fresh: Credentials, username: str) -> bytes:
        return self._crypto.seal(fresh.totp_secret.encode(), f"{TOTP}:{username}")


def _account(row: StaffAccount) -> Account:
    moments = row.expires_at, row.created_at
    return Account(row.staff_id, row.username, row.role, row.office, row.enabled, *moments, row.oidc_tag is not None)

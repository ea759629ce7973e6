"""Signing in with WeChat, and the one place the doors ask about logins. WeChat is asked through the gateway, and no
transaction is open while it thinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto, token_hash
from hub.database import Database
from hub.errors import Problem
from hub.identity.service import Identity
from hub.login import rules
from hub.login.models import Attempt, Binding, Code
from hub.login.sessions import Sessions, Tokens
from hub.login.staff import StaffDoor
from hub.login.tokens import Principal
from hub.port import Garbled, OutcomeUnknown, Rejected, Reply
from hub.settings.live import Settings
from hub.trace import Trace

__all__ = ["Ask", "Login", "Principal", "Tokens"]

Ask = Callable[[str, Mapping[str, Any], Trace], Reply]
"""One question of the hub's own to WeChat: operation, fields, trace."""

_OPENID, _SESSION_KEY = "login.openid", "login.session_key"
_CODE_KEPT = timedelta(days=1)


class Login:
    """One for the process."""

    def __init__(
        self, settings: Settings, database: Database, crypto: Crypto, clock: Clock, identity: Identity, ask: Ask
    ) -> None:
        self._database = database
        self._crypto = crypto
        self._clock = clock
        self._identity = identity
        self._ask = ask
        self._sessions = Sessions(settings, database, clock, identity)
        self._staff = StaffDoor(database, crypto, clock, identity, self._sessions)
        # The hot path, without a call in between.
        self.principal: Callable[[str], Principal] = self._sessions.principal

    def sign_in(self, code: str, trace: Trace, key_thumbprint: str = "") -> Tokens:
        """Tokens for what wx.login gave. Raises LOGIN_CODE_USED, LOGIN_CODE_EXPIRED, LOGIN_BLOCKED, or what keeps
        WeChat from answering; only when it was certainly not asked may the same code be tried again."""
        self._mark(code)
        try:
            reply = self._ask("code2session", {"code": code}, trace)
        except Rejected as error:
            if told := rules.refusal(error.faults):
                raise Problem(told, note=error.note) from error
            raise
        except (OutcomeUnknown, Garbled):
            raise
        except Problem:
            with suppress(Problem), self._database.session() as session:
                session.execute(delete(Code).where(Code.code_hash == token_hash(code)))
            raise
        with self._database.session() as session:
            return self._enter(session, reply.fields["openid"], reply.fields["session_key"], key_thumbprint)

    def refresh(self, refresh_token: str, key_thumbprint: str = "") -> Tokens:
        return self._sessions.refresh(refresh_token, key_thumbprint)

    def sign_out(self, principal: Principal) -> None:
        self._sessions.end(principal)

    def staff_sign_in(self, username: str, password: str, totp: str, key_thumbprint: str = "") -> Tokens:
        return self._staff.sign_in(username, password, totp, key_thumbprint)

    def citizen_of(self, session: Session, openid: str) -> str | None:
        """The citizen behind a WeChat user who has been here before."""
        tag = self._crypto.lookup(openid, _OPENID)
        return session.scalars(select(Binding.citizen_id).where(Binding.openid_tag == tag)).one_or_none()

    def bind(self, session: Session, openid: str, citizen_id: str) -> None:
        """A WeChat user who has not been here is that citizen."""
        session.execute(self._binding(openid, citizen_id, None))

    def sweep(self, session: Session) -> None:
        """Forget what is too old to matter: codes, sessions, attempts."""
        now = self._clock.now()
        session.execute(delete(Code).where(Code.seen_at < now - _CODE_KEPT))
        session.execute(delete(Attempt).where(Attempt.until < now))
        self._sessions.sweep(session)

    def _mark(self, code: str) -> None:
        put = insert(Code).values(code_hash=token_hash(code), seen_at=self._clock.now())
        with self._database.session() as session:
            fresh = session.scalars(put.on_conflict_do_nothing().returning(Code.code_hash)).one_or_none()
        if fresh is None:
            raise Problem("LOGIN_CODE_USED")

    def _enter(self, session: Session, openid: str, session_key: str, key_thumbprint: str) -> Tokens:
        visitor = self._identity.new_citizen_id()
        put = self._binding(openid, visitor, session_key)
        fresh = {"session_key_sealed": put.excluded.session_key_sealed, "updated_at": put.excluded.updated_at}
        put = put.on_conflict_do_update(index_elements=[Binding.openid_tag], set_=fresh)
        citizen_id = session.scalars(put.returning(Binding.citizen_id)).one()
        if citizen_id == visitor:
            self._identity.register_visitor(session, visitor)
        standing = self._identity.standing(session, "citizen", citizen_id)
        if standing is None:
            raise Problem("SESSION_REVOKED", note="bound to a person who is not there")
        return self._sessions.begin(session, "citizen", citizen_id, standing, key_thumbprint)

    def _binding(self, openid: str, citizen_id: str, session_key: str | None) -> Any:
        tag = self._crypto.lookup(openid, _OPENID)
        sealed = self._crypto.seal(session_key.encode(), f"{_SESSION_KEY}:{tag.hex()}") if session_key else None
        return insert(Binding).values(
            openid_tag=tag,
            openid_sealed=self._crypto.seal(openid.encode(), f"{_OPENID}:{tag.hex()}"),
            session_key_sealed=sealed,
            citizen_id=citizen_id,
            updated_at=self._clock.now(),
        )

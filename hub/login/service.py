"""Signing in with WeChat, and the one place the doors ask about logins. WeChat is asked through the gateway, and no
transaction is open while it thinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto, token_hash
from hub.database import Database, one_at_a_time
from hub.errors import Problem
from hub.identity.service import Identity, Standing
from hub.login import rules
from hub.login.binding import OPENID, opened, put
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

Joined = Callable[[Session, str, str], None]
"""Told that a visitor has become a citizen, in the transaction in which that happens: visitor, citizen."""


def nobody_minds(session: Session, visitor: str, citizen_id: str) -> None:
    """Where no room keeps anything of visitors."""


_CODE_KEPT = timedelta(days=1)


class Login:
    """One for the process."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        crypto: Crypto,
        clock: Clock,
        identity: Identity,
        ask: Ask,
        joined: Joined = nobody_minds,
    ) -> None:
        self._database = database
        self._joined = joined
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
        self.mark(code)
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
        tags = self._crypto.tags(openid, OPENID)
        return session.scalars(select(Binding.citizen_id).where(Binding.openid_tag.in_(tags))).one_or_none()

    def bind(self, session: Session, openid: str, citizen_id: str) -> None:
        """A WeChat user who has not been here is that citizen."""
        self._bound(session, openid, citizen_id)
        session.flush()

    def wechat_user(self, session: Session, citizen_id: str) -> tuple[str, str | None]:
        """openid and session key of the citizen's latest login. They never leave the hub."""
        latest = select(Binding).where(Binding.citizen_id == citizen_id).order_by(Binding.updated_at.desc()).limit(1)
        binding = session.scalars(latest).one_or_none()
        if binding is None:
            raise Problem("SESSION_REVOKED", note="no WeChat user is bound to this citizen")
        return opened(self._crypto, binding)

    def begin(self, session: Session, citizen_id: str, key_thumbprint: str = "") -> Tokens:
        """A new session at the level the citizen has now."""
        standing = self._identity.standing(session, "citizen", citizen_id)
        if standing is None:
            raise Problem("SESSION_REVOKED", note="bound to a person who is not there")
        return self._sessions.begin(session, "citizen", citizen_id, standing, key_thumbprint)

    def join(self, session: Session, visitor: str, citizen_id: str) -> None:
        """Whoever was the visitor is this citizen from now on; the visitor's sessions are over."""
        session.execute(update(Binding).where(Binding.citizen_id == visitor).values(citizen_id=citizen_id))
        self._sessions.end_all(session, visitor, "joined")
        self._joined(session, visitor, citizen_id)
        self._identity.erase(session, visitor)

    def erase(self, session: Session, citizen_id: str) -> None:
        """No WeChat user leads to this citizen any more, and no session is left."""
        session.execute(delete(Binding).where(Binding.citizen_id == citizen_id))
        self._sessions.end_all(session, citizen_id, "erased")

    def forget(self, citizen_id: str) -> None:
        """This worker looks at the citizen's sessions anew, now that something of them has changed."""
        self._sessions.forget(citizen_id)

    def sweep(self, session: Session) -> None:
        """Forget what is too old to matter: codes, sessions, attempts."""
        now = self._clock.now()
        session.execute(delete(Code).where(Code.seen_at < now - _CODE_KEPT))
        session.execute(delete(Attempt).where(Attempt.until < now))
        self._sessions.sweep(session)
        self._identity.attempts.sweep(session)

    def mark(self, code: str) -> None:
        """This code is being used; raises LOGIN_CODE_USED when it was before."""
        put = insert(Code).values(code_hash=token_hash(code), seen_at=self._clock.now())
        with self._database.session() as session:
            fresh = session.scalars(put.on_conflict_do_nothing().returning(Code.code_hash)).one_or_none()
        if fresh is None:
            raise Problem("LOGIN_CODE_USED")

    def begin_staff(self, session: Session, staff_id: str, role: str, key_thumbprint: str = "") -> Tokens:
        """A session of somebody whom another door has proved."""
        return self._sessions.begin(session, "staff", staff_id, Standing(roles=(role,)), key_thumbprint)

    def _enter(self, session: Session, openid: str, session_key: str, key_thumbprint: str) -> Tokens:
        binding = self._found(session, openid)
        if binding is None:
            binding = self._bound(session, openid, self._identity.new_citizen_id())
            self._identity.register_visitor(session, binding.citizen_id)
        self._put(binding, openid, session_key)
        return self.begin(session, binding.citizen_id, key_thumbprint)

    def _found(self, session: Session, openid: str) -> Binding | None:
        """Nobody else can bind this WeChat user until the transaction ends."""
        one_at_a_time(session, self._crypto.lookup(openid, OPENID))
        tags = self._crypto.tags(openid, OPENID)
        return session.scalars(select(Binding).where(Binding.openid_tag.in_(tags)).with_for_update()).one_or_none()

    def _bound(self, session: Session, openid: str, citizen_id: str) -> Binding:
        binding = Binding(citizen_id=citizen_id)
        self._put(binding, openid, None)
        session.add(binding)
        return binding

    def _put(self, binding: Binding, openid: str, session_key: str | None) -> None:
        put(self._crypto, binding, openid, session_key)
        binding.updated_at = self._clock.now()

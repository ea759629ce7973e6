"""Who is signed in: WeChat bindings, sessions, their refresh tokens, login codes seen, failed attempts of staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class Binding(Base):
    """A WeChat user and the citizen behind it. `session_key_sealed` is the key of the latest login."""

    __tablename__ = "login_binding"

    openid_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    openid_sealed: Mapped[bytes]
    session_key_sealed: Mapped[bytes | None]
    citizen_id: Mapped[str] = mapped_column(index=True)
    updated_at: Mapped[datetime]


class SignedIn(Base):
    """One session from sign-in to its end. `subject` is a citizen's or a staff account's id."""

    __tablename__ = "login_session"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    key_thumbprint: Mapped[str | None]


class Refresh(Base):
    """A refresh token, as its hash. The used ones are kept while their session lives: one that comes again ends it."""

    __tablename__ = "login_refresh"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("login_session.session_id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]


class Code(Base):
    """A login code that was presented, as its hash."""

    __tablename__ = "login_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)


class Attempt(Base):
    """Staff sign-ins in a row that failed, for one user name, whether it exists or not."""

    __tablename__ = "login_attempt"

    username_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime]

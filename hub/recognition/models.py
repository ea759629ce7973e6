"""Tables of the room. No row names a person but the consents of those who carried their own facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class ChangeRow(Base):
    """One thing that was done to what this hub believes and asks. Rows are only ever added; the newest id tells every
    worker whether to look again."""

    __tablename__ = "recognition_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    act: Mapped[str]
    target: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class ListRow(Base):
    """A signed trust list as it came."""

    __tablename__ = "recognition_list"

    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    expires_at: Mapped[datetime]
    signed: Mapped[str]
    at: Mapped[datetime]


class RuleRow(Base):
    """One version of one rule; `state` is proposed (an emergency that waits for a second person) or admitted."""

    __tablename__ = "recognition_rule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    identifier: Mapped[str]
    version: Mapped[str]
    region: Mapped[str]
    document: Mapped[dict[str, Any]]
    emergency: Mapped[bool]
    reason: Mapped[str]
    proposed_by: Mapped[str]
    confirmed_by: Mapped[str] = mapped_column(default="")
    state: Mapped[str]
    at: Mapped[datetime]


class RevocationRow(Base):
    """A credential, batch or key that is refused from now on, as a digest."""

    __tablename__ = "recognition_revocation"

    digest: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str]
    issuer: Mapped[str]
    reason: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class NonceRow(Base):
    """An envelope that was good once, and was used."""

    __tablename__ = "recognition_nonce"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class ResultRow(Base):
    """One verdict: on what it stood and who asked, not about whom."""

    __tablename__ = "recognition_result"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    verdict: Mapped[str]
    reason: Mapped[str]
    issuer: Mapped[str]
    rule_version: Mapped[str]
    rules: Mapped[list[str]]
    trust_version: Mapped[int] = mapped_column(BigInteger)
    offline: Mapped[bool]
    asked_by: Mapped[str]
    purpose_sealed: Mapped[bytes]


class CarriedRow(Base):
    """Facts a citizen took from here (`out`: no word of where to) or brought here (`in`), by consent."""

    __tablename__ = "recognition_carried"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    direction: Mapped[str]
    citizen_id: Mapped[str]
    consent_version: Mapped[str]
    consent_sha256: Mapped[str]
    issuer: Mapped[str] = mapped_column(default="")
    verdict: Mapped[str] = mapped_column(default="")
    rule_version: Mapped[str] = mapped_column(default="")
    kinds: Mapped[list[str]]
    facts_sealed: Mapped[bytes] = mapped_column(default=b"")
    at: Mapped[datetime]
    until: Mapped[datetime]

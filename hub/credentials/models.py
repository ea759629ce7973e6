"""Tables of the room: licences of the hub's own desk, their history, what is shown, copied, checked, revoked."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Identity, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class LicenceRow(Base):
    """One licence the desk issued. `body_sealed` holds id, holder and fields; the tags are keyed hashes."""

    __tablename__ = "credentials_licence"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    version: Mapped[int]
    state: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    batch: Mapped[str] = mapped_column(index=True)
    key_id: Mapped[str] = mapped_column(index=True)
    holder_tag: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    body_sealed: Mapped[bytes]
    changed_at: Mapped[datetime]


class ChangeRow(Base):
    """One thing that was done to a licence, by whom and why. Rows are only ever added."""

    __tablename__ = "credentials_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    licence_id: Mapped[str] = mapped_column(index=True)
    act: Mapped[str]
    state: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class ShownRow(Base):
    """A code under which a licence may be checked until `until`; with a copy's signature, which key made it.
    `mandate_id`: under which mandate it was shown; empty where its holder did."""

    __tablename__ = "credentials_shown"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    licence_id: Mapped[str]
    type: Mapped[str]
    version: Mapped[int]
    citizen_id: Mapped[str]
    level: Mapped[int]
    fields: Mapped[list[str]]
    key_id: Mapped[str]
    until: Mapped[datetime] = mapped_column(index=True)
    mandate_id: Mapped[str] = mapped_column(default="")


class CheckRow(Base):
    """Somebody checked a licence. `by` is a staff account, or empty for a passer-by; `mandate_id` as it was shown."""

    __tablename__ = "credentials_check"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    licence_id: Mapped[str] = mapped_column(index=True)
    citizen_id: Mapped[str]
    by: Mapped[str]
    fields: Mapped[list[str]]
    at: Mapped[datetime]
    mandate_id: Mapped[str] = mapped_column(default="")


class CopyRow(Base):
    """A copy on paper or file: the PDF and its signed text, sealed. `mandate_id`: under which it was made."""

    __tablename__ = "credentials_copy"

    id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str]
    citizen_id: Mapped[str]
    purpose_sealed: Mapped[bytes]
    pdf_sealed: Mapped[bytes]
    proof_sealed: Mapped[bytes]
    until: Mapped[datetime] = mapped_column(index=True)
    mandate_id: Mapped[str] = mapped_column(default="")


class RevocationRow(Base):
    """A batch, or all that a key signed, taken back: in force once a second person has confirmed it."""

    __tablename__ = "credentials_revocation"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    target: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]

"""Who is known: citizens with what the state has registered of them, and the accounts of staff. All of it sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class Person(Base):
    """One citizen. `level` is how surely the person is known: 0 only by WeChat, 1 phone, 2 real name, 3 face.

    The tags are keyed hashes to find a row by. `registered_source` says who vouched for name and number. Everything
    sealed is under the person's own data key, `key_sealed`; rows from before there was one are under the ring itself.
    """

    __tablename__ = "identity_person"

    citizen_id: Mapped[str] = mapped_column(primary_key=True)
    key_sealed: Mapped[bytes | None]
    level: Mapped[int] = mapped_column(default=0)
    region: Mapped[str] = mapped_column(default="")
    id_number_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    id_number_sealed: Mapped[bytes | None]
    name_sealed: Mapped[bytes | None]
    registered_source: Mapped[str | None]
    registered_at: Mapped[datetime | None]
    phone_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    phone_sealed: Mapped[bytes | None]
    phone_source: Mapped[str | None]
    phone_at: Mapped[datetime | None]
    address_sealed: Mapped[bytes | None]
    address_source: Mapped[str | None]
    address_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Company(Base):
    """One company as its register has it: unified social credit code, name, legal representative."""

    __tablename__ = "identity_company"

    company_id: Mapped[str] = mapped_column(primary_key=True)
    key_sealed: Mapped[bytes]
    credit_code_tag: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    credit_code_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes]
    representative_sealed: Mapped[bytes]
    source: Mapped[str]
    updated_at: Mapped[datetime]


class Attempt(Base):
    """How often a real name was tried until `until`: of one ID number, by one citizen, or with one name."""

    __tablename__ = "identity_attempt"

    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime] = mapped_column(index=True)


class FaceCheck(Base):
    """A face check that was begun for a citizen. It counts once, for that citizen alone."""

    __tablename__ = "identity_face"

    verify_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    citizen_id: Mapped[str] = mapped_column(index=True)
    sequence: Mapped[str]
    until: Mapped[datetime] = mapped_column(index=True)


class StaffAccount(Base):
    """One member of staff. `totp_step` is the last 30 seconds whose code was used: a code works once.

    `oidc` is what the county's own issuer calls the person. `office` is where the member works: a region's code or a
    department; empty for the county as a whole.
    """

    __tablename__ = "identity_staff"

    staff_id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    totp_sealed: Mapped[bytes]
    totp_step: Mapped[int] = mapped_column(default=0)
    oidc_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    oidc_sealed: Mapped[bytes | None]
    role: Mapped[str]
    office: Mapped[str] = mapped_column(default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]

"""Tables of the mandates room. Numbers and names are sealed; the tags are keyed hashes to find a row by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.database import Base


class MandateRow(Base):
    """`holder` (a citizen's id) acts; `represented` is whose data it is: a citizen's id, or one made from the tag.

    `proof` says what it stands on: household_register, acceptance, legal_representative, own_office. Rows stay.
    """

    __tablename__ = "mandates_mandate"

    mandate_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    holder: Mapped[str] = mapped_column(index=True)
    holder_sealed: Mapped[bytes]
    represented: Mapped[str] = mapped_column(index=True)
    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    subject_sealed: Mapped[bytes]
    scope: Mapped[list[str]]
    proof: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class CompanyPerson(Base):
    """One person in one role of one company: legal_representative, clerk, finance. `source` says who vouches for it."""

    __tablename__ = "mandates_company_person"

    company_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    company_sealed: Mapped[bytes]
    source: Mapped[str]
    since: Mapped[datetime]


class ConsentRow(Base):
    """A consent as it was given; withdrawn ones stay. `given_by` differs from `subject` when a guardian gave it."""

    __tablename__ = "mandates_consent"

    consent_id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(index=True)
    given_by: Mapped[str]
    service: Mapped[str]
    purpose: Mapped[str]
    fields: Mapped[list[str]]
    text_version: Mapped[str]
    text_sha256: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ChangeRow(Base):
    """What every worker has to forget. The ids are committed in their order."""

    __tablename__ = "mandates_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    at: Mapped[datetime]

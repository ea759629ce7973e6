"""A company's people by roles. The company is known by its unified social credit code; code and name are sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.mandates.models import CompanyPerson

Role = Literal["legal_representative", "clerk", "finance"]
ROLES: tuple[Role, ...] = ("legal_representative", "clerk", "finance")

COMPANY, _PERSON = "mandates.company", "mandates.person"


@dataclass(frozen=True, slots=True)
class Company:
    credit_code: str
    name: str


@dataclass(frozen=True, slots=True)
class Post:
    """One role a person has in a company."""

    company: Company
    role: str
    source: str


class Companies:
    """Takes a session and never commits. Persons are named by their ID number, of which only a keyed hash is kept."""

    def __init__(self, crypto: Crypto, clock: Clock) -> None:
        self._crypto = crypto
        self._clock = clock

    def tag(self, credit_code: str) -> bytes:
        return self._crypto.lookup(credit_code, COMPANY)

    def appoint(self, session: Session, company: Company, id_number: str, role: Role, source: str) -> None:
        """A company has one legal representative: a new one takes the old one's place."""
        tag = self.tag(company.credit_code)
        if role == "legal_representative":
            here = (CompanyPerson.company_tag == tag) & (CompanyPerson.role == role)
            session.execute(delete(CompanyPerson).where(here))
        plain = orjson.dumps([company.credit_code, company.name])
        sealed = self._crypto.seal(plain, f"{COMPANY}:{tag.hex()}")
        values = {"company_sealed": sealed, "source": source, "since": self._clock.now()}
        put = insert(CompanyPerson).values(
            company_tag=tag, person_tag=self._crypto.lookup(id_number, _PERSON), role=role, **values
        )
        key = [CompanyPerson.company_tag, CompanyPerson.person_tag, CompanyPerson.role]
        session.execute(put.on_conflict_do_update(index_elements=key, set_=values))

    def posts(self, session: Session, id_number: str) -> Sequence[Post]:
        tag = self._crypto.lookup(id_number, _PERSON)
        rows = session.scalars(select(CompanyPerson).where(CompanyPerson.person_tag == tag))
        return [Post(self._opened(row), row.role, row.source) for row in rows]

    def led_by(self, session: Session, id_number: str) -> set[bytes]:
        """The tags of the companies this person represents by law."""
        tag = self._crypto.lookup(id_number, _PERSON)
        mine = (CompanyPerson.person_tag == tag) & (CompanyPerson.role == "legal_representative")
        return set(session.scalars(select(CompanyPerson.company_tag).where(mine)))

    def named(self, session: Session, tag: bytes) -> Company | None:
        row = session.scalars(select(CompanyPerson).where(CompanyPerson.company_tag == tag).limit(1)).one_or_none()
        return self._opened(row) if row else None

    def _opened(self, row: CompanyPerson) -> Company:
        code, name = orjson.loads(self._crypto.open(row.company_sealed, f"{COMPANY}:{row.company_tag.hex()}"))
        return Company(code, name)

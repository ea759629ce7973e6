"""Companies, sealed like persons. Who may act for one is not decided here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto, mask_name
from hub.database import one_at_a_time
from hub.identity.models import Company
from hub.identity.sealing import COMPANY, Sealing


@dataclass(frozen=True, slots=True)
class CompanyRecord:
    """A company as its register has it, in clear; `shown` is what may leave without a reason."""

    credit_code: str
    name: str
    representative: str
    source: str
    updated_at: datetime | None = None

    def shown(self) -> dict[str, str]:
        """Code and name of a company are public; its representative is a person."""
        return {"credit_code": self.credit_code, "name": self.name, "representative": mask_name(self.representative)}


class Companies:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock) -> None:
        self._crypto, self._clock, self._sealing = crypto, clock, Sealing(crypto)

    def register(self, session: Session, record: CompanyRecord) -> str:
        """Puts a company in, or what its register says of it now; returns the company's id."""
        one_at_a_time(session, self._crypto.lookup(record.credit_code, COMPANY["credit_code"]))
        company = self._find(session, record.credit_code)
        if company is None:
            company = Company(company_id="e" + secrets.token_hex(16))
            session.add(company)
        values = {name: getattr(record, name) for name in COMPANY}
        self._sealing.put_company(company, values)
        company.source, company.updated_at = record.source, self._clock.now()
        session.flush()
        return company.company_id

    def find(self, session: Session, credit_code: str) -> str | None:
        """The id of the company with this code."""
        company = self._find(session, credit_code)
        return company.company_id if company else None

    def record(self, session: Session, company_id: str) -> CompanyRecord | None:
        company = session.get(Company, company_id)
        if company is None:
            return None
        return CompanyRecord(
            **self._sealing.opened_company(company), source=company.source, updated_at=company.updated_at
        )

    def _find(self, session: Session, credit_code: str) -> Company | None:
        tags = self._crypto.tags(credit_code, COMPANY["credit_code"])
        return session.scalars(select(Company).where(Company.credit_code_tag.in_(tags))).one_or_none()

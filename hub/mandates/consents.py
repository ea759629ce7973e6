"""Consents: exactly these fields, for this purpose, under this text. The gateway asks before every read."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.errors import Problem
from hub.gateway.passage import Passage
from hub.mandates.fresh import Fresh
from hub.mandates.models import ConsentRow
from hub.settings.shapes import Consent, Service

Given = frozenset[tuple[str, str, tuple[str, ...], str, str]]
"""What one person consents to now: service, purpose, fields, text version, SHA-256 of the text."""


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """As the person sees it. `current`: it still lets the service read, under the text of today."""

    consent_id: str
    service: str
    purpose: str
    fields: Sequence[str]
    version: str
    sha256: str
    given_at: datetime
    withdrawn_at: datetime | None
    by_representative: bool
    current: bool


class Consents:
    """Takes a session and never commits; `check` alone looks for itself."""

    def __init__(self, clock: Clock, fresh: Fresh) -> None:
        self._clock = clock
        self._fresh = fresh

    def check(self, passage: Passage) -> None:
        """The gateway's hook. Raises CONSENT_MISSING with what to consent to, STORE_UNAVAILABLE."""
        service = passage.service
        if service is None or service.consent is None:
            return
        subject = passage.caller.whose
        given = self._fresh.get(f"consent:{subject}", lambda connection: _given(connection, subject))
        if not holds(service, service.consent, given):
            raise Problem("CONSENT_MISSING", extra={"consent": asked(service.id, service.consent)})

    def give(
        self, session: Session, subject: str, given_by: str, service: Service, version: str, sha256: str
    ) -> ConsentGiven:
        """`version` and `sha256` are of the text the person was shown. Raises NOT_FOUND for a service that asks for no
        consent, CONSENT_TEXT_CHANGED when another text counts by now. Giving what is given changes nothing."""
        consent = service.consent
        if consent is None:
            raise Problem("NOT_FOUND")
        if version != consent.version or sha256 not in consent.sha256.values():
            raise Problem("CONSENT_TEXT_CHANGED", extra={"consent": asked(service.id, consent)})
        self._fresh.changed(session, f"consent:{subject}")  # from here on nobody else changes any
        for row in self._rows(session, subject):
            if row.withdrawn_at is None and holds(service, consent, frozenset([_key(row)])):
                return _shown(row, {service.id: service})
        row = ConsentRow(
            consent_id="n" + secrets.token_hex(16), subject=subject, given_by=given_by, service=service.id,
            purpose=consent.purpose, fields=list(consent.fields), text_version=version, text_sha256=sha256,
            given_at=self._clock.now(), withdrawn_at=None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return _shown(row, {service.id: service})

    def withdraw(self, session: Session, consent_id: str, subject: str) -> None:
        """Stops the next read. Raises NOT_FOUND for what is not this person's."""
        mine = (ConsentRow.consent_id == consent_id) & (ConsentRow.subject == subject)
        if session.scalars(select(ConsentRow.consent_id).where(mine)).one_or_none() is None:
            raise Problem("NOT_FOUND")
        still = mine & ConsentRow.withdrawn_at.is_(None)
        session.execute(update(ConsentRow).where(still).values(withdrawn_at=self._clock.now()))
        self._fresh.changed(session, f"consent:{subject}")

    def leave(self, session: Session, subject: str) -> None:
        """This person is going: every consent is withdrawn. The rows stay; they name nobody."""
        still = (ConsentRow.subject == subject) & ConsentRow.withdrawn_at.is_(None)
        session.execute(update(ConsentRow).where(still).values(withdrawn_at=self._clock.now()))
        self._fresh.changed(session, f"consent:{subject}")

    def of(self, session: Session, subject: str, services: Mapping[str, Service]) -> list[ConsentGiven]:
        """Newest first, the withdrawn ones too."""
        return [_shown(row, services) for row in self._rows(session, subject)]

    @staticmethod
    def _rows(session: Session, subject: str) -> Sequence[ConsentRow]:
        mine = select(ConsentRow).where(ConsentRow.subject == subject)
        return session.scalars(mine.order_by(ConsentRow.given_at.desc(), ConsentRow.consent_id)).all()


def holds(service: Service, consent: Consent, given: Given) -> bool:
    """Whether one of these is for exactly what the service asks for today."""
    wanted = service.id, consent.purpose, consent.fields, consent.version
    return any((*wanted, sha256) in given for sha256 in consent.sha256.values())


def asked(service_id: str, consent: Consent) -> dict[str, object]:
    """What a person is shown, and sends back the version and the hash of."""
    return {
        "service": service_id,
        "purpose": consent.purpose,
        "fields": list(consent.fields),
        "version": consent.version,
        "text": dict(consent.text),
        "sha256": dict(consent.sha256),
    }


def _given(connection: Connection, subject: str) -> Given:
    columns = ConsentRow.service, ConsentRow.purpose, ConsentRow.fields, ConsentRow.text_version, ConsentRow.text_sha256
    valid = select(*columns).where(ConsentRow.subject == subject, ConsentRow.withdrawn_at.is_(None))
    return frozenset((row[0], row[1], tuple(row[2]), row[3], row[4]) for row in connection.execute(valid))


def _key(row: ConsentRow) -> tuple[str, str, tuple[str, ...], str, str]:
    return row.service, row.purpose, tuple(row.fields), row.text_version, row.text_sha256


def _shown(row: ConsentRow, services: Mapping[str, Service]) -> ConsentGiven:
    service = services.get(row.service)
    current = (
        row.withdrawn_at is None
        and service is not None
        and service.consent is not None
        and holds(service, service.consent, frozenset([_key(row)]))
    )
    return ConsentGiven(
        row.consent_id, row.service, row.purpose, tuple(row.fields), row.text_version, row.text_sha256,
        row.given_at, row.withdrawn_at, row.given_by != row.subject, current,
    )  # fmt: skip

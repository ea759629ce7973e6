"""Facts that a citizen carries from one region to another himself: no word passes between the two systems.

The region they come from signs them and does not learn where they go; the one they come to checks the signature, that
they are this person's, and that they were not used before. Both ask for consent.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.recognition import envelope
from hub.recognition.carried import Fact
from hub.recognition.deciding import Deciding, Decision
from hub.recognition.models import CarriedRow, NonceRow
from hub.recognition.rules import in_force, number
from hub.recognition.standing import Standing
from hub.settings.recognition_shapes import Recognition
from hub.signing import Signing

FactsOf = Callable[[Session, str, str], Sequence[Fact]]
"""What the region of that name states about a resident of its own."""
_CODES = ("PEER_FACT_EXPIRED", "PEER_AUDIENCE", "PEER_SCOPE", "PEER_KEY_UNKNOWN")


@dataclass(frozen=True, slots=True)
class Portable:
    """Facts to carry: `code` is good once, until `until`."""

    code: str
    until: datetime
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Conversion:
    """`id` is empty where nothing could be decided for a technical reason, and nothing was used up."""

    id: str
    decision: Decision
    until: datetime | None


class Carrying:
    def __init__(
        self, standing: Standing, deciding: Deciding, crypto: Crypto, signing: Signing, clock: Clock, facts_of: FactsOf
    ) -> None:
        self._standing, self._deciding, self._crypto = standing, deciding, crypto
        self._signing, self._clock, self._facts_of = signing, clock, facts_of

    def take(self, session: Session, citizen_id: str, id_number: str, consent: str) -> Portable:
        """What this region knows of the citizen, signed. Raises NOT_FOUND where it knows nothing, CONSENT_MISSING."""
        stand, now = self._standing.now(), self._clock.now()
        _check_consent(stand.settings, consent)
        facts = self._facts_of(session, citizen_id, stand.region)
        if not facts:
            raise Problem("NOT_FOUND")
        until = now + timedelta(minutes=stand.settings.portable_minutes)
        nonce = secrets.token_urlsafe(16)
        rules = max((rule.version for rule in in_force(stand.rules, stand.region, now)), key=number, default="")
        code = envelope.written(
            self._signing, stand.region, facts, now, until, rules,
            id=secrets.token_hex(8), nonce=nonce, holder=_holder(nonce, id_number),
        )  # fmt: skip
        self._keep(session, stand.settings, "out", citizen_id, facts, until)
        return Portable(code, until, facts)

    def bring(self, session: Session, citizen_id: str, id_number: str, code: str, consent: str) -> Conversion:
        """What the rules here make of facts from elsewhere. Raises CONSENT_MISSING, IDENTITY_MISMATCH for another
        person's, and PEER_… for what is not believed."""
        stand = self._standing.now()
        _check_consent(stand.settings, consent)
        decision = self._deciding.decide(code)
        if decision.verdict == "technical_error":
            return Conversion("", decision, None)
        carried = decision.carried
        if carried is None:
            raise _refused(decision.reason, decision.issuer)
        if not (carried.nonce and carried.holder):
            raise _refused("NOT_PORTABLE", decision.issuer)
        if not secrets.compare_digest(carried.holder.encode(), _holder(carried.nonce, id_number).encode()):
            raise Problem("IDENTITY_MISMATCH")
        if not used(session, carried.issuer.id, carried.nonce, carried.expires_at):
            raise Problem("PEER_FACT_REPLAYED", origin=f"peer:{carried.issuer.id}")
        until = self._clock.now() + timedelta(days=stand.settings.keep_days)
        row = self._keep(session, stand.settings, "in", citizen_id, carried.facts, until, issuer=carried.issuer.id,
                         verdict=decision.verdict, rule_version=decision.rule_version)  # fmt: skip
        return Conversion(str(row.id), decision, until)

    def leave(self, session: Session, citizen_id: str) -> None:
        """What somebody brought who has gone; that it was agreed to stays for its term."""
        session.execute(update(CarriedRow).where(CarriedRow.citizen_id == citizen_id).values(facts_sealed=b""))

    def _keep(
        self, session: Session, settings: Recognition, direction: str, citizen_id: str, facts: Sequence[Fact],
        until: datetime, **more: Any,
    ) -> CarriedRow:  # fmt: skip
        """The consent; facts that came in are sealed, those that went out are known here anyway."""
        row = CarriedRow(
            direction=direction, citizen_id=citizen_id, consent_version=settings.consent_version,
            consent_sha256=hashlib.sha256(settings.consent.get("zh", "").encode()).hexdigest(),
            kinds=sorted({fact["kind"] for fact in facts}), facts_sealed=b"", at=self._clock.now(), until=until, **more,
        )  # fmt: skip
        session.add(row)
        session.flush()
        if direction == "in":
            whole = orjson.dumps([dict(fact) for fact in facts])
            row.facts_sealed = self._crypto.seal(whole, f"recognition.facts:{row.id}")
        return row


def used(session: Session, issuer: str, nonce: str, until: datetime) -> bool:
    """Whether this is the first time; from now on it was used."""
    digest = hashlib.sha256(f"{issuer}|{nonce}".encode()).digest()
    made = insert(NonceRow).values(digest=digest, until=until).on_conflict_do_nothing().returning(NonceRow.digest)
    return session.scalar(made) is not None


def forget(session: Session, now: datetime) -> None:
    """Nonces of what has expired, and facts and consents whose time is over."""
    session.execute(delete(NonceRow).where(NonceRow.until < now))
    session.execute(delete(CarriedRow).where(CarriedRow.until < now - timedelta(days=1)))


def _holder(nonce: str, id_number: str) -> str:
    """Binds facts to a person for whoever holds them and knows the number; the nonce keeps it from being looked up."""
    return hashlib.sha256(f"{nonce}|{id_number}".encode()).hexdigest()


def _check_consent(settings: Recognition, version: str) -> None:
    if version != settings.consent_version:
        told: Mapping[str, Any] = {"version": settings.consent_version, "text": dict(settings.consent)}
        raise Problem("CONSENT_MISSING", extra={"consent": told})


def _refused(reason: str, issuer: str) -> Problem:
    code = reason if reason in _CODES else "PEER_FACT_INVALID"
    return Problem(code, origin=f"peer:{issuer or 'unknown'}", extra={"reason": reason})

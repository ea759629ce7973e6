"""What staff decide about recognition: this region's rules, the trust list, revocations; each on record. A session is
handed in, and nothing commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import one_at_a_time
from hub.errors import Problem
from hub.recognition import rules
from hub.recognition.models import ChangeRow, ListRow, RevocationRow, RuleRow
from hub.recognition.standing import DOUBTED, Standing
from hub.recognition.trust import What, revocation, signed_list, signers

_ADMITTING = b"recognition changes"


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """`state`: proposed (an emergency that waits for a second person) or admitted."""

    document: Mapping[str, Any]
    state: str
    emergency: bool
    reason: str
    proposed_by: str
    confirmed_by: str
    at: datetime
    in_force: bool


class Desk:
    def __init__(self, standing: Standing, clock: Clock) -> None:
        self._standing, self._clock = standing, clock

    def propose(
        self, session: Session, document: Mapping[str, Any], actor: str, reason: str, emergency: bool = False
    ) -> RuleVersion:
        """Admitted with its notice; an emergency waits for a second person. Raises the faults of the rule."""
        rule = rules.read(document)
        one_at_a_time(session, _ADMITTING)
        known = [rules.read(each.document) for each in self._rows(session, rule.identifier)]
        rules.check_admission(rule, known, self._standing.now().region, self._clock.now(), emergency)
        row = RuleRow(
            identifier=rule.identifier, version=rule.version, region=rule.region, document=dict(document),
            emergency=emergency, reason=reason, proposed_by=actor, state="proposed" if emergency else "admitted",
            at=self._clock.now(),
        )  # fmt: skip
        session.add(row)
        self._note(session, "rule." + row.state, rule.name, actor, reason)
        return self._version(row, in_force=False)

    def confirm(self, session: Session, identifier: str, version: str, actor: str) -> RuleVersion:
        """By somebody else than who proposed it. Raises NOT_FOUND, STATE_CONFLICT, SECOND_PERSON_REQUIRED."""
        found = [row for row in self._rows(session, identifier, lock=True) if row.version == version]
        if not found:
            raise Problem("NOT_FOUND")
        (row,) = found
        if row.state != "proposed":
            raise Problem("STATE_CONFLICT", extra={"possible": []})
        if row.proposed_by == actor:
            raise Problem("SECOND_PERSON_REQUIRED")
        row.state, row.confirmed_by = "admitted", actor
        self._note(session, "rule.confirmed", f"{identifier}@{version}", actor, row.reason)
        return self._version(row, in_force=False)

    def versions(self, session: Session) -> Sequence[RuleVersion]:
        """Of every region, the newest first."""
        rows = session.scalars(select(RuleRow).order_by(RuleRow.id.desc()).limit(500)).all()
        stand, now = self._standing.now(), self._clock.now()
        known = [rules.read(row.document) for row in rows if row.state == "admitted"]
        names = {rule.name for rule in rules.in_force(known, stand.region, now)}
        return [self._version(row, f"{row.identifier}@{row.version}" in names) for row in rows]

    def take_list(self, session: Session, signed: str, actor: str) -> int:
        """The version of a trust list that is newer than all before. Raises ValueError and says why not."""
        stand = self._standing.now()
        if not stand.settings.signers:
            raise ValueError("recognition.yaml names no signers of a list")
        trust = signed_list(signed, signers(stand.settings.signers))
        newest = session.scalar(select(ListRow.version).order_by(ListRow.version.desc()).limit(1)) or 0
        if trust.version <= newest:
            raise ValueError(f"version {trust.version} is not newer than {newest}")
        assert trust.expires_at is not None
        if trust.expires_at <= self._clock.now():
            raise ValueError(f"it ended on {trust.expires_at:%Y-%m-%d %H:%M}")
        row = ListRow(version=trust.version, expires_at=trust.expires_at, signed=signed.strip(), at=self._clock.now())
        session.add(row)
        self._note(session, "list.taken", str(trust.version), actor, "")
        return trust.version

    def doubt(self, session: Session, issuer: str, office: str) -> None:
        """A fact of this issuer was looked at again, and is not so."""
        self._note(session, DOUBTED, issuer, office, "")

    def revoke(self, session: Session, what: What, issuer: str, value: str, actor: str, reason: str) -> bool:
        """From now on refused everywhere. False where it was already."""
        row = {"digest": revocation(what, issuer, value), "what": what, "issuer": issuer, "reason": reason,
               "actor": actor, "at": self._clock.now()}  # fmt: skip
        made = insert(RevocationRow).values(row).on_conflict_do_nothing().returning(RevocationRow.digest)
        if session.scalar(made) is None:
            return False
        self._note(session, f"revoked.{what}", f"{issuer}:{row['digest']}", actor, reason)
        return True

    @staticmethod
    def _rows(session: Session, identifier: str, lock: bool = False) -> Sequence[RuleRow]:
        query = select(RuleRow).where(RuleRow.identifier == identifier)
        return session.scalars(query.with_for_update() if lock else query).all()

    def _note(self, session: Session, act: str, target: str, actor: str, reason: str) -> None:
        one_at_a_time(session, _ADMITTING)  # ids are committed in their order: no worker overlooks one
        session.add(ChangeRow(act=act, target=target, actor=actor, reason=reason, at=self._clock.now()))
        session.flush()
        self._standing.forget()

    @staticmethod
    def _version(row: RuleRow, in_force: bool) -> RuleVersion:
        return RuleVersion(row.document, row.state, row.emergency, row.reason, row.proposed_by, row.confirmed_by,
                           row.at, in_force)  # fmt: skip

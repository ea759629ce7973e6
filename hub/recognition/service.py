"""Recognition between regions: others state facts, this region's rules decide. The room's door for everybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.recognition.carrying import Carrying, FactsOf, forget, used
from hub.recognition.deciding import Deciding, Decision
from hub.recognition.desk import Desk
from hub.recognition.fetching import Fetching
from hub.recognition.models import ResultRow
from hub.recognition.rechecking import Assign, Rechecking
from hub.recognition.rules import in_force
from hub.recognition.standing import Standing
from hub.settings.shapes import Snapshot
from hub.signing import Signing

_ONCE = "PEER_FACT_REPLAYED"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of recognition that a person should see to: `bad` where nothing is decided because of it."""

    what: str
    bad: bool
    note: str
    until: datetime | None = None


class Recognising:
    """One per process."""

    def __init__(
        self,
        database: Database,
        crypto: Crypto,
        signing: Signing,
        clock: Clock,
        now: Callable[[], Snapshot],
        facts_of: FactsOf,
        assign: Assign,
    ) -> None:
        self._database, self._crypto, self._clock, self._settings = database, crypto, clock, now
        self.standing = Standing(database, clock, now)
        self.deciding = Deciding(self.standing, clock)
        self.desk = Desk(self.standing, clock)
        self.fetching = Fetching(database, self.standing, self.desk)
        self.rechecking = Rechecking(self.desk, now, assign)
        self.carrying = Carrying(self.standing, self.deciding, crypto, signing, clock, facts_of)
        self._told: set[str] = set()
        self._log = structlog.get_logger()

    def recognise(self, code: str, purpose: str, asked_by: str) -> Decision:
        """The verdict on what somebody shows, on record. While PostgreSQL is away it is given without; what is good
        once cannot be told from a replay then. Raises QR_INVALID."""
        decision = self.deciding.decide(code)
        try:
            with self._database.session() as session:
                decision = _once(session, decision)
                self._record(session, decision, purpose, asked_by)
                self.rechecking.sample(session, code, decision)
        except Problem as problem:
            self._log.error("recognition_not_recorded", code=problem.code, note=decision.verdict)
            if decision.carried is not None and decision.carried.nonce:
                return replace(decision, verdict="technical_error", reason="NONCE_UNCHECKED", carried=None)
        return decision

    def findings(self) -> Iterator[Finding]:
        """What ends soon, has ended, or cannot be read."""
        stand, now = self.standing.now(), self._clock.now()
        soon = timedelta(hours=stand.settings.alarm_hours)
        ends = stand.trust.expires_at
        if stand.list_is_stale(now):
            yield Finding("trust list", True, f"ended {ends:%Y-%m-%d %H:%M}" if ends else "never came", ends)
        elif stand.settings.signers and ends is not None and ends - now < soon:
            yield Finding("trust list", False, f"ends {ends:%Y-%m-%d %H:%M}", ends)
        if stand.is_stale(now):
            yield Finding("snapshot", True, "rules and revocations were not looked at for too long")
        elif stand.offline and stand.looked_at is not None:
            until = stand.looked_at + timedelta(hours=stand.settings.snapshot_hours)
            yield Finding("snapshot", False, f"good until {until:%Y-%m-%d %H:%M}", until)
        for id in stand.doubts(now):
            yield Finding(f"issuer {id}", False, "stated what is not so: ask its region, or revoke its key")
        for id in stand.unread:
            yield Finding(f"keys {id}", True, "cannot be read")
        if stand.trust.issuers:
            rules = in_force(stand.rules, stand.region, now)
            last = max((rule.valid_to for rule in rules), default=None)
            if last is None:
                yield Finding("rules", False, "none in force: nothing is accepted")
            elif last - now < soon:
                yield Finding("rules", False, f"the last ends {last:%Y-%m-%d %H:%M}", last)

    def look(self) -> None:
        """An alarm line for each finding that is new, and one when it is over."""
        found = {each.what: each for each in self.findings()}
        for what in found.keys() - self._told:
            self._log.error("recognition_alarm", kind=what, state="bad" if found[what].bad else "watch",
                            note=found[what].note)  # fmt: skip
        for what in self._told - found.keys():
            self._log.info("recognition_well", kind=what)
        self._told = set(found)

    def sweep(self, session: Session) -> None:
        now = self._clock.now()
        forget(session, now)
        before = now - timedelta(days=self._settings().recognition.keep_days)
        session.execute(delete(ResultRow).where(ResultRow.at < before))

    def _record(self, session: Session, decision: Decision, purpose: str, asked_by: str) -> None:
        row = ResultRow(
            at=decision.at, verdict=decision.verdict, reason=decision.reason, issuer=decision.issuer,
            rule_version=decision.rule_version, rules=list(decision.rules), trust_version=decision.trust_version,
            offline=decision.offline, asked_by=asked_by,
            purpose_sealed=self._crypto.seal(purpose.encode(), "recognition.purpose"),
        )  # fmt: skip
        session.add(row)


def _once(session: Session, decision: Decision) -> Decision:
    """What is good once was not shown before."""
    carried = decision.carried
    if carried is None or not carried.nonce or used(session, carried.issuer.id, carried.nonce, carried.expires_at):
        return decision
    return replace(decision, verdict="not_accepted", reason=_ONCE, rule_version="", rules=(), carried=None)

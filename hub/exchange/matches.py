"""Rows in doubt before whoever decides them. Looking at one is reading somebody's number and name: there is evidence of
it as of any use, and the citizen finds it in the access log.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from hub.clock import Clock
from hub.database import Database
from hub.ledger.evidence import Evidence
from hub.ledger.statement import Statement
from hub.matching.queue import Match, Outcome, Queue
from hub.matching.rules import Told
from hub.settings.shapes import Snapshot

_PURPOSE = "核对是否为同一人"
_BASIS = "个人信息保护法第八条"  # whoever handles personal information sees to its quality
_CLASS = 4  # a number is among it
_NAMED = {"number": "id_number", "name": "name", "born": "birth_date", "record": "record"}


class Matches:
    """One per process. It has transactions of its own: none is open while evidence is written."""

    def __init__(
        self, database: Database, queue: Queue, evidence: Evidence, clock: Clock, now: Callable[[], Snapshot]
    ) -> None:
        self._database, self._evidence, self._clock, self._now = database, evidence, clock, now
        self.queue = queue

    def look(self, id: str, office: str, officer: str) -> Match:
        """With its values. Raises NOT_FOUND and EVIDENCE_UNAVAILABLE: no leaf, no data."""
        with self._database.session() as session:
            match = self.queue.get(session, id, office)
        if match.sought is not None and match.told is not None:
            told = _shown(match.told)
            statement = self._statement(match, office, officer, match.sought.number, tuple(told))
            self._evidence.decide(statement)
            self._evidence.deliver(statement.exchange_id, [told])
        return match

    def decide(self, id: str, office: str, officer: str, outcome: Outcome, reason: str) -> Match:
        """Raises NOT_FOUND, STATE_CONFLICT."""
        with self._database.session() as session:
            return self.queue.decide(session, id, office, officer, outcome, reason)

    def _statement(self, match: Match, office: str, officer: str, number: str, fields: tuple[str, ...]) -> Statement:
        return Statement(
            exchange_id=uuid4(), at=self._clock.now(), supplier=match.owner, user=office, system=match.system,
            officer_ref=f"{office}/{officer}", service=match.resource, service_version="1", op="READ",
            subject_tag=self._evidence.subject_tag(match.kind, number), basis=_BASIS, purpose=_PURPOSE, fields=fields,
            data_class=_CLASS, req_digest=self._evidence.digest([match.id]), policy_version=match.id,
            config_version=self._now().version, case_no=f"match:{match.id}",
        )  # fmt: skip


def _shown(told: Told) -> dict[str, str]:
    """What the row says of whose it is."""
    said = {name: getattr(told, place) for place, name in _NAMED.items()}
    return {name: value for name, value in said.items() if value}

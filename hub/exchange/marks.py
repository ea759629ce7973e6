"""Canaries in lists of people, so that a copy that got out names who had it. Where rows are about one person, as the
officer asked, there is nothing to hide them among and nobody is to decide on them: such an answer has none."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from hub.clock import Clock
from hub.database import Database
from hub.exchange import rules
from hub.ledger.canaries import Canaries, Canary
from hub.ledger.evidence import Evidence
from hub.ledger.statement import Statement

_POOL = 5  # of one department and quarter
_random = secrets.SystemRandom()
Row = Mapping[str, Any]


class Marks:
    """Has transactions of its own. `phone` is told where a list gives telephones."""

    def __init__(
        self, database: Database, canaries: Canaries, evidence: Evidence, clock: Clock, phone: Callable[[], str]
    ) -> None:
        self._database, self._canaries, self._evidence = database, canaries, evidence
        self._clock, self._phone = clock, phone

    def among(self, user: str, rows: Sequence[Row]) -> list[Row]:
        """The rows of a list of people, with one of the taker's canaries somewhere among them."""
        if not rows or rules.NUMBER not in rows[0]:
            return list(rows)
        with self._database.session() as session:
            pool = self._canaries.of(session, user) or self._canaries.make(session, user, _POOL, self._phone())
        marked, canary = list(rows), _random.choice(pool)
        marked.insert(_random.randrange(len(rows) + 1), rules.disguised(_shown(canary), rows))
        return marked

    def for_file(self, file: str, rows: Sequence[Row], last: Statement) -> list[tuple[str, Row]]:
        """People for this file alone, each with an exchange like those of the others: who looks it up sees no
        difference. `last` is the statement of any of them. Raises EVIDENCE_UNAVAILABLE."""
        count = rules.marks(len(rows)) if rows and rules.NUMBER in rows[0] else 0
        with self._database.session() as session:
            made = self._canaries.make(session, last.user, count, self._phone(), file, last.officer_ref)
        return [self._given(each, rows, last) for each in made]

    def _given(self, canary: Canary, rows: Sequence[Row], last: Statement) -> tuple[str, Row]:
        row, tag = rules.disguised(_shown(canary), rows), self._evidence.subject_tag("resident_id", canary.id_number)
        digest = self._evidence.digest([last.service, _shown(canary), list(last.fields), last.purpose])
        one = replace(last, exchange_id=uuid4(), at=self._clock.now(), subject_tag=tag, req_digest=digest)
        self._evidence.decide(one)
        self._evidence.deliver(one.exchange_id, rules.texts([row]))
        return str(one.exchange_id), row


def _shown(canary: Canary) -> dict[str, str]:
    return {"name": canary.name, rules.NUMBER: canary.id_number, "phone": canary.phone}

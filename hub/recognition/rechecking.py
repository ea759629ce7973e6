"""One code in a hundred whose signature held is looked at again by a person, who asks its region by another way: so is
found who signs what is not so. Whoever always lies gets past 500 looks with a chance of less than one in a hundred."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import SystemRandom

from sqlalchemy.orm import Session

from hub.recognition.deciding import Decision
from hub.recognition.desk import Desk
from hub.settings.shapes import Snapshot

TASK, REFUTED = "recheck-fact", "does_not_hold"
SHARE = 0.01
_CHANCE = SystemRandom()

Assign = Callable[[Session, str, str, str, Mapping[str, str]], object]


class Rechecking:
    """Where config/tasks.yaml has no such task, nothing is looked at again. Takes a session and never commits."""

    def __init__(self, desk: Desk, now: Callable[[], Snapshot], assign: Assign) -> None:
        self._desk, self._now, self._assign, self._chance = desk, now, assign, _CHANCE.random

    def sample(self, session: Session, code: str, decision: Decision) -> None:
        now = self._now()
        if decision.carried is None or TASK not in now.tasks or self._chance() >= SHARE:
            return
        told = {"issuer": decision.issuer, "code": code, "verdict": decision.verdict, "at": decision.at.isoformat()}
        self._assign(session, TASK, now.hub.region, decision.issuer, told)

    def answered(self, session: Session, issuer: str, answer: str, office: str) -> None:
        """What an office found out. That a fact does not hold is an alarm until somebody has dealt with its issuer."""
        if answer == REFUTED:
            self._desk.doubt(session, issuer, office)

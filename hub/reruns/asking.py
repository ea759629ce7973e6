"""Asks one kept question once more, through every step of the gateway, under a trace of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.gateway.orders import ActsFor, Caller, Order
from hub.gateway.service import Gateway
from hub.legs import Leg, Legs
from hub.port import OutcomeUnknown, Rejected
from hub.settings.shapes import Service, Snapshot
from hub.trace import Trace, new


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state`: answered, rejected, failed or unknown; `code` OK or the problem's; `trace_id` finds the new leg. The
    answer itself belongs to the citizen, who may ask again; nobody here sees it."""

    state: str
    code: str
    trace_id: str


class Asking:
    """`acting` gives for whom a citizen may act under a mandate now, and raises where none may any more."""

    def __init__(
        self,
        database: Database,
        gateway: Gateway,
        legs: Legs,
        now: Callable[[], Snapshot],
        clock: Clock,
        acting: Callable[[str, str], ActsFor],
    ) -> None:
        self._database, self._gateway, self._legs, self._now, self._clock = database, gateway, legs, now, clock
        self._acting = acting

    def check(self, leg: Leg) -> None:
        """Raises STATE_CONFLICT, saying what is possible instead. A write is never sent again from here: only its
        filing knows whether the department has it already, and by which class it may be sent twice."""
        if leg.kind == "write":
            possible = ["ask_department"] if leg.state in ("unknown", "inflight") else []
            raise Problem("STATE_CONFLICT", extra={"status": leg.state, "possible": possible})
        if leg.state not in ("failed", "unknown") or leg.answered_by or not leg.has_question:
            raise Problem("STATE_CONFLICT", extra={"status": leg.state, "possible": []})

    def ask(self, leg_id: UUID, trace: Trace | None = None) -> Outcome:
        """No transaction is open while the department speaks. Raises NOT_FOUND, STATE_CONFLICT."""
        with self._database.session() as session:
            leg = self._legs.get(session, leg_id)
            self.check(leg)
            question, _ = self._legs.opened(session, leg_id)
        service = self._service(leg)
        trace = trace or new()
        try:
            caller = self._caller(question)
            order = Order(service, caller, question["fields"], trace, time.monotonic(), self._clock.now())
            answer = self._gateway.call(order)
        except Problem as problem:
            return Outcome(_state(problem), problem.code, trace.id)
        if answer.stale:
            return Outcome("failed", "STALE", trace.id)
        with self._database.session() as session:
            self._legs.answered(session, leg_id, trace.id)
        return Outcome("answered", "OK", trace.id)

    def _caller(self, question: Mapping[str, Any]) -> Caller:
        subject, mandate = question["subject"], question.get("mandate")
        acts_for = self._acting(mandate, subject) if mandate else None
        return Caller(subject, question["level"], "hub", question["region"], acts_for)

    def _service(self, leg: Leg) -> Service:
        service = self._now().services.get(leg.service)
        if service is None or service.operation != leg.operation or service.system != leg.system:
            raise Problem("STATE_CONFLICT", extra={"status": leg.state, "possible": []})
        return service


def _state(problem: Problem) -> str:
    if isinstance(problem, Rejected):
        return "rejected"
    return "unknown" if isinstance(problem, OutcomeUnknown) else "failed"

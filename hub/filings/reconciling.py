"""Looks for filings in the department's own query: those of which nobody knows, and those that should be there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.filings import claiming, rules
from hub.filings.models import FilingRow
from hub.filings.moving import Moving, locked
from hub.filings.orders import Order
from hub.filings.rules import Seen, Standing, State, Way
from hub.filings.sender import PURPOSE
from hub.gateway.orders import Caller
from hub.gateway.service import Gateway
from hub.port import Rejected, Reply
from hub.trace import new

LOOKED_FOR = (State.UNKNOWN, State.CONFIRMED, State.SETTLED)
_CALL_S, _HOLD_S = 10.0, 30.0


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is looked for: taken from its row, which is not held meanwhile."""

    id: int
    look: int
    state: State
    order: Order


class Reconciling:
    def __init__(
        self,
        database: Database,
        gateway: Gateway,
        crypto: Crypto,
        clock: Clock,
        moving: Moving,
        facts: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self._database, self._gateway, self._crypto, self._clock = database, gateway, crypto, clock
        self._moving, self._facts = moving, facts
        self._log = structlog.get_logger()

    def one(self, system: str, way: Way) -> bool:
        """Look for the one that has waited longest. False when there is none. Raises STORE_UNAVAILABLE."""
        with self._database.session() as session:
            row = claiming.to_look_for(session, system, LOOKED_FOR, _HOLD_S)
            if row is None:
                return False
            order = Order.unpacked(self._crypto.open(row.order_sealed, PURPOSE))
            looked = _Looked(row.id, row.look, State(row.state), order)
        rows = self._rows(looked.order, way) if way.query else None
        with self._database.session() as session:
            row = locked(session, looked.id)
            if row.look == looked.look and row.state == looked.state.value:
                self._settle(session, row, looked.order, rows, way)
        return True

    def _rows(self, order: Order, way: Way) -> Sequence[Mapping[str, Any]] | None:
        """What the department shows for it; None when nobody could be asked."""
        wanted = self._facts(order.system)["operations"][way.query]["request"]["fields"]
        known = {way.by: order.key, **order.fields}
        fields = {name: value for name, value in known.items() if name in wanted}
        caller = Caller(order.citizen_id or order.subject_tag, 3, "hub")
        try:
            return rows_of(self._gateway.ask(order.system, way.query, fields, caller, new(), _CALL_S), way)
        except Rejected as error:
            return [] if rules.code_of(error) in way.absent else None
        except Problem as problem:
            self._log.info("filing_not_looked_for", system=order.system, code=problem.code)
            return None

    def _settle(
        self, session: Session, row: FilingRow, order: Order, rows: Sequence[Mapping[str, Any]] | None, way: Way
    ) -> None:
        seen = None if rows is None else self._ours(session, row, order, rows, way)
        waited = (self._clock.now() - row.since).total_seconds()
        standing = Standing(State(row.state), row.department_receipt, row.absent, row.sent, waited, row.refused)
        step, absent = rules.after_look(seen, standing, way)
        if step.state is State.CONFIRMED and seen and seen.numbers:
            row.department_receipt, row.refused = seen.numbers[0] or order.key, ""
        was = State(row.state)
        self._moving.to(session, row, step, way)
        if step.state is was:
            row.absent = absent
        if step.state is State.LOST_BY_DEPARTMENT:
            row.department_receipt = ""
            self._moving.to(session, row, rules.after_loss(was, row.sent, way), way)

    @staticmethod
    def _ours(session: Session, row: FilingRow, order: Order, rows: Sequence[Mapping[str, Any]], way: Way) -> Seen:
        numbers = [str(each.get(way.receipt) or "") for each in rows] if way.receipt else []
        taken = claiming.numbers_of_others(session, row, [number for number in numbers if number])
        return rules.ours(rows, {way.by: order.key, **order.fields}, way, taken)


def rows_of(reply: Reply, way: Way) -> Sequence[Mapping[str, Any]]:
    """The rows of the answer's list, or the answer itself where it is one row."""
    return list(reply.fields[way.rows]) if way.rows else [reply.fields]

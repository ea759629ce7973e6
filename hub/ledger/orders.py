"""Looks at what the hub itself holds of a person, by an order: each stands in that person's own record, at once or from
the day on that the order names."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.errors import Fault, invalid
from hub.ledger.evidence import Evidence
from hub.ledger.exchange import Exchange
from hub.ledger.four_eyes import Orders
from hub.ledger.statement import Statement
from hub.ledger.writer import Exchanges
from hub.settings.shapes import Text

LOOKED_AT = "hub"
_WAIT_S = 3.0
_LONGEST = timedelta(days=365)
_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_CITIZEN = re.compile(r"c[0-9a-f]{32}", re.ASCII)
_CLASS = 4
_BY_ORDER: Mapping[str, Text] = {
    "office": {"zh": "依命令查看的机关", "en": "An authority, by order"},
    "what": {"zh": "行踪记录", "en": "where you were"},
}

Tell = Callable[[Session, str, str, Mapping[str, str | Text], str], object]
"""A message to a citizen: kind, values, what it is about. In the caller's transaction."""


@dataclass(frozen=True, slots=True)
class Look:
    """By which order something was looked at. `sealed_until`: those it is about see it from then on; None: at once."""

    service: str
    operation: str
    order_no: str
    trace_id: str
    started: datetime
    sealed_until: datetime | None = None


class Looks:
    """No record, no answer. A sealed look is an entry of the ledger with its date in the leaf; it is committed with
    what was found by it."""

    def __init__(
        self, crypto: Crypto, exchanges: Exchanges, evidence: Evidence, clock: Clock, orders: Orders, tell: Tell
    ) -> None:
        self._crypto, self._exchanges, self._evidence, self._clock = crypto, exchanges, evidence, clock
        self._orders, self._tell = orders, tell

    def allow(self, session: Session, order_no: str, office: str, sealed_until: datetime | None) -> None:
        """Raises ORDER_NOT_CONFIRMED; DATE_RANGE for a day that is over, or more than a year away."""
        self._dated(sealed_until)
        self._orders.use(session, order_no, office)

    def _dated(self, sealed_until: datetime | None) -> None:
        now = self._clock.now()
        if sealed_until is not None and not now < sealed_until <= now + _LONGEST:
            raise invalid([Fault("sealed_until", "DATE_RANGE")])

    def record(self, session: Session, subjects: Sequence[str], look: Look) -> None:
        """`subjects` are citizens' ids, or the number of somebody who is none. Raises STORE_UNAVAILABLE, and of a
        sealed one DATE_RANGE and EVIDENCE_UNAVAILABLE."""
        self._dated(look.sealed_until)
        if look.sealed_until is not None:
            self._evidence.note(session, [self._statement(subject, look) for subject in subjects])
        else:
            self._write([self._exchange(subject, look) for subject in subjects])
            self._say(session, [each for each in subjects if _CITIZEN.fullmatch(each)], look)

    def _say(self, session: Session, citizens: Sequence[str], look: Look) -> None:
        """Whom it is about is told, when what was found commits."""
        on = look.started.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        for citizen in citizens:
            self._tell(session, citizen, "data-read", {**_BY_ORDER, "on": on, "purpose": look.order_no}, "")

    def _write(self, made: Sequence[Exchange]) -> None:
        for exchange in made[1:]:
            self._exchanges.record(exchange)
        for exchange in made[:1]:  # in one batch with the others: the last to be waited for
            self._exchanges.commit(exchange, time.monotonic() + _WAIT_S)

    def _exchange(self, subject: str, look: Look) -> Exchange:
        return Exchange(
            request_in_at=look.started, request_out_at=None, response_in_at=None, response_out_at=self._clock.now(),
            trace_id=look.trace_id, service=look.service, system=LOOKED_AT, operation=look.operation,
            subject_tag=self._crypto.lookup(subject, "ledger.subject"), caller_kind="staff",
            purpose=f"order:{look.order_no}", data_class=_CLASS, outcome="OK", origin="hub",
        )  # fmt: skip

    def _statement(self, subject: str, look: Look) -> Statement:
        kind = "resident_id" if _NUMBER.fullmatch(subject) else "citizen"
        return Statement(
            exchange_id=uuid.uuid4(), at=look.started, supplier=LOOKED_AT, user="", system=LOOKED_AT, officer_ref="",
            service=look.service, service_version="1", op="READ", basis="", purpose=f"order:{look.order_no}",
            subject_tag=self._evidence.subject_tag(kind, subject), fields=(), data_class=_CLASS,
            req_digest=self._evidence.digest([look.service, look.operation, look.order_no, look.trace_id]),
            policy_version="", config_version="", case_no=look.order_no, sealed_until=look.sealed_until,
        )  # fmt: skip

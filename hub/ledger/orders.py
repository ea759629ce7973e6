"""Looks at what the hub itself holds of a person, by an order: each stands in that person's own record."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from hub.clock import Clock
from hub.crypto import Crypto
from hub.ledger.exchange import Exchange
from hub.ledger.writer import Exchanges

LOOKED_AT = "hub"
_WAIT_S = 3.0


class Looks:
    """No record, no answer: `record` raises STORE_UNAVAILABLE when it cannot be written."""

    def __init__(self, crypto: Crypto, exchanges: Exchanges, clock: Clock) -> None:
        self._crypto, self._exchanges, self._clock = crypto, exchanges, clock

    def record(
        self, subjects: Iterable[str], service: str, operation: str, order_no: str, trace_id: str, started: datetime
    ) -> None:
        """`subjects` are citizens' ids, or the number of somebody who is none."""
        made = [
            Exchange(
                request_in_at=started, request_out_at=None, response_in_at=None, response_out_at=self._clock.now(),
                trace_id=trace_id, service=service, system=LOOKED_AT, operation=operation,
                subject_tag=self._crypto.lookup(subject, "ledger.subject"), caller_kind="staff",
                purpose=f"order:{order_no}", data_class=4, outcome="OK", origin="hub",
            )
            for subject in subjects
        ]  # fmt: skip
        for exchange in made[1:]:
            self._exchanges.record(exchange)
        for exchange in made[:1]:  # in one batch with the others: the last to be waited for
            self._exchanges.commit(exchange, time.monotonic() + _WAIT_S)

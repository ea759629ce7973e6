"""The outermost step: whatever happens to a call is recorded, with four times, sizes and outcome, never a payload.

Of data class 3 and 4 nothing is handed over before its record is in the database: no leaf, no data.
"""

from __future__ import annotations

import time

from hub.errors import Problem
from hub.gateway.orders import Answer
from hub.gateway.passage import Onward, Passage
from hub.ledger.exchange import Exchange
from hub.ledger.writer import Exchanges
from hub.metrics import Metrics

_GUARDED_CLASS = 3
_GRACE_S = 0.25
_LEAST_S = 0.05


class Recorded:
    def __init__(self, exchanges: Exchanges, metrics: Metrics) -> None:
        self._exchanges = exchanges
        self._metrics = metrics

    def __call__(self, onward: Onward, passage: Passage) -> Answer:
        guarded = passage.data_class >= _GUARDED_CLASS and bool(passage.system)  # parts are guarded one by one
        try:
            if guarded and self._exchanges.away:
                raise Problem("STORE_UNAVAILABLE", origin="hub", retry_after=5, note="records cannot be written")
            answer = onward(passage)
        except Problem as problem:
            self._exchanges.record(self._exchange(passage, problem.code, problem.origin))
            raise
        except BaseException:
            self._exchanges.record(self._exchange(passage, "INTERNAL", "hub"))
            raise
        exchange = self._exchange(passage, "OK", f"department:{answer.system}" if answer.system else "hub")
        if guarded:
            self._exchanges.commit(exchange, max(passage.deadline + _GRACE_S, time.monotonic() + _LEAST_S))
        else:
            self._exchanges.record(exchange)
        return answer

    def _exchange(self, passage: Passage, outcome: str, origin: str) -> Exchange:
        asked_at, answered_at = passage.asked_at, passage.answered_at
        if passage.failure:  # an older answer stood in: the record says what the department did
            outcome = passage.failure
        seconds = answered_at - asked_at if asked_at is not None and answered_at is not None else None
        self._metrics.call(passage.system, outcome, seconds)
        return Exchange(
            request_in_at=passage.received_at,
            request_out_at=passage.moment(asked_at) if asked_at is not None else None,
            response_in_at=passage.moment(answered_at) if answered_at is not None else None,
            response_out_at=passage.moment(time.monotonic()),
            trace_id=passage.trace.id,
            service=passage.service.id if passage.service else "",
            system=passage.system,
            operation=passage.operation,
            subject_tag=passage.subject_tag,
            caller_kind=passage.caller.kind,
            purpose=passage.service.purpose.get("zh", "") if passage.service else "",
            data_class=passage.data_class,
            outcome=outcome,
            origin=origin,
            request_bytes=passage.request_bytes,
            response_bytes=passage.response_bytes,
            attempts=passage.attempts,
            stale=passage.stale,
            cached=passage.cached,
            acting_tag=passage.acting_tag,
        )

"""How a system's writes are found again when an answer was lost, and how long that takes: reliability's settle time."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.port import Adapter, Call, PortError, Reply

PROBES = 200
_AT_ONCE = 8
_LONGEST_S = 60.0
_PAUSE_S = 0.02
_NEED_SETTLE = ("R1", "R2")


def runs_as(filing: Mapping[str, Any] | None) -> str:
    """The class in force. Who asks for a filing too early files twice: without a measured `settle_s` it is R4, at
    most once and then by telephone."""
    if not filing:
        return "R4"
    declared: str = filing["class"]
    return "R4" if declared in _NEED_SETTLE and filing["settle_s"] is None else declared


def settle_s(delays: Sequence[float], deadline_s: float) -> float:
    """Seconds after which "not there" is certain: twice the 99.9th percentile of what was seen, and never less than
    the department's own time. Who files adds the lease."""
    ordered = sorted(delays)
    worst = ordered[min(len(ordered) - 1, math.ceil(0.999 * len(ordered)) - 1)]
    return math.ceil(10 * max(2 * worst, deadline_s)) / 10


def measured(
    adapter: Adapter,
    facts: Mapping[str, Any],
    operation: str,
    asked: Callable[[str], Mapping[str, Any]],
    probes: int = PROBES,
) -> list[float]:
    """File `probes` times in the department's test mode and wait each time until its own query shows it: the seconds
    each took. `asked` gives the fields for a number of ours. Raises ValueError where it cannot be measured."""
    filing = facts["filing"] or {}
    query, by = str(filing.get("query", "")), str(filing.get("by", ""))
    if not query:
        raise ValueError("its filing names no query, so nothing can be looked up")
    delays: list[float] = []
    receipts: list[str] = []
    trouble: list[str] = []
    guard = threading.Lock()

    def one() -> None:
        while not trouble:
            with guard:
                if len(receipts) >= probes:
                    return
                receipts.append("")
                place = len(receipts) - 1
            key = uuid.uuid4().hex[:20].upper()
            fields = asked(key)
            try:
                receipts[place], spent = _filed(
                    adapter, operation, key, fields, query, {by: fields.get(by, key)}, facts
                )
                delays.append(spent)
            except (PortError, ValueError) as error:
                trouble.append(error.code if isinstance(error, PortError) else str(error))

    threads = [threading.Thread(target=one) for _ in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if trouble:
        raise ValueError(trouble[0])
    if len(set(receipts)) < len(receipts):
        raise ValueError("the department gave the same number again: these were not new filings")
    return delays


def _filed(
    adapter: Adapter,
    operation: str,
    key: str,
    fields: Mapping[str, Any],
    query: str,
    by: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> tuple[str, float]:
    reply = adapter.call(Call(operation, fields, time.monotonic() + 3, key=key))
    answered = time.monotonic()
    if not reply.receipt:
        raise ValueError("it gives no number, so nothing can be looked up")
    wanted = facts["operations"][query]["request"]["fields"]
    asked = {name: value for name, value in {**fields, **by}.items() if name in wanted}
    while time.monotonic() - answered < _LONGEST_S:
        if _shows(adapter.call(Call(query, asked, time.monotonic() + 3)), reply.receipt):
            return reply.receipt, time.monotonic() - answered
        time.sleep(_PAUSE_S)
    raise ValueError(f"not visible after {_LONGEST_S:.0f} s")


def _shows(reply: Reply, receipt: str) -> bool:
    rows = [row for value in reply.fields.values() if isinstance(value, list) for row in value]
    return any(receipt in row.values() for row in (*rows, reply.fields))

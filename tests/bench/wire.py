"""One caller through a protocol and one with the bare library, in turns, asking the same twin: the rows `wire_…`.

The twin runs in a process of its own. A bare side asks, reads and checks what one would who writes only this call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from hub.port import Adapter, Call
from tests.bench.rounds import Strangers, Timing
from tests.bench.table import Row

LEAST = 0.8

Ask = Callable[[], object]


def secret(home: Path, name: str) -> str:
    return (home / "secrets" / name).read_text(encoding="utf-8").strip()


def asking(adapter: Adapter, operation: str, fields: Mapping[str, str]) -> Ask:
    return lambda: adapter.call(Call(operation, fields, time.monotonic() + 5))


def against(
    row: str,
    what: str,
    sides: Mapping[str, Ask],
    timing: Timing,
    library: str,
    each: int = 1,
    before: Ask = lambda: None,
) -> Row:
    """`sides` are `ours` and `bare`; one turn of either is `each` calls or messages. `before` each is not measured."""
    best, cpu = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0.0)
    for ask in sides.values():
        _rate(ask, timing.warm, before)
    with Strangers() as strangers:
        for _ in range(timing.rounds):
            for name, ask in sides.items():
                rate, spent = _rate(ask, timing.seconds, before)
                if rate > best[name]:
                    best[name], cpu[name] = rate, spent / each
    ratio = best["ours"] / best["bare"]
    told = {name: f"{rate * each:,.0f}/s" for name, rate in best.items()}
    return Row(
        row, what, told["ours"], f"{told['bare']} bare {library}", ratio, f"≥ {LEAST} ×",
        ratio >= LEAST, cpu["ours"], cpu["bare"], strangers.share,
    )  # fmt: skip


def _rate(ask: Ask, seconds: float, before: Ask) -> tuple[float, float]:
    """Turns a second, and the processor time of one in µs."""
    passed, spent, count = 0.0, 0.0, 0
    while passed < seconds:
        before()
        started, used = time.perf_counter(), time.process_time()
        ask()
        passed, spent = passed + time.perf_counter() - started, spent + time.process_time() - used
        count += 1
    return count / passed, spent / count * 1e6

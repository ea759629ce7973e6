"""P1 and P2: cached reads against a bare Flask view on the same server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from hub.demo.ports import free_port
from tests.bench.load import Question, closed
from tests.bench.processes import SERVER_CPU, granian, started
from tests.bench.rounds import Best, Side, Timing, compared
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_GUIDE = "/api/v1/services/medical-insurance-balance"
_CONNECTIONS = 32


def reads(stand: Stand, timing: Timing) -> Iterator[Row]:
    with ExitStack() as stack:
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        bare = stack.enter_context(started(granian("tests.bench.references:bare", port, 256), url, [SERVER_CPU]))
        hub = stack.enter_context(stand.hub(Plan()))
        view = stack.enter_context(stand.hub(Plan(factory="tests.bench.references:smorest")))
        sides = {
            "bare": Side(bare, partial(closed, [Question(url)], _CONNECTIONS)),
            "hub": Side(hub.process, partial(closed, [Question(hub.url + _GUIDE)], _CONNECTIONS)),
            "view": Side(view.process, partial(closed, [Question(view.url + _GUIDE)], _CONNECTIONS)),
        }
        best, others = compared(sides, timing)
    yield _row("P1", "cached guide read, as served", best["hub"], best["bare"], 1.5, others)
    yield _row("P2", "cached guide read as a flask-smorest view", best["view"], best["bare"], 0.8, others)


def _row(name: str, what: str, hub: Best, bare: Best, least: float, others: float) -> Row:
    ratio = hub.result.rate / bare.result.rate
    return Row(
        name, what, f"{hub.result.rate:,.0f}/s", f"{bare.result.rate:,.0f}/s bare Flask", ratio, f"≥ {least} ×",
        ratio >= least and not hub.refused, hub.cpu_us, bare.cpu_us, others,
    )  # fmt: skip

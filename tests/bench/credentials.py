"""Licence checks by QR, against an empty view of the same server that is asked the same."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from hub.credentials.desk import Application
from hub.demo.personas import PERSONAS
from hub.demo.ports import free_port
from hub.gateway.orders import Caller
from hub.main import Hub
from tests.bench.load import Question, closed
from tests.bench.processes import SERVER_CPU, granian, started
from tests.bench.rounds import Side, Timing, compared
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_CONNECTIONS, _CODES, _LEAST = 32, 200, 0.5


def licence_check(stand: Stand, timing: Timing) -> Iterator[Row]:
    """A passer-by checks public licences: each a code of its own."""
    codes = _codes(stand)
    with ExitStack() as stack:
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        bare = stack.enter_context(started(granian("tests.bench.references:bare", port, 256), url, [SERVER_CPU]))
        hub = stack.enter_context(stand.hub(Plan()))
        place, kind = f"{hub.url}/api/v1/verifications", {"Content-Type": "application/json"}
        asked = [Question(place, "POST", json.dumps({"code": code}), kind) for code in codes]
        sides = {
            "bare": Side(bare, partial(closed, [replace(each, url=url) for each in asked], _CONNECTIONS)),
            "hub": Side(hub.process, partial(closed, asked, _CONNECTIONS)),
        }
        best, others = compared(sides, timing)
    ratio = best["hub"].result.rate / best["bare"].result.rate
    yield Row(
        "licence_check", "licence check by QR", f"{best['hub'].result.rate:,.0f}/s",
        f"{best['bare'].result.rate:,.0f}/s bare Flask", ratio, f"≥ {_LEAST} ×",
        ratio >= _LEAST and not best["hub"].refused, best["hub"].cpu_us, best["bare"].cpu_us, others,
    )  # fmt: skip


def _codes(stand: Stand) -> list[str]:
    """Licences of the desk, each shown for a day."""
    hub = Hub.open(stand.home, {**os.environ, **stand.environ, "HUB_CONFIG": str(Path("config").resolve())})
    person, made = PERSONAS[0], []
    fields = {"premises": "示范路1号", "scope": "热食"}
    with hub.database.session(patience=60) as session:
        until = hub.clock.now() + timedelta(days=1)
        for _ in range(_CODES):
            wanted = Application("food-business-licence", person.id_number, person.name, fields, "bench")
            held = hub.credentials.desk.issue(session, wanted, "bench")
            caller = Caller("bench", 2)
            made.append(hub.credentials.checking.show(session, held, caller, ["name", "scope"], until).code)
    hub.close()
    return made

"""Questions to a database view through the protocol, next to the bare SQLAlchemy and the bare driver.

All in one process against the same server and with the same statement, by turns; a thread per caller.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, create_engine, text

from adapters.protocols.db_view import FACTS, Adapter
from adapters.twins.db_view import Views
from hub.port import Call, Setting
from hub.settings.reader import read_yaml
from tests.bench.processes import ROOT, SERVER_CPU, on
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Stand
from tests.bench.table import Row

_SQL = (
    'SELECT "SFZH", "XM", "JZBH", "YMMC", "JZRQ" FROM v_vaccination WHERE "SFZH" = {} AND "XM" = {}'
    ' ORDER BY "JZBH" LIMIT 101'
)
_WHO = {"id_number": "362623190205121932", "name": "韩山福"}
_CALLERS = 2
_SHORT_S = 3.0


def db_view(stand: Stand, timing: Timing) -> Iterator[Row]:
    password = secrets.token_hex(8)
    twin = Views(stand.database_url, password, 1)
    try:
        with twin.connect() as owner:  # twenty jabs, as many rows as the other protocols' rows have
            owner.execute(
                "INSERT INTO jab SELECT 1000 + n, %s, %s, %s, %s FROM generate_series(1, 18) n",
                (_WHO["name"], _WHO["id_number"], "乙肝疫苗", "1930-01-31"),
            )
        yield from _rows(twin, password, timing)
    finally:
        twin.close()


def _rows(twin: Views, password: str, timing: Timing) -> Iterator[Row]:
    url = twin.url(twin.reader, password)
    adapter = _adapter(url)
    engine = create_engine(url, pool_size=_CALLERS)
    statement, values = text(_SQL.format(":id", ":name")), {"id": _WHO["id_number"], "name": _WHO["name"]}
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    lines = threading.local()

    def bare() -> None:
        if not hasattr(lines, "open"):
            lines.open = psycopg.connect(plain, autocommit=True)
        assert len(lines.open.execute(_SQL.format("%s", "%s"), tuple(values.values())).fetchall()) == 20

    def core() -> None:
        with engine.connect() as connection:
            assert len(connection.execute(statement, values).fetchall()) == 20

    def ours() -> None:
        reply = adapter.call(Call("query_vaccinations", _WHO, time.monotonic() + 5))
        assert len(reply.fields["vaccinations"]) == 20

    sides = {"ours": ours, "SQLAlchemy": core, "driver": bare}
    best, cpu = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0.0)
    with on(SERVER_CPU), Strangers() as strangers:  # the server has the other one
        for seconds in [1.0] + [min(timing.seconds, _SHORT_S)] * timing.rounds:
            for name, side in sides.items():
                rate, spent = _rate(side, seconds)
                best[name], cpu[name] = max((best[name], cpu[name]), (rate, spent))
    adapter.close()
    engine.dispose()
    what, rates = "database view, 20 rows", {name: f"{rate:,.0f}/s" for name, rate in best.items()}
    for name, least in (("SQLAlchemy", 0.8), ("driver", 0.0)):  # a driver alone has no pool and reads no row
        ratio = best["ours"] / best[name]
        yield Row(
            "db_view", what, rates["ours"], f"{rates[name]} bare {name}", ratio, f"≥ {least} ×" if least else "",
            ratio >= least if least else None, cpu["ours"], cpu[name], strangers.share,
        )  # fmt: skip


def _adapter(url: URL) -> Adapter:
    facts = FACTS().load(read_yaml(ROOT / "tests/db_view/departments/vaccination" / "system.yaml").value)
    no_store: Any = None
    account = {"username": url.username or "", "password": str(url.password)}
    adapter = Adapter(
        Setting(
            name="vaccination", address="postgresql://127.0.0.1:9/none", facts=facts, folder=Path(), shared=no_store,
            secrets=account, allow_private=True,
        )
    )  # fmt: skip
    adapter._line._engine = adapter._line._made(url, _CALLERS)  # this server has a Unix socket only
    return adapter


def _rate(side: Callable[[], None], seconds: float) -> tuple[float, float]:
    """Calls a second, and µs of this process's CPU for each."""
    counts = [0] * _CALLERS
    until, cpu = time.perf_counter() + seconds, time.process_time()

    def call(caller: int) -> None:
        while time.perf_counter() < until:
            side()
            counts[caller] += 1

    threads = [threading.Thread(target=call, args=(number,)) for number in range(_CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds, (time.process_time() - cpu) / max(1, sum(counts)) * 1e6

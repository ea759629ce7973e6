"""How long the contacts of one case take among ten million rows of the channels, beside the same among one million."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import psutil
import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.clock import CHINA
from hub.main import Hub
from hub.tracing.rules import Sighting
from hub.tracing.service import Order
from tests.bench.filling import bare, plain
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.tracing.orders import in_force

_FEW, _MANY, _LEAST_S, _TIMES = 1_000_000, 10_000_000, 2.0, 2.0
_CASE = "11010519491231002X"
_NOON = datetime(2026, 9, 18, 12, tzinfo=CHINA)
# As many rows of each ride and place as there are in life: 600 on a train, 40 in a pharmacy's hour.
_FILL = """
INSERT INTO tracing_sighting (channel, id, key, at, until, person, confidence, rule, place, car, seat_row, who_sealed)
SELECT CASE WHEN n %% 2 = 0 THEN 'train' ELSE 'pharmacy' END, 'b' || n,
       CASE WHEN n %% 2 = 0 THEN 'G' || n / 1200 ELSE 'p' || n / 80 %% 5000 END,
       %(noon)s + make_interval(mins => n / 400 %% 20160 - 10080),
       %(noon)s + make_interval(mins => n / 400 %% 20160 - 9960),
       decode(md5(n::text) || md5('x' || n), 'hex'), 100, 'number', '360423001', (n %% 8)::text, n / 8 %% 20, %(sealed)s
FROM generate_series(%(first)s::int, %(last)s::int) AS n
"""


class Took(NamedTuple):
    """Seconds, and of them those of work, here and in PostgreSQL: what is left is waiting for others on the machine."""

    wall: float
    cpu: float


def tracing(stand: Stand, timing: Timing) -> Iterator[Row]:
    many = int(os.environ.get("BENCH_SIGHTINGS", _MANY))
    environ = {**os.environ, **stand.environ, "HUB_HOME": str(stand.home), "HUB_DATABASE_URL": stand.database_url}
    hub = Hub.open(stand.home, environ)
    hub.exchanges.start()
    try:
        took = []
        for first, last in ((1, min(_FEW, many)), (min(_FEW, many) + 1, many)):
            _fill(hub, stand, first, last)
            took.append(_trace(hub, timing.rounds + 2))
    finally:
        hub.close()
    yield Row(
        "tracing", f"contacts of a case among {many:,} rows", f"{took[1].wall:.3f} s",
        f"{took[0].wall:.3f} s among {_FEW:,}", took[1].cpu / took[0].cpu, f"≤ {_LEAST_S:.0f} s, ≤ {_TIMES:.0f} ×",
        took[1].wall <= _LEAST_S and took[1].cpu <= _TIMES * took[0].cpu, took[1].cpu * 1e6, took[0].cpu * 1e6,
    )  # fmt: skip


def _fill(hub: Hub, stand: Stand, first: int, last: int) -> None:
    sealed = hub.crypto.seal(b'["id_number","x","","","x"]', "tracing")
    with psycopg.connect(plain(stand.database_url), autocommit=True) as connection:
        with bare(connection, "tracing_sighting"):
            for start in range(first, last + 1, 500_000):
                end = min(start + 499_999, last)
                connection.execute(_FILL, {"noon": _NOON, "sealed": sealed, "first": start, "last": end})
        connection.execute("ANALYZE tracing_sighting")
    with hub.database.session() as session:
        _case(hub, session)


def _case(hub: Hub, session: Session) -> None:
    """Ten rides and ten shops of the fortnight."""
    rows = session.execute(text(
        "SELECT channel, key, at, until, car, seat_row FROM tracing_sighting WHERE id = ANY(:ids)"
    ), {"ids": [f"b{1000 + n * 9001}" for n in range(20)]}).all()  # fmt: skip
    hub.tracing.sightings.take(session, [
        Sighting(row.channel, f"case-{number}", row.key, row.at, row.until, "id_number", _CASE, place="360423001",
                 car=row.car, row=row.seat_row)
        for number, row in enumerate(rows)
    ])  # fmt: skip


def _trace(hub: Hub, times: int) -> Took:
    took = []
    for number in range(times):
        in_force(hub, f"B{number}")
        order = Order(f"B{number}", "bench", "", ("360423",), _NOON - timedelta(14), _NOON + timedelta(14))
        with hub.database.session(patience=60) as session:
            backend = psutil.Process(session.scalar(text("SELECT pg_backend_pid()")))
            began, worked = time.perf_counter(), time.process_time() + sum(backend.cpu_times()[:2])
            found = hub.tracing.trace(session, order, _CASE)
            worked = time.process_time() + sum(backend.cpu_times()[:2]) - worked
        took.append(Took(time.perf_counter() - began, worked))
        assert found.contacts
    return Took(*(statistics.median(each) for each in zip(*took, strict=True)))

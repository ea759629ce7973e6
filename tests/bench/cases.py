"""A page of the desk over a million cases, next to the same page over ten thousand; databases of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url, text

from hub.cases.desk import Asked, Desk, Officer
from hub.cases.file import Files
from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.migrations.upgrade import upgrade
from hub.settings.shapes import Snapshot
from hub.workdays import Workdays
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Stand
from tests.bench.table import Row

_FEW, _MANY = 10_000, int(os.environ.get("BENCH_CASES", "1000000"))
_PAGES, _SIZE = 200, 15
# One in eleven is open, as at a desk that works; 50 departments, 40 services, 30 officers. Each page is full in both.
_FILL = """
INSERT INTO cases_case (receipt_no, citizen_id, subject, service, service_version, workflow, department, status,
  version, handler, card, raised, filing_state, department_receipt, body_sealed, created_at, since, submitted_at,
  promised_at, legal_at, ended_at)
SELECT 'BJ' || n, 'c' || n % 9000, 'c' || n % 9000, 'service-' || n % 40, '1', 'standard', 'department-' || n % 50,
  CASE WHEN n % 11 = 0 THEN 'received' ELSE 'approved' END, 1, 's' || n % 30, 'none', 0, '', '', '\\x00', now(), now(),
  now(), now() + n % 86400 * interval '1 second', now(), CASE WHEN n % 11 = 0 THEN NULL ELSE now() END
FROM generate_series(1, :rows) n
"""
_ASKED: tuple[tuple[str, Asked], ...] = (
    ("", Asked(limit=_SIZE)),
    ("department-7", Asked(limit=_SIZE)),
    ("department-7", Asked(status="approved", limit=_SIZE)),
    ("", Asked(status="received", service="service-30", limit=_SIZE)),
    ("", Asked(mine=True, limit=_SIZE)),
)


def desk_page(stand: Stand, timing: Timing) -> Iterator[Row]:
    """The slowest of five ways to ask counts, each by its best round."""
    with Strangers() as strangers, _filled(stand, _FEW) as few, _filled(stand, _MANY) as many:
        pairs = [_best_of_both(few, many, each, timing) for each in _ASKED]
    reference, hub = max(pairs, key=lambda pair: pair[1] / pair[0])
    yield Row(
        "desk", f"a page of the desk over {_MANY:,} cases, and over {_FEW:,}", f"{hub:.2f} ms", f"{reference:.2f} ms",
        hub / reference, "≤ 1.5 ×", hub / reference <= 1.5, others=strangers.share,
        note=", ".join(f"{many / few:.2f}" for few, many in pairs) + " × (all, department, one step, service, mine)",
    )  # fmt: skip


@contextmanager
def _filled(stand: Stand, rows: int) -> Iterator[Database]:
    url, name = make_url(stand.database_url), f"bench_cases_{rows}"
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    database = Database(url.set(database=name).render_as_string(hide_password=False), pool_size=2)
    upgrade(database)
    with database.session(patience=600) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(_FILL), {"rows": rows})
    with psycopg.connect(url.set(drivername="postgresql", database=name).render_as_string(hide_password=False),
                         autocommit=True) as connection:  # fmt: skip
        connection.execute("VACUUM (ANALYZE) cases_case")  # else PostgreSQL does it by itself while it is measured
        connection.execute("CHECKPOINT")
    yield database
    database.close()


def _best_of_both(few: Database, many: Database, asked: tuple[str, Asked], timing: Timing) -> tuple[float, float]:
    """Milliseconds of one page, a middle one of many, in the best round; by turns, beside the same guests."""
    office, question = asked
    officer = Officer("s0" if question.mine else "s1", office, frozenset({"case.read"}))
    desk = _desk()
    rounds = [[_middle(lambda each=each: _page(each, desk, officer, question)) for each in (few, many)]
              for _ in range(timing.rounds)]  # fmt: skip
    return min(each[0] for each in rounds), min(each[1] for each in rounds)


def _middle(page: Callable[[], None]) -> float:
    page()
    times = []
    for _ in range(_PAGES):
        began = time.perf_counter()
        page()
        times.append(time.perf_counter() - began)
    return sorted(times)[_PAGES // 2] * 1000


def _page(database: Database, desk: Desk, officer: Officer, asked: Asked) -> None:
    with database.session() as session:
        found = desk.page(session, officer, asked)
        assert found


def _desk() -> Desk:
    clock = Clock()
    nothing = Snapshot("", clock.now(), None, {}, {}, {}, {}, {}, {}, {})  # type: ignore[arg-type]
    files = Files(lambda: nothing, Crypto({"k": b"0" * 32}), clock, Workdays.load(), lambda *_: None)
    return Desk(files, None, None)  # type: ignore[arg-type]

"""The ledger: what a leaf costs next to its call, leaves appended by sixteen at once; and in a large one (BENCH_LEAVES)
the proof of an entry, a citizen's page and the trace of a leak. `python -m tests.bench.ledger URL` is a probe."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
from sqlalchemy import make_url, text

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.fields import id_check
from hub.ledger.access import AccessLog, Whose
from hub.ledger.canaries import Canaries
from hub.ledger.checkpoints import Checkpoints
from hub.ledger.evidence import Evidence
from hub.ledger.investigation import Investigations, Named
from hub.ledger.proofs import Proofs
from hub.ledger.receipts import Signer
from hub.ledger.sequencer import Sequencer
from hub.ledger.spool import Spool
from hub.ledger.statement import Statement
from hub.ledger.tiles import Tiles
from hub.ledger.tracing import Tracing
from hub.ledger.writer import Exchanges
from hub.migrations.upgrade import upgrade
from tests.bench import answers
from tests.bench.calls import Bench
from tests.bench.filling import bare, plain
from tests.bench.processes import ROOT
from tests.bench.records import _write
from tests.bench.rounds import Timing, compared
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

LARGE = int(os.environ.get("BENCH_LEAVES", "1000000"))
_THREADS, _LEAVES, _SECONDS = 16, 20_000, 5.0
_MOST_TIMES, _LEAST = 1.15, 1500
_STEP = 256 * 2000
_TABLES = "ledger_exchange", "ledger_entry", "ledger_leaf"
_NAME = "bench_ledger"
_ORIGIN = "bench/ledger"


def ledger(stand: Stand, timing: Timing) -> Iterator[Row]:
    with ExitStack() as stack:
        bench = Bench(stack, stand)
        plan = Plan({"housing_fund": bench.upstream(answers.rest())})
        best, others = compared({"hub": bench.hub(plan, "housing-fund-records")}, timing)
    probes = [_probe(stand.database_url) for _ in range(timing.rounds)]
    leaf_us, rate = min(each["leaf_us"] for each in probes), max(each["rate"] for each in probes)
    call_us = best["hub"].cpu_us
    ratio = (call_us + leaf_us) / call_us
    yield Row(
        "ledger", "CPU of an exchange with its leaf", f"{call_us + leaf_us:.0f} µs", f"{call_us:.0f} µs without", ratio,
        f"≤ {_MOST_TIMES} ×", ratio <= _MOST_TIMES, call_us + leaf_us, call_us, others,
    )  # fmt: skip
    yield Row(
        "ledger", "leaves of shared data appended, 16 at once", f"{rate:,.0f}/s", target=f"≥ {_LEAST:,}/s",
        met=rate >= _LEAST, others=others,
    )  # fmt: skip


def large(stand: Stand, timing: Timing) -> Iterator[Row]:
    del timing
    database = _filled(stand)
    desk = _Desk(database)
    number, mine = desk.share("110105194912310021", "测试甲"), desk.evidence.subject_tag("citizen", "bench")
    with database.session(patience=60) as session:
        session.execute(text(_MINE), {"tag": mine})
    desk.checkpoints.make()
    shared = hashlib.sha256(b"7").digest()
    log, whose, proofs = AccessLog(desk.evidence, Clock()), Whose((mine,), (shared,)), Proofs(desk.evidence)

    def page() -> None:
        with database.session() as session:
            assert len(log.page(session, whose, None, None, None, 50)) == 50

    def period() -> None:
        with database.session() as session:
            assert log.period(session, whose).last

    def proof() -> None:
        with database.session() as session:
            assert proofs.of(session, number)["leaves"]

    people = [desk.person(place) for place in range(5)]
    for number_, name in people:
        desk.share(number_, name)

    def trace() -> None:
        found = desk.trace([value for each in people for value in each])
        assert found["takers"][0]["user"] == "civil_affairs" and len(found["found"]) == 10

    for what, act, most, times in (("proof of an entry", proof, 50.0, 21), ("a citizen's page of 50", page, 100.0, 21),
                                   ("since when a citizen was read", period, 100.0, 5),
                                   ("trace of a leak of 5 records", trace, 60_000.0, 3)):  # fmt: skip
        took = _median_ms(act, times)
        met = took <= most
        yield Row("ledger_large", f"{what} among {LARGE:,}", f"{took:.1f} ms", target=f"≤ {most:,.0f} ms", met=met)
    database.close()


class _Desk:
    def __init__(self, database: Database) -> None:
        clock, crypto = Clock(), Crypto({"s1": secrets.token_bytes(32)})
        home, signer = Path(tempfile.mkdtemp(prefix="bench-ledger-")), Signer(_ORIGIN, secrets.token_bytes(32))
        self.sequencer = Sequencer(database, clock)
        self.checkpoints = Checkpoints(database, clock, self.sequencer, _ORIGIN, signer, dict)
        self.evidence = Evidence(database, crypto, clock, signer, Spool(home, crypto))
        self._investigations = Investigations(
            database, self.evidence, Tracing(self.evidence, crypto, "intl"), Canaries(crypto, clock), list, clock
        )

    @staticmethod
    def person(place: int) -> tuple[str, str]:
        first = f"36042319900101{place:03d}"
        return first + id_check(first), f"测试{place}"

    def share(self, number: str, name: str) -> uuid.UUID:
        one = made(self.evidence.subject_tag("resident_id", number))
        self.evidence.decide(one)
        self.evidence.deliver(one.exchange_id, [{"id_number": number, "name": name}])
        return one.exchange_id

    def trace(self, values: list[str]) -> dict[str, object]:
        return self._investigations.investigate(values, Named(lambda id: id, "县", "12345"))


def made(tag: bytes) -> Statement:
    return Statement(
        uuid.uuid4(), Clock().now(), "housing", "civil_affairs", "housing_fund", "civil_affairs/104233",
        "housing-fund-balance", "1", "READ", tag, "条例第八条", "核对低保申请", ("name", "id_number"), 3, bytes(32),
        "1", "c1", "2026112500001",
    )  # fmt: skip


def _filled(stand: Stand) -> Database:
    """So many rows of the gateway, of shared data a tenth, and so many leaves; the hashes are chance."""
    url = make_url(stand.database_url)
    with psycopg.connect(plain(stand.database_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_NAME}")  # type: ignore[arg-type]
    database = Database(url.set(database=_NAME).render_as_string(hide_password=False), pool_size=4)
    upgrade(database)
    with psycopg.connect(plain(database.url), autocommit=True) as connection, bare(connection, *_TABLES):
        for first in range(0, LARGE, _STEP):
            count = min(_STEP, LARGE - first)
            for statement in (_ROWS, _SHARED, _PLACES):
                connection.execute(statement, {"first": first, "count": count})  # type: ignore[arg-type]
            with database.session(patience=600) as session:
                Tiles(session).append(first, (os.urandom(32) for _ in range(count)))
    with psycopg.connect(plain(database.url), autocommit=True) as connection:
        connection.execute("UPDATE ledger_place SET size = %s, taken = pg_current_xact_id()::text::bigint", (LARGE,))
        connection.execute("VACUUM ANALYZE")
    return database


def _median_ms(act: Callable[[], None], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1e3)
    return statistics.median(taken)


def _probe(url: str) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.ledger", url],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(run.stdout)
    return found


def _measured(url: str) -> dict[str, float]:
    """CPU of the sequencer for a row of the gateway, and how many leaves sixteen append together."""
    database = Database(url, pool_size=_THREADS)
    from_gateway = _Desk(database)
    while from_gateway.sequencer.round():
        pass
    writer = _writer(database)
    _write(writer, _LEAVES)
    writer.close()
    began = time.process_time()
    count = from_gateway.sequencer.round()
    leaf_us = (time.process_time() - began) / max(count, 1) * 1e6
    counts, until = [0] * _THREADS, time.monotonic() + _SECONDS

    def append(mine: int) -> None:
        while time.monotonic() < until:
            from_gateway.share("110105194912310021", "测试甲")
            counts[mine] += 2

    threads = [threading.Thread(target=append, args=(mine,)) for mine in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close()
    return {"leaf_us": leaf_us, "rate": sum(counts) / _SECONDS}


def _writer(database: Database) -> Exchanges:
    writer = Exchanges(database)
    writer.start()
    return writer


_ROWS = """
INSERT INTO ledger_exchange (request_in_at, id, response_out_at, trace_id, service, system, operation, subject_tag,
    caller_kind, purpose, data_class, outcome, origin, request_bytes, response_bytes, attempts, stale, cached)
SELECT now() - n * interval '1 second', gen_random_uuid(), now(), md5(n::text), 's', 'y', 'o',
    sha256(n::text::bytea), 'citizen', 'p', 3, 'OK', 'hub', 1, 1, 1, false, false
FROM generate_series(%(first)s::int, %(first)s::int + %(count)s::int - 1) n
"""
_SHARED = """
INSERT INTO ledger_entry (exchange_id, step, at, leaf, sealed, commitments, subject_tag, supplier, "user", service,
    data_class, "rows", spooled)
SELECT md5('e' || n / 2)::uuid, CASE n %% 2 WHEN 0 THEN 'DECIDED' ELSE 'DELIVERED' END, now() - n * interval '1 second',
    sha256(n::text::bytea), sha256('s'::bytea), sha256('c'::bytea), sha256((n / 2 %% 50000)::text::bytea), 'housing',
    'office' || n / 2 %% 53, 's', 3, 1, false
FROM generate_series(%(first)s::int, %(first)s::int + %(count)s::int - 1) n
"""
_MINE = """
INSERT INTO ledger_exchange (request_in_at, id, response_out_at, trace_id, service, system, operation, subject_tag,
    caller_kind, purpose, data_class, outcome, origin, request_bytes, response_bytes, attempts, stale, cached,
    acting_tag)
SELECT now() - n * interval '1 hour', gen_random_uuid(), now(), md5(n::text), 's', 'y', 'o', :tag, 'citizen', 'p', 3,
    'OK', 'hub', 1, 1, 1, false, false, sha256('a'::bytea) FROM generate_series(1, 1000) n
"""
_PLACES = """
INSERT INTO ledger_leaf SELECT n, gen_random_uuid(), 'EXCHANGE', now()
FROM generate_series(%(first)s::int, %(first)s::int + %(count)s::int - 1) n
"""

if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1])))

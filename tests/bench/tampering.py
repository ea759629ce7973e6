"""The tamper drill in a large ledger (BENCH_LEAVES): how long one turn of the verifier takes and what it costs, and how
long after the superuser's deed it is named, wherever in the ledger it was done."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import make_url, text

from hub.clock import Clock
from hub.database import Database
from hub.ledger.note import log_key
from hub.ledger.receipts import Signer
from hub.ledger.sequencer import EXCHANGE
from hub.ledger.verifying import Verifier
from hub.migrations.upgrade import upgrade
from tests.bench.filling import plain
from tests.bench.filling_ledger import fill
from tests.bench.ledger import LARGE
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row

_NAME, _MOST_S = "bench_tampering", 120.0
_ROW = "WHERE (request_in_at, id) = (SELECT at, exchange_id FROM ledger_leaf WHERE number = {0})"
_SWAP = "UPDATE ledger_leaf SET number = CASE number WHEN {0} THEN -{1} ELSE -{0} END WHERE number IN ({0}, {1})"
_TILE = "UPDATE ledger_tile SET hashes = {0} WHERE level = 0 AND number = {1}"
# What is done, and what undoes it.
_DEEDS = {
    "altered": (["UPDATE ledger_exchange SET outcome = 'DENIED' {row}"],
                ["UPDATE ledger_exchange SET outcome = 'OK' {row}"]),
    "deleted": (["CREATE TABLE kept AS SELECT * FROM ledger_exchange {row}", "DELETE FROM ledger_exchange {row}"],
                ["INSERT INTO ledger_exchange SELECT * FROM kept", "DROP TABLE kept"]),
    "moved": ([_SWAP, "UPDATE ledger_leaf SET number = -number WHERE number < 0"],) * 2,
    "forked": (["CREATE TABLE kept AS SELECT hashes FROM ledger_tile WHERE level = 0 AND number = {0} / 256",
                _TILE.format("overlay(hashes placing sha256('') from {0} % 256 * 32 + 1)", "{0} / 256")],
               [_TILE.format("(SELECT hashes FROM kept)", "{0} / 256"), "DROP TABLE kept"]),
}  # fmt: skip


def tampering(stand: Stand, timing: Timing) -> Iterator[Row]:
    del timing
    url = make_url(stand.database_url)
    with psycopg.connect(plain(stand.database_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_NAME}")  # type: ignore[arg-type]
    database = Database(url.set(database=_NAME).render_as_string(hide_password=False), pool_size=1)
    upgrade(database)
    fill(database, LARGE)
    yield from drill(database, Path(tempfile.mkdtemp(prefix="bench-tampering-")), LARGE)
    database.close()


def drill(database: Database, home: Path, size: int) -> Iterator[Row]:
    """`database` has one connection, whose processor time counts; `home` may know the rows already."""
    verifier = Verifier(database, Clock(), home, log_key("bench/ledger", Signer("bench", bytes(32)).public))
    spent_s = _spending(database)
    began, before = time.monotonic(), spent_s()
    assert verifier.round() == []
    note = f"the first, leaf by leaf: {time.monotonic() - began:.0f} s, of work {spent_s() - before:.0f} s"
    stop = threading.Event()
    thread = threading.Thread(target=verifier.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield _turn(verifier, spent_s, size, note)
        for kind, (deed, undoing) in _DEEDS.items():
            yield _named(database, verifier, kind, deed, undoing, size)
    finally:
        stop.set()
        thread.join(60)


def _turn(verifier: Verifier, spent_s: Callable[[], float], size: int, note: str) -> Row:
    """From one moment until each part was looked at after it."""
    began, before = time.monotonic(), spent_s()
    while verifier.unseen_s > time.monotonic() - began:
        time.sleep(0.1)
    took, work = time.monotonic() - began, spent_s() - before
    return Row(
        "tampering", f"each of {size:,} rows looked at within", f"{took:.0f} s", f"{work:.0f} s of work", work / took,
        f"≤ {_MOST_S:.0f} s", took <= _MOST_S, work / size * 1e6, note=note,
    )  # fmt: skip


def _named(
    database: Database, verifier: Verifier, kind: str, deed: list[str], undoing: list[str], size: int
) -> Row:
    place, other = random.randrange(size // 2), random.randrange(size // 2, size)
    while not _is_call(database, place):
        place += 1
    _as_superuser(database, deed, place, other)
    began = time.monotonic()
    while not (found := [each for each in verifier.faults if (each.kind, each.place) == (kind, place)]):
        assert time.monotonic() - began < 10 * _MOST_S, f"{kind} at {place} is not named: {verifier.faults}"
        time.sleep(0.1)
    took = time.monotonic() - began
    _as_superuser(database, undoing, place, other)
    while verifier.faults:
        assert time.monotonic() - began < 20 * _MOST_S, f"still there: {verifier.faults}"
        time.sleep(0.1)
    return Row(
        "tampering", f"what is {kind} among {size:,} is named after", f"{took:.0f} s", target=f"≤ {_MOST_S:.0f} s",
        met=took <= _MOST_S, note=found[0].about,
    )  # fmt: skip


def _is_call(database: Database, place: int) -> bool:
    with psycopg.connect(plain(database.url)) as connection:
        found = connection.execute("SELECT step FROM ledger_leaf WHERE number = %s", (place,)).fetchone()
    return found is not None and found[0] == EXCHANGE


def _as_superuser(database: Database, acts: list[str], place: int, other: int) -> None:
    with psycopg.connect(plain(database.url)) as connection:
        connection.execute("SET session_replication_role = replica")
        for each in acts:
            connection.execute(each.format(place, other, row=_ROW.format(place)))  # type: ignore[arg-type]


def _spending(database: Database) -> Callable[[], float]:
    """Processor time of this process and of the database's one connection."""
    with database.session(patience=60) as session:
        server = psutil.Process(session.scalar(text("SELECT pg_backend_pid()")))

    def spent_s() -> float:
        times = server.cpu_times()
        return time.process_time() + float(times.user) + float(times.system)

    return spent_s

"""Records of exchanges: together, in time, kept while PostgreSQL is away, and never in the way."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.ledger.exchange import Exchange
from hub.ledger.service import find
from hub.ledger.writer import Exchanges
from tests.county import eventually
from tests.gateway.servers import send_to_postgres
from tests.login.room import plain
from tests.switches.postgres import Server

NOW = Clock().now()
ONE = Exchange(
    request_in_at=NOW,
    request_out_at=NOW + timedelta(milliseconds=1),
    response_in_at=NOW + timedelta(milliseconds=20),
    response_out_at=NOW + timedelta(milliseconds=21),
    trace_id="0" * 32,
    service="medical-insurance-balance",
    system="medical_insurance",
    operation="query_balance",
    subject_tag=bytes(32),
    caller_kind="citizen",
    purpose="本人查询",
    data_class=3,
    outcome="OK",
    origin="department:medical_insurance",
    request_bytes=800,
    response_bytes=2000,
)


def exchange(**changes: Any) -> Exchange:
    """A new one with an id and a trace of its own."""
    values = {name: getattr(ONE, name) for name in ONE.__slots__ if name != "id"}
    return Exchange(**{**values, "trace_id": os.urandom(16).hex(), **changes})


def count(store: Database) -> int:
    with store.read() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM ledger_exchange")) or 0)


def eventually_written(exchanges: Exchanges, seconds: float = 30.0) -> None:
    eventually(lambda: not exchanges.depth, seconds)


def soon() -> float:
    return time.monotonic() + 3


def test_what_goes_in_comes_out(exchanges: Exchanges, store: Database) -> None:
    full = exchange(stale=True, cached=True, attempts=2)
    refused = exchange(request_out_at=None, response_in_at=None, outcome="LEVEL_REQUIRED", origin="citizen")
    exchanges.commit(full, soon())
    exchanges.commit(refused, soon())
    with store.session() as session:
        assert find(session, full.trace_id) == [full]
        assert find(session, refused.trace_id) == [refused]


def test_legs_of_one_trace_in_their_order(exchanges: Exchanges, store: Database) -> None:
    later = exchange(request_in_at=NOW + timedelta(seconds=1))
    earlier = replace(exchange(), trace_id=later.trace_id)
    exchanges.record(later)
    exchanges.commit(earlier, soon())
    with store.session() as session:
        assert find(session, later.trace_id) == [earlier, later]


def test_commit_means_it_is_there(exchanges: Exchanges, store: Database) -> None:
    for number in range(5):
        exchanges.commit(exchange(), soon())
        assert count(store) == number + 1


def test_many_threads_lose_nothing_and_share_commits(exchanges: Exchanges, store: Database) -> None:
    before = commits(store)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: exchanges.commit(exchange(), time.monotonic() + 20), range(800)))
    assert count(store) == 800 and exchanges.lost == 0 and exchanges.depth == 0
    assert commits(store) - before < 600


def test_who_no_longer_waits_keeps_nobody_else_waiting(exchanges: Exchanges, store: Database) -> None:
    """Each that wakes wakes the next; those in between that gave up meanwhile must not end the row."""

    def ask(seconds: float) -> str:
        try:
            exchanges.commit(exchange(), time.monotonic() + seconds)
        except Problem as problem:
            return problem.code
        return "there"

    patience = [0.3 if number % 2 else 15.0 for number in range(40)]
    with ThreadPoolExecutor(len(patience)) as callers, store.engine.connect() as other:
        other.execute(text("LOCK TABLE ledger_exchange IN ACCESS EXCLUSIVE MODE"))
        exchanges.record(exchange())
        time.sleep(0.1)  # it is being written now; the others share the next commit
        answers = callers.map(ask, patience)
        time.sleep(2.5)  # time enough for each of them to come, and for some to go again
        other.rollback()
        assert set(zip(patience, answers, strict=True)) == {(0.3, "STORE_UNAVAILABLE"), (15.0, "there")}


def commits(store: Database) -> int:
    with store.read() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.scalar(text(query)) or 0)


def test_P10_five_thousand_at_once(exchanges: Exchanges, store: Database) -> None:
    for _ in range(5000):
        exchanges.record(exchange(data_class=2))
    eventually_written(exchanges)
    assert count(store) == 5000 and exchanges.lost == 0


def test_close_writes_what_waits(store: Database) -> None:
    writer = Exchanges(store)
    for _ in range(300):
        writer.record(exchange())
    writer.start()
    writer.close()
    assert count(store) == 300 and writer.lost == 0
    writer.record(exchange())
    assert writer.lost == 1


def test_what_finds_no_room_is_counted(store: Database) -> None:
    writer = Exchanges(store, capacity=10)
    for _ in range(15):
        writer.record(exchange())
    assert writer.lost == 5 and writer.depth == 10
    with pytest.raises(Problem, match="STORE_UNAVAILABLE"):
        writer.commit(exchange(), soon())
    writer.start()
    writer.close()
    assert count(store) == 10


def test_a_row_the_database_refuses_takes_no_other_with_it(exchanges: Exchanges, store: Database) -> None:
    for _ in range(3):
        exchanges.record(exchange())
    exchanges.record(exchange(outcome="bad\0text"))
    exchanges.record(exchange(request_bytes=1 << 40))
    exchanges.commit(exchange(), soon())
    eventually_written(exchanges)
    assert count(store) == 4 and exchanges.lost == 2


def test_fault_F19_database_away_no_leaf_no_data_and_nothing_lost(server: Server, store: Database) -> None:
    writer = Exchanges(store)
    writer.start()
    writer.commit(exchange(), soon())
    send_to_postgres(server, signal.SIGKILL)
    started = time.monotonic()
    with pytest.raises(Problem) as caught:
        writer.commit(exchange(), soon())
    assert (caught.value.code, caught.value.status, caught.value.origin) == ("STORE_UNAVAILABLE", 503, "hub")
    assert time.monotonic() - started < 10
    eventually(lambda: writer.away, 20)
    started = time.monotonic()
    with pytest.raises(Problem):
        writer.commit(exchange(), started + 20)
    assert time.monotonic() - started < 8  # of the 20 s; known to be away: nobody waits
    for _ in range(50):
        writer.record(exchange(data_class=1))
    server.start()
    eventually_written(writer, 15)
    writer.commit(exchange(), soon())
    assert count(store) == 54 and writer.lost == 0
    writer.close()


def test_fault_F22_database_frozen_callers_are_released(server: Server, store: Database) -> None:
    writer = Exchanges(store)
    writer.start()
    writer.commit(exchange(), soon())
    send_to_postgres(server, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(Problem, match="STORE_UNAVAILABLE"):
            writer.commit(exchange(), started + 2.2)
        assert time.monotonic() - started < 8
        eventually(lambda: writer.away, 20)
        started = time.monotonic()
        with pytest.raises(Problem):
            writer.commit(exchange(), started + 20)
        assert time.monotonic() - started < 8  # of the 20 s
    finally:
        send_to_postgres(server, signal.SIGCONT)
    eventually_written(writer)
    assert count(store) == 3 and not writer.away
    writer.close()


def test_fault_F20_backends_killed_write_each_record_once(server: Server, store: Database) -> None:
    writer = Exchanges(store)
    writer.start()
    wrote = 0
    for round_ in range(6):
        for _ in range(40):
            writer.record(exchange())
            wrote += 1
        with psycopg.connect(plain(store.url), autocommit=True) as killer:  # one of the store's may be dead itself
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        time.sleep(0.05 * round_)
    eventually_written(writer, 20)
    assert count(store) == wrote and writer.lost == 0
    writer.close()


def test_close_with_the_database_away_counts_the_rest(server: Server, store: Database) -> None:
    writer = Exchanges(store)
    writer.start()
    writer.commit(exchange(), soon())
    send_to_postgres(server, signal.SIGKILL)
    try:
        for _ in range(7):
            writer.record(exchange())
        writer.close(timeout_s=8)
        assert writer.lost == 7
    finally:
        server.start()

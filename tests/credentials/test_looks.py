"""Checks that come together share a statement; each still gets its own answer, and nothing is told off the record."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import DataError
from sqlalchemy import create_engine, text

from hub.database import Database, Steady
from hub.errors import Problem
from hub.looks import Looks
from tests.credentials.conftest import HAN, LIN, Room

CALLERS = 40


def test_each_gets_its_own_answer_and_all_ask_together() -> None:
    asked: list[int] = []
    held, everybody = threading.Event(), threading.Barrier(CALLERS)

    def ask(numbers: Sequence[int]) -> list[int]:
        asked.append(len(numbers))
        held.wait(60)
        return [number * 2 for number in numbers]

    looks: Looks[int, int] = Looks([ask])

    def one(number: int) -> int:
        everybody.wait(60)
        return looks.one(number)

    with ThreadPoolExecutor(CALLERS) as pool:
        told = [pool.submit(one, number) for number in range(CALLERS)]
        while len(looks._waiting) + sum(asked) < CALLERS:
            pass
        held.set()
        assert [each.result(10) for each in told] == [number * 2 for number in range(CALLERS)]
    assert len(asked) <= CALLERS // 4


def test_while_one_lane_asks_the_other_asks_for_whoever_came_since() -> None:
    both, first = threading.Barrier(2), threading.Event()

    def ask(numbers: Sequence[int]) -> Sequence[int]:
        first.set()
        both.wait(60)  # nobody gets an answer before two ask at the same time
        return numbers

    looks: Looks[int, int] = Looks([ask, ask])
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(looks.one, 1)
        assert first.wait(60)
        other = pool.submit(looks.one, 2)
        assert (one.result(60), other.result(60)) == (1, 2)


def test_what_fails_fails_for_all_who_waited_and_for_nobody_after() -> None:
    away = threading.Event()
    away.set()

    def ask(numbers: Sequence[int]) -> Sequence[int]:
        if away.is_set():
            raise Problem("STORE_UNAVAILABLE")
        return numbers

    looks: Looks[int, int] = Looks([ask, ask], most=8)

    def one(number: int) -> str:
        try:
            return str(looks.one(number))
        except Problem as problem:
            return problem.code

    with ThreadPoolExecutor(CALLERS) as pool:
        assert set(pool.map(one, range(CALLERS))) == {"STORE_UNAVAILABLE"}
        away.clear()
        assert list(pool.map(one, range(CALLERS))) == [str(number) for number in range(CALLERS)]


@pytest.mark.filterwarnings("error")
def test_row_licence_check_many_at_once_mix_nothing_up_and_all_are_on_record(room: Room) -> None:
    """Two holders, two kinds, verifiers and passers-by in the same moment."""
    open_to_all = room.show(HAN, room.issue("food-business-licence", HAN)["id"], fields=["name"])
    lin = room.issue("senior-citizen-card", LIN)
    closed = room.show(LIN, lin["id"], fields=["name", "level"])
    public = room.issue("food-business-licence", LIN)
    of_lin = room.show(LIN, public["id"], fields=["name"])
    verifier = room.of("verifier")
    app = room.client.application
    turns = [(open_to_all, False), (closed, False), (closed, True), (of_lin, False)] * 20

    def check(turn: tuple[str, bool]) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {verifier.token}"} if turn[1] else {}
        answer = app.test_client().post("/api/v1/verifications", json={"code": turn[0]}, headers=headers)
        return answer.status_code, str(answer.get_json().get("fields", {}).get("name", ""))

    with ThreadPoolExecutor(len(turns)) as pool:
        told = list(pool.map(check, turns))
    assert told == [(200, HAN.name), (401, ""), (200, LIN.name), (200, LIN.name)] * 20
    for id, count in ((lin["id"], 20), (public["id"], 20)):
        answer = room.citizen(LIN).get(f"/me/credentials/{id}/checks?page_size=100")
        assert len(answer.get_json()["items"]) == count


def test_fault_F19_a_server_that_was_started_anew_is_asked_again(fresh_database: str) -> None:
    database = Database(fresh_database)
    steady, mine = Steady(database), b"SELECT pg_backend_pid()"
    first = steady.ask(mine, ())
    assert steady.ask(mine, ()) == first, "kept"
    with database.read() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": int(first)})
    assert steady.ask(mine, ()) != first
    database.close()


def test_fault_F22_a_server_process_that_is_silent_is_given_up(fresh_database: str) -> None:
    database = Database(fresh_database)
    steady, mine = Steady(database, patience=0.3), b"SELECT pg_backend_pid()"
    first = steady.ask(mine, ())
    assert first is not None
    os.kill(int(first), signal.SIGSTOP)
    thaw = threading.Timer(8, os.kill, (int(first), signal.SIGCONT))
    thaw.start()
    asked = time.monotonic()
    with pytest.raises(Problem, match="STORE_UNAVAILABLE"):  # and for a second nobody tries a new one
        steady.ask(mine, ())
    assert time.monotonic() - asked < 7
    thaw.cancel()
    os.kill(int(first), signal.SIGCONT)
    database.close()


def test_what_is_long_goes_out_and_comes_in_whole(fresh_database: str) -> None:
    database, long = Database(fresh_database), b"x" * 5_000_000
    steady = Steady(database)
    assert steady.ask(b"SELECT reverse($1)", (long,)) == long
    with pytest.raises(DataError):
        steady.ask(b"SELECT CAST($1 AS int)", (long[:3],))
    assert steady.ask(b"SELECT CAST($1 AS int) + 1", (b"2",)) == b"3"
    database.close()


def test_fault_F19_a_connection_that_rested_is_asked_whether_it_lives(fresh_database: str) -> None:
    database, mine = Database(fresh_database, pool_size=1), text("SELECT pg_backend_pid()")
    with database.session() as session:
        first = session.scalar(mine)
    with database.read() as connection:
        assert connection.scalar(mine) == first, "kept"
    other = create_engine(fresh_database, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    other.dispose()
    time.sleep(0.3)
    with database.session() as session:
        assert session.scalar(mine) != first
    database.close()

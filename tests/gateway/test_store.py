"""PostgreSQL gone in the middle of the day: what is still answered, and what is not."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from hub.errors import Problem
from hub.gateway.models import SampleRow
from hub.gateway.samples import purge
from tests.county import eventually
from tests.gateway.conftest import SERVICES
from tests.gateway.office import Office
from tests.gateway.servers import send_to_postgres
from tests.gateway.world import World, build, write_config
from tests.switches.postgres import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def frail(tmp_path: Path, server: Server, redis: str, offices: dict[str, Office]) -> Iterator[World]:
    """A world on a PostgreSQL of its own."""
    write_config(tmp_path / "config", offices, SERVICES)
    built = build(tmp_path, server.url, redis, offices)
    yield built
    built.close()


def told(run: Callable[[], object]) -> tuple[str, float]:
    started = time.monotonic()
    try:
        run()
    except Problem as problem:
        return problem.code, time.monotonic() - started
    return "OK", time.monotonic() - started


def test_fault_F19_no_leaf_no_data(frail: World, server: Server) -> None:
    assert told(lambda: frail.call("balance"))[0] == "OK"
    send_to_postgres(server, signal.SIGKILL)
    code, seconds = told(lambda: frail.call("balance"))
    assert code == "STORE_UNAVAILABLE" and seconds < 8
    assert told(lambda: frail.call("hours"))[0] == "OK"  # class 1 need not wait
    eventually(lambda: frail.exchanges.away, 20)
    asked = len(frail.offices["alpha"].seen)
    assert told(lambda: frail.call("balance"))[0] == "STORE_UNAVAILABLE"
    assert len(frail.offices["alpha"].seen) == asked  # nobody is asked for what could not be shown
    assert told(lambda: frail.call("hours", key="k"))[0] == "STORE_UNAVAILABLE"
    server.start()
    eventually(lambda: told(lambda: frail.call("balance"))[0] == "OK", 30)
    assert frail.exchanges.lost == 0


def test_fault_F5_the_bytes_not_understood_are_kept_sealed(world: World) -> None:
    world.offices["alpha"].answer = lambda _: "<html>安娜 360423199001011234".encode() * 500
    order = world.order("balance")
    with pytest.raises(Problem, match="UPSTREAM_MALFORMED"):
        world.gateway.call(order)
    until = time.monotonic() + 20
    while True:
        with world.database.session() as session:
            found = world.gateway.samples.find(session, order.trace.id)
            stored = session.scalars(select(SampleRow.sample_sealed)).all()
        if found or time.monotonic() > until:
            break
        time.sleep(0.02)
    (sample,) = found
    assert (sample.system, sample.operation, sample.code) == ("alpha", "query", "UPSTREAM_MALFORMED")
    assert sample.answer.startswith(b"<html>") and len(sample.answer) == 4096
    assert not any(b"360423199001011234" in each for each in stored)
    with world.database.session() as session:
        session.execute(update(SampleRow).values(kept_at=func.clock_timestamp() - timedelta(days=8)))
        purge(session)
        assert not world.gateway.samples.find(session, order.trace.id)


def test_fault_F22_frozen_every_answer_by_the_deadline(frail: World, server: Server) -> None:
    frail.call("balance")
    send_to_postgres(server, signal.SIGSTOP)
    try:
        outcomes = [told(lambda: frail.call("balance")), told(lambda: frail.call("hours"))]
    finally:
        send_to_postgres(server, signal.SIGCONT)
    assert [code for code, _ in outcomes] == ["STORE_UNAVAILABLE", "OK"]
    assert all(seconds < 8 for _, seconds in outcomes)

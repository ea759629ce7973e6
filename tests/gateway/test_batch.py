"""Several calls at once: every part its own outcome, all within one deadline."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from prometheus_client import generate_latest

from hub.errors import Problem
from hub.gateway.batch import Batch
from hub.gateway.orders import Answer, Part
from hub.ledger.service import find
from hub.trace import new
from tests.gateway.office import good
from tests.gateway.world import World


def codes(parts: tuple[Part, ...]) -> list[str]:
    return [f"{part.service}:{part.problem.code if part.problem else 'OK'}" for part in parts]


def test_feat_A9_a_service_of_parts_fills_what_it_can(world: World) -> None:
    world.offices["beta"].hang()
    world.offices["gamma"].down()
    order = world.order("records", year=2025)
    started = time.monotonic()
    answer = world.gateway.call(order)
    assert time.monotonic() - started < 8
    assert codes(answer.parts) == ["balance:OK", "pension:DEPARTMENT_TIMEOUT", "fund:DEPARTMENT_UNAVAILABLE"]
    filled = answer.parts[0].answer
    assert filled and filled.fields["balance_fen"] == 1250
    assert world.offices["alpha"].seen[0]["year"] == 2025
    until = time.monotonic() + 20
    while len(records := world.records(order.trace)) < 4 and time.monotonic() < until:
        time.sleep(0.02)
    assert sorted(record.service for record in records) == ["balance", "fund", "pension", "records"]


def test_batch_runs_side_by_side(world: World) -> None:
    """No department answers before all of them have been asked."""
    ids = ["balance", "pension", "fund"]
    together = threading.Barrier(len(ids))

    def last(question: dict[str, Any]) -> bytes:
        together.wait(60)
        return good(question)

    for office in world.offices.values():
        office.answer = last
    parts = world.gateway.batch([world.order(id) for id in ids])
    assert codes(parts) == [f"{id}:OK" for id in ids]


def test_each_part_is_judged_by_itself(world: World) -> None:
    world.switch("service", "pension", enabled=False)
    parts = world.gateway.batch([world.order("balance"), world.order("pension"), world.order("hours")])
    assert codes(parts) == ["balance:OK", "pension:SERVICE_DISABLED", "hours:OK"]


def test_nothing_asked_nothing_answered(world: World) -> None:
    assert world.gateway.batch([]) == ()


def test_a_part_that_breaks_or_does_not_end_is_told_as_such() -> None:
    batch, stuck = Batch(), threading.Event()

    def breaks() -> Answer:
        raise KeyError("a bug")

    def hangs() -> Answer:
        stuck.wait(60)
        raise Problem("NOT_FOUND")

    started = time.monotonic()
    outcomes = batch.run([breaks, hangs], started + 0.2)
    assert time.monotonic() - started < 8
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Problem)] == ["INTERNAL", "DEPARTMENT_TIMEOUT"]
    stuck.set()
    batch.close()


def test_metrics_name_systems_and_outcomes_and_nobody(world: World) -> None:
    world.call("balance")
    world.offices["alpha"].says(error="denied")
    for _ in range(2):
        with suppress(Problem):
            world.call("balance")
    world.gateway._tell()
    text = generate_latest(world.registry).decode()
    assert 'hub_calls_total{outcome="OK",system="alpha"} 1.0' in text
    assert 'hub_calls_total{outcome="DEPARTMENT_DENIED",system="alpha"} 2.0' in text
    assert 'hub_department_seconds_count{system="alpha"} 2.0' in text
    assert 'hub_breaker{system="alpha"} 3.0' in text
    assert 'hub_in_flight{system="alpha"} 0.0' in text
    assert "hub_records_waiting" in text and "hub_redis_away 0.0" in text
    assert "c-anna" not in text and "360423199" not in text


def test_a_wrong_trace_finds_nothing(world: World) -> None:
    with world.database.session() as session:
        assert not find(session, new().id)

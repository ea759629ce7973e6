"""What operations set a system to bear counts at once, survives as an override, and rolls back (contract: limits)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import yaml

from hub.errors import Problem
from hub.switches.service import Change
from hub.trace import new
from tests.gateway.world import ANNA, PEOPLE, D, World
from tests.jobs.test_jobs import until


def limit(world: World, id: str, limits: Any) -> Change:
    with world.database.session() as session:
        change = world.switches.change(session, "system", id, {"limits": limits}, "it groans", "tester")
    world.switches.refresh()
    return change


def outcome(world: World, id: str) -> str:
    try:
        world.call(id)
    except Problem as problem:
        return problem.code
    return "OK"


def test_feat_M1_a_lower_cap_counts_for_the_next_call(world: World) -> None:
    office = world.offices["alpha"]
    limit(world, "alpha", {"cap": 1})
    office.hang()
    first = threading.Thread(target=outcome, args=(world, "balance"))
    first.start()
    until(lambda: office.seen)
    assert outcome(world, "balance") == "DEPARTMENT_BUSY"
    assert outcome(world, "pension") == "OK", "only this system"
    office.hanging.set()
    first.join(60)


def test_feat_M1_calls_a_minute_and_seconds(world: World) -> None:
    limit(world, "beta", {"per_minute": 2})
    assert [outcome(world, "pension") for _ in range(3)] == ["OK", "OK", "DEPARTMENT_BUSY"]
    limit(world, "gamma", {"deadline_s": 0.2})
    world.offices["gamma"].delay_s = 0.5
    assert outcome(world, "fund") == "DEPARTMENT_TIMEOUT", "it would be well within the time of the file"


def test_fault_F39_filings_leave_a_tenth_of_the_budget_to_those_who_wait(world: World) -> None:
    limit(world, "gamma", {"per_minute": 10})

    def filed() -> str:
        fields = {"year": 2024, "id_number": PEOPLE["c-anna"].id_number, "name": PEOPLE["c-anna"].name}
        try:
            world.gateway.ask("gamma", "query", fields, ANNA, new(), D, key="k", stage=lambda _: None)
        except Problem as problem:
            return problem.code
        return "OK"

    assert [filed() for _ in range(11)] == ["OK"] * 9 + ["DEPARTMENT_BUSY"] * 2
    assert [outcome(world, "fund") for _ in range(2)] == ["OK", "DEPARTMENT_BUSY"]


def test_feat_M3_limits_have_history_and_roll_back(world: World) -> None:
    limit(world, "alpha", {"cap": 1})
    second = limit(world, "alpha", {"per_minute": 9})
    assert second.after == {"limits": {"cap": 1, "per_minute": 9}}, "field by field"
    now = world.switches.now.systems["alpha"]
    assert (now.cap, now.per_minute, now.deadline_s) == (1, 9, D)
    with world.database.session() as session:
        world.switches.rollback(session, second.id, "a mistake", "tester")
    world.switches.refresh()
    assert (world.switches.now.systems["alpha"].cap, world.switches.now.systems["alpha"].per_minute) == (1, 0)
    limit(world, "alpha", None)
    assert world.switches.now is world.settings.now and not world.switches.differences()
    assert limit(world, "alpha", {"cap": 4}).after is None, "as the file says: no override"


def test_feat_M3_limits_are_written_back(world: World) -> None:
    limit(world, "alpha", {"cap": 2, "deadline_s": 0.5})
    with world.database.session() as session:
        world.switches.write_back(session, "system", "alpha", "it stays so", "tester")
    world.switches.refresh()
    written = yaml.safe_load((world.folder / "systems.yaml").read_text(encoding="utf-8"))["alpha"]
    assert written["limits"] == {"cap": 2, "deadline_s": 0.5} and "limits" not in written.get("switch", {})
    assert world.settings.now.systems["alpha"].cap == 2 and not world.switches.differences()


@pytest.mark.parametrize(
    ("kind", "limits", "code"),
    [
        ("system", {"cap": 0}, "RANGE"),
        ("system", {"cap": 257}, "RANGE"),
        ("system", {"deadline_s": 31}, "RANGE"),
        ("system", {"deadline_s": True}, "TYPE"),
        ("system", {"per_minute": "9"}, "TYPE"),
        ("system", {"speed": 9}, "UNKNOWN_FIELD"),
        ("service", {"cap": 1}, "UNKNOWN_FIELD"),
    ],
)
def test_feat_M1_wrong_limits_are_refused(world: World, kind: Any, limits: Any, code: str) -> None:
    target = "alpha" if kind == "system" else "balance"
    with pytest.raises(Problem) as refused, world.database.session() as session:
        world.switches.change(session, kind, target, {"limits": limits}, "x", "tester")
    assert refused.value.faults[0].code == code

"""A call on its way: what it answers, what it refuses, and what is on record of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Problem
from hub.gateway.orders import Caller
from tests.gateway.office import Office
from tests.gateway.world import ANNA, BERT, PEOPLE, World, build, known, service, write_config


def refused(world: World, id: str, caller: Caller = ANNA, **fields: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        world.call(id, caller, **fields)
    return caught.value


def test_answer_and_record(world: World) -> None:
    order = world.order("balance", year=2025)
    answer = world.gateway.call(order)
    assert answer.fields == {
        "id_number": PEOPLE["c-anna"].id_number,
        "balance_fen": 1250,
        "status": "normal",
        "payments": [],
    }
    assert (answer.system, answer.stale, answer.done) == ("alpha", False, True)
    (record,) = world.records(order.trace)
    assert (record.service, record.system, record.operation) == ("balance", "alpha", "query")
    assert (record.outcome, record.origin, record.data_class) == ("OK", "department:alpha", 3)
    assert record.request_out_at and record.response_in_at
    assert record.request_in_at <= record.request_out_at <= record.response_in_at <= record.response_out_at
    assert record.request_bytes > 0 and record.response_bytes > 0 and record.attempts == 1
    assert record.subject_tag != b"c-anna" and len(record.subject_tag) == 32


def test_the_department_gets_the_trace_and_the_registered_person(world: World) -> None:
    order = world.order("balance")
    world.gateway.call(order)
    office = world.offices["alpha"]
    assert office.headers[-1]["traceparent"].split("-")[1] == order.trace.id
    assert office.seen[-1]["id_number"] == PEOPLE["c-anna"].id_number
    assert office.seen[-1]["name"] == "安娜"
    assert "c-anna" not in str(office.seen[-1])


def test_row_B50_another_persons_number_looks_like_nothing(world: World) -> None:
    problem = refused(world, "balance", id_number=PEOPLE["c-bert"].id_number)
    assert (problem.code, problem.status, problem.origin) == ("NOT_FOUND", 404, "citizen")
    assert not world.offices["alpha"].seen
    world.call("balance", id_number=PEOPLE["c-anna"].id_number)


def test_a_level_too_low_says_which_is_needed(world: World) -> None:
    problem = refused(world, "balance", known(ANNA, 1))
    assert problem.code == "LEVEL_REQUIRED" and problem.extra == {
        "required_level": 2, "level": 1, "missing": ["real_name"],
    }  # fmt: skip
    assert refused(world, "balance", Caller("c-nobody", 2)).code == "LEVEL_REQUIRED"
    assert not world.offices["alpha"].seen


def test_a_switched_off_service_says_so(world: World) -> None:
    world.switch("service", "balance", enabled=False, notice={"zh": "维护中"})
    problem = refused(world, "balance")
    assert (problem.code, problem.status) == ("SERVICE_DISABLED", 503)
    assert problem.notice == {"zh": "维护中"} and problem.retry_after
    assert not world.offices["alpha"].seen
    world.switch("service", "balance", enabled=True)
    assert world.call("balance").fields


def test_a_switched_off_system_stops_all_its_services(world: World) -> None:
    world.switch("system", "alpha", enabled=False)
    assert refused(world, "balance").code == refused(world, "kept").code == "SERVICE_DISABLED"
    assert world.gateway.health("alpha").state == "off"
    assert world.call("pension").fields


@pytest.mark.parametrize("hook", ["consent", "grant"])
def test_hooks_for_consent_and_grant_may_refuse(
    hook: str, tmp_path: Path, fresh_database: str, redis: str, offices: dict[str, Office]
) -> None:
    def no(_: object) -> None:
        raise Problem("CONSENT_MISSING")

    write_config(tmp_path / "config", offices, [service("balance", "alpha")])
    world = build(tmp_path, fresh_database, redis, offices, **{hook: no})
    try:
        assert refused(world, "balance").code == "CONSENT_MISSING"
        assert not offices["alpha"].seen
    finally:
        world.close()


def _steps(world: World) -> list[object]:
    found, onward = [], world.gateway._one
    while hasattr(onward, "func"):
        found.append(onward.func)
        onward = onward.args[0]
    return found


def test_the_order_of_the_steps(world: World) -> None:
    names = [getattr(step, "__name__", type(step).__name__) for step in _steps(world)]
    assert names == [
        "Recorded", "service", "level", "Whose", "Permitted", "Permitted", "_once", "Budgeted", "Cached",
        "named", "compartment", "guard", "Keeping", "in_time", "again",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "code", "status"),
    [
        ({"error": "rejected"}, "DEPARTMENT_REJECTED", 422),
        ({"error": "unavailable"}, "DEPARTMENT_UNAVAILABLE", 503),
        ({"error": "unknown"}, "DEPARTMENT_TIMEOUT", 504),
        ({"error": "denied"}, "DEPARTMENT_DENIED", 503),
        ({"bug": 1}, "UPSTREAM_MALFORMED", 502),
        ({"id_number": "360423199001015678", "balance_fen": 1}, "UPSTREAM_SUBJECT_MISMATCH", 502),
        ({"id_number": "360423199001011234"}, "UPSTREAM_MALFORMED", 502),
        ({"id_number": "360423199001011234", "balance_fen": "12"}, "UPSTREAM_MALFORMED", 502),
        ({"id_number": "360423199001011234", "balance_fen": True}, "UPSTREAM_MALFORMED", 502),
        ({"id_number": "360423199001011234", "balance_fen": 1, "secret": "x"}, "UPSTREAM_MALFORMED", 502),
        ({"id_number": "360423199001011234", "balance_fen": 1, "payments": [{"no": 7}]}, "UPSTREAM_MALFORMED", 502),
    ],
)
def test_feat_A6_what_the_department_may_do_wrong(world: World, says: dict[str, Any], code: str, status: int) -> None:
    world.offices["alpha"].says(**says)
    order = world.order("balance")
    with pytest.raises(Problem) as caught:
        world.gateway.call(order)
    problem = caught.value
    assert (problem.code, problem.status, problem.origin) == (code, status, "department:alpha")
    assert problem.retry_after or problem.kind.action in ("fix", "call")
    (record,) = world.records(order.trace)
    assert (record.outcome, record.origin) == (code, "department:alpha")
    assert world.call("pension").fields  # the others do not notice


def test_a_field_above_the_services_class_is_not_shown(world: World) -> None:
    order = world.order("balance")
    answer = world.gateway.call(replace(order, service=replace(order.service, data_class=2)))
    assert answer.fields == {"status": "normal", "payments": []}


def test_row_two_persons_do_not_meet(world: World) -> None:
    for _ in range(3):
        for caller in (ANNA, BERT):
            assert world.call("fresh", caller).fields["id_number"] == PEOPLE[caller.subject].id_number

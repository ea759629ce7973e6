"""Bulkhead, deadline, breaker and second try, with real threads and real departments that misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.errors import Problem
from hub.gateway.bulkhead import Bulkhead
from hub.gateway.orders import Answer, Caller
from hub.port import Unavailable
from hub.trace import new
from tests.county import eventually
from tests.gateway.office import good
from tests.gateway.world import ANNA, BERT, PEOPLE, D, World

HUB = Caller("hub", 3, "hub")


def outcome(run: Callable[[], object]) -> tuple[str, float]:
    started = time.monotonic()
    try:
        run()
    except Problem as problem:
        return problem.code, time.monotonic() - started
    return "OK", time.monotonic() - started


def fail(world: World, times: int, id: str = "balance") -> list[str]:
    return [outcome(lambda: world.call(id))[0] for _ in range(times)]


def test_fault_F1_a_hung_department_holds_its_cap_and_no_more(world: World) -> None:
    world.offices["alpha"].hang()
    with ThreadPoolExecutor(16) as pool:
        sick = [pool.submit(outcome, lambda: world.call("balance")) for _ in range(12)]
        eventually(lambda: world.gateway.health("alpha").in_flight == 4, 20)
        healthy = [outcome(lambda: world.call("pension")) for _ in range(20)]
        results = [future.result() for future in sick]
    assert {code for code, _ in healthy} == {"OK"}
    codes = [code for code, _ in results]
    assert codes.count("DEPARTMENT_BUSY") == 8 and codes.count("DEPARTMENT_TIMEOUT") == 4
    assert all(seconds < D * 0.9 for code, seconds in results if code == "DEPARTMENT_BUSY")
    assert all(D - 0.3 < seconds < D + 8 for code, seconds in results if code == "DEPARTMENT_TIMEOUT")
    assert world.gateway.health("alpha").in_flight == 0


def test_fault_F3_a_slow_department_is_asked_by_as_many_as_its_cap(world: World) -> None:
    office, guard, inside, most = world.offices["alpha"], threading.Lock(), [0], [0]

    def slow(question: dict[str, Any]) -> bytes:
        with guard:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.2)
        with guard:
            inside[0] -= 1
        return good(question)

    office.answer = slow
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: outcome(lambda: world.call("balance"))[0], range(32)))
    assert most[0] == 4 and set(codes) == {"OK", "DEPARTMENT_BUSY"}
    assert world.gateway.health("alpha").in_flight == 0
    assert outcome(lambda: world.call("pension"))[0] == "OK"


def test_busy_says_when_to_come_back(world: World) -> None:
    world.offices["alpha"].hang()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(outcome, lambda: world.call("balance"))
        eventually(lambda: world.gateway.health("alpha").in_flight == 4, 20)
        with pytest.raises(Problem) as caught:
            world.call("balance")
    problem = caught.value
    assert (problem.code, problem.status, problem.origin) == ("DEPARTMENT_BUSY", 503, "department:alpha")
    assert problem.kind.action == "wait" and problem.retry_after


def test_after_five_failures_the_answer_comes_at_once(world: World) -> None:
    world.offices["alpha"].down()
    assert fail(world, 5) == ["DEPARTMENT_UNAVAILABLE"] * 5
    assert world.gateway.health("alpha").breaker == "open"
    world.offices["alpha"].up()
    seen = len(world.offices["alpha"].seen)
    with pytest.raises(Problem) as caught:
        world.call("balance")
    assert len(world.offices["alpha"].seen) == seen
    assert 1 <= (caught.value.retry_after or 0) <= 11
    assert world.gateway.health("alpha").state == "failing"
    assert outcome(lambda: world.call("pension"))[0] == "OK"


def test_a_good_background_probe_brings_it_back_early(world: World) -> None:
    world.offices["alpha"].says(error="unavailable")
    fail(world, 5)
    world.offices["alpha"].heal()
    condition = world.gateway._conditions.of("alpha")
    world.gateway._watch.look()
    assert world.gateway.health("alpha").breaker == "open"  # not due before ten seconds
    for _ in range(3):
        condition.probe_again_soon()
        good = world.gateway.health("alpha").last_good_at
        world.gateway._watch.look()
        eventually(lambda good=good: world.gateway.health("alpha").last_good_at != good, 20)  # type: ignore[misc]
    assert world.gateway.health("alpha").breaker == "closed"
    assert outcome(lambda: world.call("balance"))[0] == "OK"


def test_a_correct_no_leaves_the_breaker_closed(world: World) -> None:
    world.offices["alpha"].says(error="rejected")
    assert fail(world, 12) == ["DEPARTMENT_REJECTED"] * 12
    health = world.gateway.health("alpha")
    assert health.breaker == "closed" and not health.last_failures


def test_denied_switches_the_system_off_until_a_probe_succeeds(world: World) -> None:
    world.offices["alpha"].says(error="denied")
    assert fail(world, 3) == ["DEPARTMENT_DENIED"] * 3
    assert len(world.offices["alpha"].seen) == 1  # an account is locked after a few wrong tries
    health = world.gateway.health("alpha")
    assert (health.state, health.denied, health.last_failures[0].code) == ("off", True, "DEPARTMENT_DENIED")
    world.offices["alpha"].heal()
    assert fail(world, 1) == ["DEPARTMENT_DENIED"]
    assert world.gateway.probe("alpha").state == "works"
    assert fail(world, 1) == ["OK"]


def test_denied_until_operations_release_it_or_the_credentials_change(world: World) -> None:
    world.offices["alpha"].says(error="denied")
    fail(world, 1)
    world.offices["alpha"].heal()
    world.gateway.release("alpha")
    assert fail(world, 1) == ["OK"]
    world.offices["alpha"].says(error="denied")
    fail(world, 1)
    world.offices["alpha"].heal()
    world.environ["PASSWORD"] = "new"
    path = world.folder / "systems.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    world.settings.reload()
    assert fail(world, 1) == ["OK"]
    assert world.offices["alpha"].headers[-1]["X-Password"] == "new"


def test_denied_until_it_is_switched_off_and_on(world: World) -> None:
    world.offices["alpha"].says(error="denied")
    fail(world, 1)
    world.offices["alpha"].heal()
    world.switch("system", "alpha", enabled=False)
    world.gateway._watch.look()
    assert fail(world, 1) == ["SERVICE_DISABLED"]
    world.switch("system", "alpha", enabled=True)
    assert fail(world, 1) == ["OK"]


def test_nobody_probes_what_is_switched_off(world: World) -> None:
    world.offices["alpha"].says(error="unavailable")
    fail(world, 5)
    world.switch("system", "alpha", enabled=False)
    asked = len(world.offices["alpha"].seen)
    world.gateway._conditions.of("alpha").probe_again_soon()
    world.gateway._watch.look()
    assert world.gateway.probe("alpha").state == "off"
    assert len(world.offices["alpha"].seen) == asked


def test_a_stuck_driver_releases_its_caller_and_keeps_its_place(world: World) -> None:
    """legacy.md G5."""
    world.offices["stuck"].hang()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: outcome(lambda: world.call("stuck")), range(4)))
    assert all(code == "DEPARTMENT_TIMEOUT" and D - 0.1 < seconds < D + 0.5 for code, seconds in results)
    assert world.gateway.health("stuck").in_flight == 4
    assert outcome(lambda: world.call("stuck"))[0] == "DEPARTMENT_BUSY"
    world.offices["stuck"].heal()
    world.offices["stuck"].hanging.set()


def test_the_stuck_place_is_free_again_when_the_driver_comes_back(world: World) -> None:
    office = world.offices["stuck"]
    office.hang()
    assert outcome(lambda: world.call("stuck"))[0] == "DEPARTMENT_TIMEOUT"
    assert world.gateway.health("stuck").in_flight == 1
    office.hanging.set()
    eventually(lambda: world.gateway.health("stuck").in_flight == 0, 20)
    assert world.call("stuck").fields == {"status": "open"}


def test_no_time_left_sends_nothing(world: World) -> None:
    order = world.order("balance")
    late = type(order)(
        order.service, order.caller, order.fields, order.trace, order.arrived - 2, order.received_at
    )
    with pytest.raises(Problem, match="DEPARTMENT_TIMEOUT"):
        world.gateway.call(late)
    assert not world.offices["alpha"].seen


def test_fault_F40_a_read_is_tried_again_once_in_ten_calls(world: World) -> None:
    for _ in range(40):
        world.call("hours")
    office, calls = world.offices["alpha"], [0]

    def refuse_the_first(_: dict[str, Any]) -> bytes:
        calls[0] += 1
        return b'{"error": "unavailable"}' if calls[0] == 1 else b'{"status": "open"}'

    office.answer = refuse_the_first
    assert world.call("hours").fields == {"status": "open"}
    assert calls[0] == 2
    asked = len(office.seen)
    office.says(error="unavailable")
    before = 41
    for _ in range(4):
        outcome(lambda: world.call("hours"))
    assert len(office.seen) - asked <= 4 + before // 10


def test_a_quiet_system_is_not_asked_twice(world: World) -> None:
    world.offices["alpha"].says(error="unavailable")
    fail(world, 4)
    assert len(world.offices["alpha"].seen) == 4


def test_what_may_have_been_done_is_not_asked_twice(world: World) -> None:
    for _ in range(40):
        world.call("hours")
    asked = len(world.offices["alpha"].seen)
    world.offices["alpha"].says(error="unknown")
    outcome(lambda: world.call("hours"))
    assert len(world.offices["alpha"].seen) == asked + 1


def test_a_write_is_never_sent_twice_and_never_a_probe(world: World) -> None:
    def file() -> Any:
        return world.gateway.ask("alpha", "file", {"name": "x"}, HUB, new(), 1.0)

    for _ in range(40):
        file()
    asked = len(world.offices["alpha"].seen)
    world.offices["alpha"].says(error="unavailable")
    assert outcome(file)[0] == "DEPARTMENT_UNAVAILABLE"
    assert len(world.offices["alpha"].seen) == asked + 1
    for _ in range(50):
        outcome(file)
    assert world.gateway.health("alpha").breaker == "open"
    world.offices["alpha"].heal()
    condition = world.gateway._conditions.of("alpha")
    condition._breaker._reopens_at = 0.0  # its open time is over
    assert outcome(file)[0] == "DEPARTMENT_UNAVAILABLE"
    assert outcome(lambda: world.call("hours"))[0] == "OK"


def test_ask_for_the_hub_itself(world: World) -> None:
    trace = new()
    reply = world.gateway.ask("alpha", "hours", {}, HUB, trace, 1.0)
    assert reply.fields == {"status": "open"} and reply.response_bytes > 0
    (record,) = world.records(trace)
    assert (record.service, record.system, record.operation, record.caller_kind) == ("", "alpha", "hours", "hub")
    with pytest.raises(Unavailable) as caught:
        world.gateway.ask("nowhere", "hours", {}, HUB, new(), 1.0)
    assert caught.value.origin == "department:nowhere"


def test_health_tells_works_from_unproven(world: World) -> None:
    assert world.gateway.health("alpha").state == "contacted_unproven"
    world.call("balance")
    health = world.gateway.health("alpha")
    assert health.state == "works" and health.p50_ms and health.p95_ms and health.last_good_at
    world.offices["alpha"].says(error="unknown")
    fail(world, 1)
    health = world.gateway.health("alpha")
    assert health.state == "failing" and health.last_failures[0].code == "DEPARTMENT_TIMEOUT"
    assert world.gateway.probe("beta").state == "works"


def test_fault_F2_with_half_of_the_systems_hanging_half_of_the_threads_stay() -> None:
    """350 calls a second over forty systems; from the first second on twenty of them never answer."""
    now = [0.0]
    bulkhead = Bulkhead(256, lambda: now[0])
    leaving: list[tuple[float, str, int]] = []
    refused = most = 0
    for number in range(350 * 6):
        now[0] = number / 350
        for _, system, ticket in [each for each in leaving if each[0] <= now[0]]:
            bulkhead.leave(system, ticket)
        leaving = [each for each in leaving if each[0] > now[0]]
        system = f"system{number % 40}"
        hangs = number % 40 < 20 and now[0] > 1
        ticket = bulkhead.enter(system, 8)
        if ticket and not hangs:
            leaving.append((now[0] + 0.1, system, ticket))
        refused += not ticket and number % 40 >= 20
        most = max(most, sum(count for name, count in bulkhead.in_flight().items() if int(name[6:]) < 20))
    assert refused == 0 and most <= 128


def test_fault_F2_a_burst_on_hanging_systems_leaves_room_for_the_others() -> None:
    now = [0.0]
    bulkhead = Bulkhead(256, lambda: now[0])
    hung = sum(bool(bulkhead.enter(f"sick{system}", 8)) for system in range(20) for _ in range(50))
    assert hung == 20 * 8  # nobody can know yet that they hang
    assert all(bulkhead.enter(f"well{system}", 8) for system in range(20) for _ in range(3))
    now[0] = 1.0
    assert not any(bulkhead.enter(f"sick{system}", 8) for system in range(20))


def test_many_busy_systems_that_answer_may_fill_the_worker() -> None:
    bulkhead = Bulkhead(256)
    assert sum(bool(bulkhead.enter(f"well{system}", 8)) for system in range(40) for _ in range(8)) >= 240


def test_one_system_gets_a_quarter_of_the_threads_at_most() -> None:
    bulkhead = Bulkhead(16)
    tickets = [bulkhead.enter("greedy", 100) for _ in range(16)]
    assert sum(map(bool, tickets)) == 4
    bulkhead.leave("greedy", tickets[0])
    assert bulkhead.enter("greedy", 100)


def test_bulkhead_counts_right_under_many_threads() -> None:
    bulkhead, most = Bulkhead(256), []

    def work(_: int) -> None:
        for _ in range(300):
            if ticket := bulkhead.enter("a", 5):
                most.append(bulkhead.in_flight()["a"])
                bulkhead.leave("a", ticket)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bulkhead.in_flight()["a"] == 0 and 0 < max(most) <= 5


def test_answers_are_the_callers_own_under_load(world: World) -> None:
    def ask(number: int) -> bool:
        caller = (ANNA, BERT)[number % 2]
        answer: Answer = world.call("balance", caller)
        return bool(answer.fields["id_number"] == PEOPLE[caller.subject].id_number)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(60)))

"""With Redis healthy, killed and frozen: budgets, kept answers, what adapters share."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.gateway.budget import Budget
from hub.gateway.redis_line import Away, RedisLine, connect
from hub.gateway.shared import SharedStore
from hub.port import Unavailable
from tests.county import SUITE
from tests.gateway.conftest import SERVICES
from tests.gateway.office import Office
from tests.gateway.servers import OwnRedis, own_redis
from tests.gateway.world import ANNA, BERT, PEOPLE, World, build, write_config


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnRedis]:
    with own_redis(tmp_path) as running:
        yield running


@pytest.fixture
def frail(tmp_path: Path, fresh_database: str, server: OwnRedis, offices: dict[str, Office]) -> Iterator[World]:
    """A world on a Redis of its own."""
    write_config(tmp_path / "config", offices, SERVICES)
    built = build(tmp_path, fresh_database, server.url, offices)
    yield built
    built.close()


def lines(server: OwnRedis, number: int) -> list[RedisLine]:
    return [RedisLine(connect(server.url)) for _ in range(number)]


def spent(world: World, times: int, id: str = "limited") -> int:
    """How many of so many calls got through."""
    through = 0
    for _ in range(times):
        try:
            world.call(id)
            through += 1
        except Problem as problem:
            assert problem.code == "RATE_LIMITED" and problem.status == 429
            assert 1 <= (problem.retry_after or 0) <= 60
    return through


def test_feat_A5_budget_of_a_person_and_service(world: World) -> None:
    assert spent(world, 8) == 4
    assert world.call("limited", BERT).fields  # another person's budget is another
    assert world.call("balance").fields  # and another service's too


def test_budget_is_counted_by_all_workers_together(server: OwnRedis) -> None:
    budgets = [Budget(line, Clock()) for line in lines(server, 2)]
    assert [budgets[n % 2].wait_s(10, "balance", "anna") == 0 for n in range(14)] == [True] * 10 + [False] * 4


def test_a_quarter_costs_no_trip_and_is_told_afterwards(server: OwnRedis) -> None:
    (line,) = lines(server, 1)
    here, there = Budget(line, Clock()), Budget(line, Clock())
    assert [here.wait_s(16, "balance", "anna") for _ in range(4)] == [0] * 4
    assert not line.client.keys("hub:budget:*")
    here.tell()
    assert sum(int(line.client.get(key) or 0) for key in line.client.keys("hub:budget:*")) == 4  # type: ignore[union-attr]
    assert [there.wait_s(16, "balance", "anna") == 0 for _ in range(14)] == [True] * 12 + [False] * 2


def test_fault_F16_redis_killed_budget_falls_to_a_quarter(frail: World, server: OwnRedis) -> None:
    server.kill()
    assert spent(frail, 6) == 1
    assert frail.line.away


def test_redis_comes_back_by_itself(frail: World, server: OwnRedis) -> None:
    server.kill()
    spent(frail, 1)
    server.start()
    until = time.monotonic() + 20
    while frail.line.away:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert spent(frail, 6) in (3, 4)  # whether Redis was told of the one that was given out meanwhile or not


def test_fault_F17_a_frozen_redis_slows_five_requests_at_most(frail: World, server: OwnRedis) -> None:
    frail.call("balance")
    server.pause()
    waited: list[int] = []

    def ask(number: int) -> None:
        def question(redis: Redis) -> object:
            waited.append(number)  # from here on it waits for Redis
            return redis.get("x")

        with suppress(Away):
            frail.line.ask(question)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(60)))
        list(pool.map(ask, range(60)))  # by now it is known to be away
    assert 0 < len(waited) <= 5
    server.resume()


def test_a_read_only_redis_counts_as_away(server: OwnRedis) -> None:
    (line,) = lines(server, 1)
    line.ask(lambda redis: redis.replicaof("127.0.0.1", 1))
    with pytest.raises(Away):
        line.ask(lambda redis: redis.set("a", "b"))
    assert line.away
    line.client.replicaof("NO", "ONE")
    until = time.monotonic() + 20
    while line.away:
        assert time.monotonic() < until
        time.sleep(0.05)
    line.close()


def test_a_fresh_answer_spares_the_department(world: World) -> None:
    first = world.call("fresh", year=2024)
    order = world.order("fresh", year=2024)
    again = world.gateway.call(order)
    assert again.fields == first.fields and again.at == first.at and not again.stale
    assert len(world.offices["alpha"].seen) == 1
    (record,) = world.records(order.trace)
    assert record.cached and not record.stale and record.request_out_at is None
    world.call("fresh", year=2025)
    world.call("fresh", BERT, year=2024)
    assert len(world.offices["alpha"].seen) == 3


def test_another_worker_finds_it_in_redis(world: World) -> None:
    world.call("fresh")
    world.gateway._kept.flush()
    world.gateway._kept._here.clear()
    world.call("fresh")
    assert len(world.offices["alpha"].seen) == 1


@pytest.mark.parametrize("trouble", ["unavailable", "unknown", "garbage", "busy", "open"])
def test_an_older_answer_stands_in_marked_stale(world: World, trouble: str) -> None:
    world.call("kept")
    office = world.offices["alpha"]
    if trouble == "garbage":
        office.answer = lambda _: b"<html>"
    elif trouble == "busy":
        for _ in range(4):
            world.gateway._bulkhead.enter("alpha", 4)
    else:
        office.says(error="unknown" if trouble == "open" else trouble)
    for _ in range(6 if trouble == "open" else 1):
        order = world.order("kept")
        answer = world.gateway.call(order)
        assert answer.stale and answer.fields["balance_fen"] == 1250
    (record,) = world.records(order.trace)
    assert record.stale and record.outcome != "OK" and record.origin == "department:alpha"


@pytest.mark.parametrize("trouble", ["denied", "rejected", "mismatch"])
def test_no_older_answer_hides_a_no_or_an_alarm(world: World, trouble: str) -> None:
    world.call("kept")
    if trouble == "mismatch":
        world.offices["alpha"].says(id_number=PEOPLE["c-bert"].id_number, balance_fen=1)
    else:
        world.offices["alpha"].says(error=trouble)
    with pytest.raises(Problem):
        world.call("kept")


def test_an_answer_that_is_too_old_is_not_shown(world: World) -> None:
    world.call("kept")
    world.offices["alpha"].says(error="unavailable")
    order = world.order("kept")
    with pytest.raises(Problem):
        world.gateway.call(replace(order, service=replace(order.service, stale_s=0)))
    time.sleep(1.05)
    with pytest.raises(Problem):
        world.gateway.call(replace(order, service=replace(order.service, stale_s=1)))


def test_no_personal_value_in_redis(frail: World, server: OwnRedis) -> None:
    for caller in (ANNA, BERT):
        frail.call("fresh", caller, year=2024)
        frail.call("limited", caller)
    shared = SharedStore(frail.line, Crypto({"k": os.urandom(32)}, SUITE)).for_system("alpha")
    shared.put("cookie of 360423199001011234", b"SESSION=360423199001011234", 60)
    frail.gateway._budget.tell()  # otherwise done in the background
    keys = frail.line.client.keys("*")
    dump = b"".join(keys + [frail.line.client.dump(key) or b"" for key in keys])
    assert len(keys) >= 5
    for person in PEOPLE.values():
        assert person.id_number.encode() not in dump and person.name.encode() not in dump
    assert b"c-anna" not in dump and b"SESSION" not in dump and b"1250" not in dump


def test_forgotten_at_logout(world: World) -> None:
    world.call("kept")
    world.call("kept", BERT)
    world.gateway.forget("c-anna")
    world.offices["alpha"].says(error="unavailable")
    with pytest.raises(Problem):
        world.call("kept")
    assert world.call("kept", BERT).stale


def test_kept_answers_of_one_person_are_few(world: World) -> None:
    for year in range(1990, 2025):
        world.call("fresh", year=year)
    assert len(world.gateway._kept._here) <= 8


def stores(server: OwnRedis, number: int = 2) -> list[SharedStore]:
    """As in so many workers: one Redis, one key ring."""
    crypto = Crypto({"k": os.urandom(32)}, SUITE)
    return [SharedStore(line, crypto) for line in lines(server, number)]


def test_shared_between_workers_sealed_and_apart_by_system(server: OwnRedis) -> None:
    one, other = stores(server)
    one.for_system("wechat").put("token", b"t-1", 60)
    assert other.for_system("wechat").get("token") == b"t-1"
    assert other.for_system("alpha").get("token") is None
    other.for_system("wechat").delete("token")
    assert one.for_system("wechat").get("token") is None
    one.for_system("wechat").put("short", b"x", 0.05)
    time.sleep(0.1)
    assert one.for_system("wechat").get("short") is None


def test_shared_without_redis_stays_in_the_process(server: OwnRedis) -> None:
    one, other = stores(server)
    one.for_system("a").put("k", b"v", 60)
    server.kill()
    assert one.for_system("a").get("k") == b"v"
    assert other.for_system("a").get("k") is None
    one.for_system("a").put("k", b"w", 60)
    assert one.for_system("a").get("k") == b"w"


@pytest.mark.parametrize("redis_up", [True, False])
def test_lock_admits_one_thread_at_a_time(server: OwnRedis, redis_up: bool) -> None:
    both = stores(server)
    workers = both if redis_up else both[:1]
    if not redis_up:
        server.kill()
    inside, most, done = [0], [0], [0]
    guard = threading.Lock()

    def work(number: int) -> None:
        with workers[number % len(workers)].for_system("a").lock("login", time.monotonic() + 20):
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            with guard:
                inside[0] -= 1
                done[0] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1 and done[0] == 20
    assert not any(worker._locks for worker in workers)


def test_lock_is_refused_at_the_deadline(server: OwnRedis) -> None:
    one, other = stores(server)
    with one.for_system("a").lock("login", time.monotonic() + 30):
        for store in (one, other):
            started = time.monotonic()
            with pytest.raises(Unavailable), store.for_system("a").lock("login", started + 0.3):
                pass
            assert time.monotonic() - started < 8
        with other.for_system("a").lock("another", time.monotonic() + 10):
            pass
    with other.for_system("a").lock("login", time.monotonic() + 10):
        pass


def test_lock_of_a_killed_worker_runs_out(server: OwnRedis) -> None:
    one, other = stores(server)
    name = one.for_system("a")._name("login") + ":lock"
    one.line.ask(lambda redis: redis.set(name, b"of a dead one", px=200))
    with other.for_system("a").lock("login", time.monotonic() + 20):
        pass


def test_lock_that_ran_out_is_not_taken_from_the_next(server: OwnRedis) -> None:
    one, other = stores(server)
    name = one.for_system("a")._name("login") + ":lock"
    with one.for_system("a").lock("login", time.monotonic() + 5):
        one.line.ask(lambda redis: redis.set(name, b"the next one's", px=5000))
    assert other.line.ask(lambda redis: redis.get(name)) == b"the next one's"

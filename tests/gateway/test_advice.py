"""Two workers and one system: what one finds out the other may use, and need not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.gateway.batch import Batch
from hub.gateway.breaker import Permit, State, Verdict
from hub.gateway.condition import Condition, Conditions
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.watch import Watch
from tests.gateway.servers import OwnRedis, own_redis
from tests.gateway.test_condition import Turned
from tests.phone import eventually


class Worker:
    """One worker's watch over the system `a`, which answers `verdict`."""

    def __init__(self, url: str, clock: Turned) -> None:
        conditions = Conditions(clock)
        self.clock, self.line, self.batch = clock, RedisLine(connect(url)), Batch()
        self.watch = Watch(conditions, self.batch, lambda _: True, self._probe, lambda: None, self.line)
        self.condition = conditions.of("a")
        self.verdict, self.probes = Verdict.GOOD, 0

    @property
    def state(self) -> State:
        return self.condition.breaker_state

    def reads(self, verdict: Verdict, times: int) -> None:
        for _ in range(times):
            permit = self.condition.admit(read=True)
            assert permit is not None
            self.condition.settle(permit, verdict, 0.01)

    def flaps(self, times: int) -> None:
        """Opens and is well again so many times, then opens once more: it must wait its whole time now."""
        for _ in range(times):
            self.reads(Verdict.BAD, 5)
            self.clock.seconds += 120
            self.reads(Verdict.GOOD, 3)
        self.reads(Verdict.BAD, 5)

    def becomes(self, state: State) -> bool:
        """Whatever its watch can do about it; the clock stands still."""

        def look() -> bool:
            self.watch.look()
            return self.state is state

        return eventually(look, 30)

    def looks(self) -> None:
        for _ in range(5):
            self.watch.look()

    def _probe(self, condition: Condition, permit: Permit) -> None:
        self.probes += 1
        condition.settle(permit, self.verdict, 0.01)
        if self.verdict is Verdict.GOOD:
            condition.probe_again_soon()

    def close(self) -> None:
        self.batch.close()
        self.line.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnRedis]:
    with own_redis(tmp_path) as running:
        yield running


@pytest.fixture
def workers(server: OwnRedis) -> Iterator[tuple[Worker, Worker]]:
    """Both have seen the system come and go; the second must wait for two minutes, the first no longer."""
    clock = Turned()
    one, other = Worker(server.url, clock), Worker(server.url, clock)
    one.flaps(4)
    clock.seconds += 121
    other.flaps(4)
    clock.seconds += 1
    one.looks()
    other.looks()
    assert one.state is other.state is State.OPEN
    assert one.probes == other.probes == 0, "a system that flaps waits its full time"
    yield one, other
    one.close()
    other.close()


def test_fault_F9_a_worker_that_finds_a_system_well_tells_the_others(workers: tuple[Worker, Worker]) -> None:
    one, other = workers
    one.reads(Verdict.GOOD, 3)
    one.watch.look()
    assert other.becomes(State.CLOSED)
    assert other.probes == 3, "it closes by its own probes"


def test_a_word_is_advice_and_the_own_probe_decides(workers: tuple[Worker, Worker]) -> None:
    one, other = workers
    other.verdict = Verdict.BAD
    one.reads(Verdict.GOOD, 3)
    one.watch.look()
    assert eventually(lambda: other.watch.look() or other.probes == 1, 30)  # type: ignore[func-returns-value]
    other.looks()
    assert (other.state, other.probes) == (State.OPEN, 1)


def test_a_word_from_before_the_system_failed_is_no_news(workers: tuple[Worker, Worker]) -> None:
    one, other = workers
    one.reads(Verdict.GOOD, 3)
    one.watch.look()
    assert other.becomes(State.CLOSED)
    other.watch.look()
    probes = other.probes
    other.reads(Verdict.BAD, 5)
    other.looks()
    assert (other.state, other.probes) == (State.OPEN, probes)
    one.looks()
    other.looks()
    assert (other.state, other.probes) == (State.OPEN, probes)


def test_fault_F16_with_redis_gone_each_worker_finds_out_for_itself(
    workers: tuple[Worker, Worker], server: OwnRedis
) -> None:
    one, other = workers
    server.kill()
    one.reads(Verdict.GOOD, 3)
    one.looks()
    other.looks()
    assert (one.state, other.state, other.probes) == (State.CLOSED, State.OPEN, 0)
    other.clock.seconds += 120
    other.reads(Verdict.GOOD, 3)
    assert other.state is State.CLOSED

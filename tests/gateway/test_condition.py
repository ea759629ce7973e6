"""A system's condition over minutes, with a clock that a test turns."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.clock import CHINA, Clock
from hub.gateway.breaker import State, Verdict
from hub.gateway.condition import Condition
from hub.gateway.window import Window


class Turned(Clock):
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=CHINA) + timedelta(seconds=self.seconds)


class Department:
    """What a system answers at each moment, and how often it was asked."""

    def __init__(self) -> None:
        self.clock = Turned()
        self.condition = Condition("a", self.clock)
        self.asked = 0

    def read(self, verdict: Verdict) -> bool:
        permit = self.condition.admit(read=True)
        if permit is None:
            return False
        self.asked += 1
        self.condition.settle(permit, verdict, 0.01)
        return True

    def watch(self, verdict: Verdict) -> None:
        """What the background does once a second."""
        permit = self.condition.due_for_probe()
        if permit is not None:
            self.asked += 1
            self.condition.settle(permit, verdict, 0.01)
            if verdict is Verdict.GOOD:
                self.condition.probe_again_soon()


def test_fault_F8_a_minute_of_errors_costs_few_calls_and_ends_soon() -> None:
    """At most 5 calls and one probe each 10 s; back within 15 s of healing."""
    department = Department()
    while department.clock.seconds < 60:
        department.read(Verdict.BAD)
        department.watch(Verdict.BAD)
        department.clock.seconds += 0.2
    assert department.asked <= 5 + 60 / 10 + 1
    while department.condition.breaker_state is not State.CLOSED:
        department.watch(Verdict.GOOD)
        department.clock.seconds += 1
        assert department.clock.seconds <= 75


def test_health_forgets_after_a_quarter_of_an_hour() -> None:
    department = Department()
    department.read(Verdict.GOOD)
    assert department.condition.health(0, off=False).state == "works"
    department.clock.seconds = 901
    assert department.condition.health(0, off=False).state == "contacted_unproven"
    assert department.condition.health(0, off=True).state == "off"


def test_second_tries_are_one_in_ten_of_the_last_minute() -> None:
    department = Department()
    for _ in range(30):
        department.read(Verdict.GOOD)
    assert [department.condition.may_retry() for _ in range(5)] == [True, True, True, False, False]
    department.clock.seconds = 61
    assert not department.condition.may_retry()


def test_window_counts_only_the_last_seconds() -> None:
    window = Window(60)
    for second in range(120):
        window.add(float(second), marked=second % 2 == 0)
    assert window.count(119.5) == (60, 30)
    assert window.count(500.0) == (0, 0)

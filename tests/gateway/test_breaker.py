"""The breaker's decisions, with the time as an argument."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.gateway.breaker import Breaker, Permit, Rules, State, Verdict

SEQUENCES = json.loads(Path(__file__).with_name("sequences.json").read_text(encoding="utf-8"))["sequences"]
GOOD, BAD, NEUTRAL = Verdict.GOOD, Verdict.BAD, Verdict.NEUTRAL


def admitted(breaker: Breaker, now: float) -> Permit:
    permit = breaker.admit(now)
    assert permit is not None
    return permit


def call(breaker: Breaker, now: float, verdict: Verdict) -> bool:
    """One call that takes no time; True when it was let through."""
    permit = breaker.admit(now)
    if permit is None:
        return False
    breaker.settle(permit, verdict, now)
    return True


def opened(now: float = 0.0, rules: Rules | None = None) -> Breaker:
    breaker = Breaker(rules)
    for _ in range(breaker.rules.consecutive):
        call(breaker, now, BAD)
    assert breaker.state is State.OPEN
    return breaker


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda sequence: sequence["name"])
def test_states_of_the_reference_sequences(sequence: dict[str, Any]) -> None:
    reset = sequence["reset_timeout_s"]
    rules = Rules(
        minimum_calls=1, consecutive=sequence["fail_max"], share=2.0, open_s=reset, open_max_s=reset,
        good_probes=sequence["success_threshold"],
    )
    breaker, now = Breaker(rules), 0.0
    for step, outcome, state in sequence["trace"]:
        if step.startswith("wait:"):
            now += float(step.removeprefix("wait:"))
        else:
            through = call(breaker, now, GOOD if step == "ok" else BAD)
            assert through == outcome.startswith("called"), (step, outcome)
        assert breaker.state == state, (step, outcome)


def test_four_failures_of_four_do_not_open_it() -> None:
    breaker = Breaker()
    for _ in range(4):
        call(breaker, 0.0, BAD)
    assert breaker.state is State.CLOSED


def test_opens_after_five_in_a_row_however_slowly_they_come() -> None:
    breaker = Breaker()
    for minute in range(5):
        call(breaker, minute * 90.0, BAD)
    assert breaker.state is State.OPEN


def test_opens_at_half_of_the_last_minute() -> None:
    breaker = Breaker()
    for verdict in (BAD, GOOD, BAD, GOOD):
        call(breaker, 1.0, verdict)
    assert breaker.state is State.CLOSED
    call(breaker, 1.0, BAD)
    assert breaker.state is State.OPEN


def test_older_than_a_minute_does_not_count() -> None:
    breaker = Breaker()
    for verdict in (BAD, BAD, GOOD):
        call(breaker, 0.0, verdict)
    for verdict in (GOOD, GOOD, BAD, BAD):
        call(breaker, 61.0, verdict)
    assert breaker.state is State.CLOSED


def test_a_correct_no_does_not_count() -> None:
    breaker = Breaker()
    for _ in range(50):
        call(breaker, 0.0, NEUTRAL)
    assert breaker.state is State.CLOSED
    for _ in range(4):
        call(breaker, 0.0, BAD)
        call(breaker, 0.0, NEUTRAL)
    assert breaker.state is State.CLOSED


def test_open_time_doubles_up_to_two_minutes() -> None:
    breaker, now, waits = opened(), 0.0, []
    for _ in range(7):
        waits.append(breaker.retry_after(now))
        now += waits[-1]
        assert call(breaker, now, BAD)
    assert waits == [10, 20, 40, 80, 120, 120, 120]


def test_one_probe_at_a_time_and_three_good_ones_close() -> None:
    breaker = opened()
    first = admitted(breaker, 10.0)
    assert breaker.admit(10.0) is None
    breaker.settle(first, GOOD, 10.1)
    assert breaker.state is State.HALF_OPEN
    assert call(breaker, 10.2, GOOD) and breaker.state is State.HALF_OPEN
    assert call(breaker, 10.3, GOOD) and breaker.state is State.CLOSED


def test_a_write_is_never_the_probe() -> None:
    breaker = opened()
    assert breaker.admit(10.0, read=False) is None
    assert breaker.admit(10.0, read=True) is not None


def test_back_off_is_kept_until_ten_minutes_closed() -> None:
    def after(closed_for: float) -> int:
        breaker = opened()
        for _ in range(3):
            call(breaker, 10.0, GOOD)
        for _ in range(5):
            call(breaker, 10.0 + closed_for, BAD)
        return breaker.retry_after(10.0 + closed_for)

    assert after(599.0) == 20
    assert after(600.0) == 10


def test_reopening_doubles_even_long_after_the_last_close() -> None:
    breaker = opened()
    for _ in range(3):
        call(breaker, 10.0, GOOD)
    for _ in range(5):
        call(breaker, 2000.0, BAD)
    call(breaker, 2010.0, BAD)
    assert breaker.retry_after(2010.0) == 20


def test_a_late_answer_of_an_earlier_time_changes_nothing() -> None:
    breaker = Breaker()
    slow = [admitted(breaker, 0.0) for _ in range(3)]
    for _ in range(5):
        call(breaker, 1.0, BAD)
    probe = admitted(breaker, 11.0)
    for permit in slow:
        breaker.settle(permit, BAD, 12.0)
    assert breaker.state is State.HALF_OPEN
    breaker.settle(probe, GOOD, 13.0)
    assert breaker.state is State.HALF_OPEN


def test_a_probe_that_never_took_place_leaves_room_for_the_next() -> None:
    breaker = opened()
    breaker.cancel(admitted(breaker, 10.0))
    assert breaker.admit(10.0) is not None


def test_a_background_probe_ends_the_first_open_time_early() -> None:
    breaker = opened()
    permit = breaker.admit_early()
    assert permit is not None and breaker.admit_early() is None
    breaker.settle(permit, BAD, 2.0)
    assert breaker.state is State.OPEN and breaker.retry_after(2.0) == 8
    permit = breaker.admit_early()
    assert permit is not None
    breaker.settle(permit, GOOD, 4.0)
    assert breaker.state is State.HALF_OPEN


def test_no_early_probe_for_a_system_that_flaps() -> None:
    breaker = opened()
    for reopened in range(1, 5):
        early = breaker.admit_early()
        assert early is not None
        breaker.cancel(early)
        for _ in range(3):
            call(breaker, 1000.0 * reopened, GOOD)  # long after its open time; it closes, and opens again soon
        for _ in range(5):
            call(breaker, 1000.0 * reopened + 20, BAD)
    assert breaker.state is State.OPEN and breaker.admit_early() is None


def test_fault_F9_flapping_settles_down() -> None:
    """10 s up, 10 s down, five calls a second, for ten minutes."""
    breaker, changes, was_closed = Breaker(), [], True
    for tick in range(10 * 60 * 5):
        now = tick / 5
        verdict = BAD if int(now) // 10 % 2 else GOOD
        call(breaker, now, verdict)
        if tick % 5 == 0 and (early := breaker.admit_early()):
            breaker.settle(early, verdict, now)
        if (breaker.state is State.CLOSED) != was_closed:
            was_closed = not was_closed
            changes.append(now)
    assert len(changes) <= 12
    assert all(sum(start <= at < start + 60 for at in changes) <= 1 for start in range(180, 541))

"""Shifting between two providers, as sequences of a minute each (reliability.md, section 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.messages.shares import Fared, Share, at_rest, chosen, shifted

T = datetime(2026, 1, 5, 9, tzinfo=UTC)
WELL = Fared(sends=100, taken=1500)
FAILING = Fared(sends=100, errors=51, taken=1500)
SLOW = Fared(sends=100, taken=1000, slow=150)
QUIET_OUT = Fared(sends=3, errors=3, breaker_open=True)


def sequence(*minutes: tuple[float, Fared, Fared], points: tuple[int, int] = (50, 50)) -> list[tuple[int, str]]:
    """A's points and the reason after each moment (in minutes), when it fares so and B so."""
    found, last = [], T - timedelta(days=1)
    for minute, a, b in minutes:
        now = T + timedelta(minutes=minute)
        shares = {"a": Share(points[0], 50), "b": Share(points[1], 50)}
        told, reason = shifted(shares, {"a": a, "b": b}, last, now)
        points = told["a"], told["b"]
        last = now if reason else last
        assert sum(points) == 100
        found.append((points[0], reason))
    return found


def test_fault_F33_on_errors_ten_points_and_a_minute_between_two() -> None:
    assert sequence((0, FAILING, WELL), (0.5, FAILING, WELL), (1, FAILING, WELL), (2, WELL, WELL)) == [
        (40, "errors"), (40, ""), (30, "errors"), (30, ""),
    ]  # fmt: skip


def test_fault_F33_fifty_errors_are_borne_and_one_more_is_not() -> None:
    assert sequence((0, Fared(sends=100, errors=50), WELL)) == [(50, "")]
    assert sequence((0, Fared(sends=100, errors=51), WELL)) == [(40, "errors")]


def test_fault_F33_on_slowness_five_minutes_between_two() -> None:
    assert sequence((0, SLOW, WELL), (1, SLOW, WELL), (4.9, SLOW, WELL), (5, SLOW, WELL)) == [
        (40, "slow"), (40, ""), (40, ""), (30, "slow"),
    ]  # fmt: skip
    assert sequence((0, Fared(sends=100, taken=1000, slow=149), WELL)) == [(50, "")]


def test_fault_F33_at_low_volume_the_breaker_decides() -> None:
    assert sequence((0, QUIET_OUT, WELL), (1, Fared(breaker_open=True), WELL)) == [(40, "errors"), (30, "errors")]
    assert sequence((0, Fared(sends=49, errors=49), WELL)) == [(50, "")]
    assert sequence((0, Fared(sends=60, errors=40, breaker_open=True), WELL)) == [(50, "")], "there are enough to count"


@pytest.mark.parametrize(("a", "b"), [(FAILING, FAILING), (SLOW, FAILING), (QUIET_OUT, SLOW)])
def test_fault_F33_both_bad_hold(a: Fared, b: Fared) -> None:
    assert sequence((0, a, b), (10, a, b), (60, a, b)) == [(50, "")] * 3


def test_fault_F33_back_to_rest_by_ten_after_fifteen_quiet_minutes_each() -> None:
    quiet = [(minute, WELL, WELL) for minute in (14, 15, 29, 30, 60, 90)]
    assert sequence((0, FAILING, WELL), *quiet)[1:] == [
        (40, ""), (50, "back"), (50, ""), (50, ""), (50, ""), (50, ""),
    ]  # fmt: skip
    assert sequence((0, WELL, WELL), (15, WELL, WELL), (30, WELL, WELL), points=(27, 73)) == [
        (37, "back"), (47, "back"), (50, "back"),
    ]  # fmt: skip


def test_nobody_has_less_than_nothing() -> None:
    long = sequence(*((minute, FAILING, WELL) for minute in range(8)))
    assert [points for points, _ in long] == [40, 30, 20, 10, 0, 0, 0, 0]


def test_one_provider_alone_is_not_shifted() -> None:
    assert shifted({"a": Share(100, 100)}, {"a": FAILING}, T - timedelta(days=1), T) == ({"a": 100}, "")
    assert shifted({}, {}, T, T) == ({}, "")


def test_a_provider_is_chosen_by_its_share() -> None:
    points = {"a": 30, "b": 70}
    assert [chosen(points, luck) for luck in (0.0, 0.299, 0.3, 0.999)] == ["a", "a", "b", "b"]
    assert chosen(points, 0.1, {"a"}) == "b" and chosen(points, 0.1, {"a", "b"}) == ""
    assert chosen({"a": 0, "b": 100}, 0.0) == "b" and chosen({"a": 0, "b": 100}, 0.9, {"b"}) == "a"


def test_shares_at_rest_are_a_hundred_points() -> None:
    assert at_rest({"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert at_rest({}) == {} and at_rest({"a": 50, "b": 50}) == {"a": 50, "b": 50}

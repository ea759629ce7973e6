"""What a switch means for one citizen at one moment (features.md M1, M2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, strategies

from hub.clock import CHINA
from hub.settings.shapes import Maintenance, Rollout, Switch
from hub.switches.rules import OPEN, State, chosen, covers, lot, state

NOON = datetime(2026, 3, 1, 12, tzinfo=CHINA)
NOTICE = {"zh": "系统升级", "en": "Upgrade"}
WINDOW = Maintenance(NOON, NOON + timedelta(hours=2), {"zh": "今日维护", "en": "Maintenance today"})
CITIZENS = [f"c-{number}" for number in range(2000)]


def test_an_ordinary_switch_is_open() -> None:
    assert state(Switch(), NOON) is OPEN
    assert state(Switch(notice=NOTICE), NOON) == State("open", NOTICE)


def test_off_is_told_with_its_notice() -> None:
    assert state(Switch(enabled=False, notice=NOTICE), NOON) == State("closed", NOTICE, 300)


@pytest.mark.parametrize(
    ("seconds", "status", "wait"),
    [(-1, "open", None), (0, "maintenance", 7201), (7199, "maintenance", 2), (7200, "open", None)],
)
def test_feat_M1_a_window_is_announced_and_ends_by_itself(seconds: int, status: str, wait: int | None) -> None:
    found = state(Switch(maintenance=WINDOW), NOON + timedelta(seconds=seconds))
    assert (found.status, found.retry_after) == (status, wait)
    assert bool(found.notice) == (seconds < 7200), "announced before and during, gone afterwards"


def test_a_window_without_a_notice_tells_its_times() -> None:
    notice = state(Switch(maintenance=replace(WINDOW, notice={})), NOON - timedelta(days=1)).notice
    assert "2026-03-01 12:00 至 2026-03-01 14:00" in notice["zh"] and "2026-03-01 12:00" in notice["en"]


def test_both_notices_are_shown_before_a_window() -> None:
    found = state(Switch(notice={"zh": "新版上线。"}, maintenance=WINDOW), NOON - timedelta(days=1))
    assert found.notice == {"zh": "新版上线。今日维护", "en": "新版上线。 Maintenance today"}


def test_off_wins_over_a_window() -> None:
    assert state(Switch(enabled=False, maintenance=WINDOW), NOON).status == "closed"


def test_feat_M2_the_same_person_always_gets_the_same_answer_and_more_percent_shuts_nobody_out() -> None:
    before: set[str] = set()
    for percent in (0, 1, 10, 25, 50, 99, 100):
        switch = Switch(rollout=Rollout(percent), draw="service:a")
        inside = {citizen for citizen in CITIZENS if chosen(switch, citizen, "")}
        assert inside == {citizen for citizen in CITIZENS if state(switch, NOON, citizen).status == "open"}
        assert before <= inside
        assert abs(len(inside) - percent * 20) <= 60
        before = inside
    assert len(before) == len(CITIZENS)


def test_feat_M2_each_service_draws_anew() -> None:
    first = {citizen for citizen in CITIZENS if lot("service:a", citizen) < 10}
    second = {citizen for citizen in CITIZENS if lot("service:b", citizen) < 10}
    assert len(first & second) < len(first) / 2


def test_the_draw_is_the_same_in_every_release() -> None:
    assert [lot("service:balance", citizen) for citizen in ("c-1", "c-2", "张三")] == [10, 70, 14]


def test_who_is_not_signed_in_is_not_chosen_by_lot() -> None:
    assert state(Switch(rollout=Rollout(99), draw="x"), NOON).status == "limited"


def test_a_list_and_regions_let_in_besides_the_percent() -> None:
    switch = Switch(rollout=Rollout(0, ("360423100",), ("c-7",)), notice=NOTICE)
    assert state(switch, NOON, "c-7").status == "open"
    assert state(switch, NOON, "c-8", "360423100").status == "open"
    assert state(switch, NOON, "c-8", "360423100201").status == "open"
    assert state(switch, NOON, "c-8", "360423101") == State("limited", NOTICE, 3600)


@pytest.mark.parametrize(
    ("area", "region", "inside"),
    [
        ("360000", "360423", True),
        ("360400", "360423100", True),
        ("360400", "360523", False),
        ("360423", "360423", True),
        ("360423", "360400", False),
        ("360423100", "360423", False),
        ("360423100000", "360423100", True),
        ("360423100", "360423100201", True),
        ("360423", "", False),
        ("", "360423", False),
        ("000000", "360423", False),
        ("360010", "360010", True),
    ],
)
def test_an_area_covers_what_lies_in_it(area: str, region: str, inside: bool) -> None:
    assert covers(area, region) is inside


@given(strategies.text(max_size=20), strategies.text(max_size=20))
def test_any_codes_are_compared(area: str, region: str) -> None:
    assert covers(area, region) in (True, False)

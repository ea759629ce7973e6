"""X10: what a full or late worker refuses first, and when it lets everybody in again. No time decides here."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from blueprints import peak
from blueprints.app import create_app
from blueprints.peak import CROWD, ESSENTIAL, FIRST, ORDINARY, Peak, order
from hub.main import Hub
from hub.settings.shapes import Hub as Terms
from hub.settings.shapes import Peak as Said
from tests.door.served import snapshot
from tests.door.wire import serving

CODE, LIST, HISTORY = "/api/v1/health-code", "/api/v1/services", "/api/v1/health-code/history"
ALL = (CODE, LIST, HISTORY)
SECOND = "7f"


def terms(most: int = 100, mode: str = "auto") -> Terms:
    return replace(snapshot().hub, max_in_flight=most, peak=Said(mode))


def filled(number: int, room: float = float("inf"), waiting: int = 0) -> Peak:
    """A worker with so many inside, of whom some wait for a department."""
    full = Peak(lambda: waiting)
    full._inside, full.room = number, room
    full._watch = lambda _: None  # type: ignore[method-assign]
    return full


def let_in(worker: Peak, terms: Terms) -> list[str]:
    found = []
    for path in ALL:
        if not worker.enter(path, terms, SECOND):
            worker.leave()
            found.append(path)
    return found


def late(worker: Peak, seconds: float, times: int) -> None:
    for _ in range(times):
        worker.felt(seconds, 0.02, 100)


def test_feat_X10_history_goes_first_codes_last() -> None:
    assert let_in(filled(49), terms()) == [CODE, LIST, HISTORY]
    assert let_in(filled(50), terms()) == [CODE, LIST]
    assert let_in(filled(100), terms()) == [CODE]
    assert let_in(filled(112), terms()) == [], "threads end somewhere"
    assert let_in(filled(112), terms(mode="never")) == [] and let_in(filled(99), terms(mode="never")) == list(ALL)
    assert let_in(filled(0), terms(mode="always")) == [CODE, LIST]


def test_feat_X10_a_late_worker_has_less_room_and_more_again_when_it_is_not() -> None:
    worker = filled(60)
    late(worker, 0.05, 3)
    assert worker.room == 48 and let_in(worker, terms()) == [CODE]
    late(worker, 0.5, 1), late(worker, 0.5, 1)
    assert worker.room < 30, "very late: half of it"
    late(worker, 0.05, 50)
    assert worker.room == 12, "some work goes on"
    late(worker, 0.001, 30)
    assert 20 < worker.room < 60
    late(worker, 0.001, 120)
    assert let_in(worker, terms()) == [CODE, LIST] and worker.room == float("inf"), "150 looks, each of 20 ms"


def test_feat_X10_who_waits_for_a_department_takes_no_room() -> None:
    assert let_in(filled(40, room=12), terms()) == [CODE]
    assert let_in(filled(40, room=12, waiting=29), terms()) == [CODE, LIST]
    assert let_in(filled(40, room=12, waiting=80), terms()) == [CODE, LIST, HISTORY]


def test_feat_X10_one_long_pause_of_the_machine_is_no_peak() -> None:
    worker = filled(60)
    for seconds in (0.001, 2.5, 0.001, 0.001, 0.9, 0.001):
        worker.felt(seconds, 0.02, 100)
        assert worker.room == float("inf")


def test_feat_X10_few_inside_are_never_refused_however_late_it_is() -> None:
    worker = filled(CROWD - 1, room=1)
    assert let_in(worker, terms()) == list(ALL)


def test_feat_X10_who_is_sent_away_is_told_when_and_not_all_the_same() -> None:
    worker = filled(150, room=12)
    told = {path: {worker.enter(path, terms(), f"{chance:02x}") for chance in range(256)} for path in ALL}
    assert (min(told[CODE]), max(told[CODE])) == (1, 2)
    assert (min(told[LIST]), max(told[LIST])) == (2, 8)
    assert (min(told[HISTORY]), max(told[HISTORY])) == (30, 60)


def test_feat_X10_a_real_thread_feels_that_the_interpreter_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, ended = Peak(lambda: 0), threading.Event()
    seen: list[float] = []
    monkeypatch.setattr(worker, "felt", lambda late, *_: (seen.append(late), len(seen) < 20 or ended.set()))
    monkeypatch.setattr(peak, "_QUIET_S", 0.0)
    worker._inside, worker.room = CROWD, 50
    worker.enter(CODE, terms(), SECOND)
    assert ended.wait(30) and worker._pulse is not None
    worker._inside, worker.room = 0, float("inf")
    worker._pulse.join(30)
    assert not worker._pulse.is_alive(), "without a crowd nobody looks"


def test_feat_X10_a_refusal_says_so_in_words_and_seconds() -> None:
    with serving("tests.door.served:app", threads=4, TEST_PEAK="always") as server:
        assert server.get("/api/v1/me").status == 200
        told = server.get("/docs")
        assert (told.status, told.code, told.body["action"]) == (503, "OVERLOADED", "wait")
        assert 30 <= int(told.headers["retry-after"]) == told.body["retry_after"] <= 60


def test_feat_X10_every_route_named_is_a_route_of_the_hub(hub: Hub) -> None:
    rules = [rule.rule for rule in create_app(hub).url_map.iter_rules()]
    for path in (*peak._ESSENTIAL, *peak._FIRST):
        assert path in rules, path
    for begin in (peak._GATES, *peak._FIRST_UNDER):
        assert any(rule.startswith(begin) for rule in rules), begin
    for end in peak._FIRST_END:
        assert any(rule.endswith(end) for rule in rules), end
    for path in ("/", "/gate", "/ops/v1/services", "/readyz", "/api/v1/gate/scans", "/api/v1/gate/scans/batch"):
        assert order(path) == ESSENTIAL, path
    for path in ("/api/v1/flow/communities/360423001", "/api/v1/me/materials/f1/file", "/docs", HISTORY):
        assert order(path) == FIRST, path
    assert order("/api/v1/health-code/declarations") == order("/api/v1/services/x/calls") == ORDINARY

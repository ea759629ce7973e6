"""Overrides above the configuration, on every worker, with a history that stays (features.md M1, M3; fault_F30)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.settings import Settings
from hub.switches.rules import state
from hub.switches.service import Switches
from tests.settings.test_live import becomes, replace_in
from tests.switches.postgres import fresh, serving

NOTICE = {"zh": "系统升级，周五恢复。", "en": "Upgrade, back on Friday."}
WINDOW = {"from": "2099-03-01T08:00:00+08:00", "until": "2099-03-01T12:00:00+08:00", "notice": NOTICE}
OFF = {"enabled": False, "notice": NOTICE}


@pytest.fixture
def worker(settings: Settings, database: Database) -> Iterator[Switches]:
    """Another worker's."""
    worker = Switches(settings, database, Clock())
    worker.start()
    yield worker
    worker.stop()


def change(database: Database, switches: Switches, patch: dict[str, Any], target: str = "balance") -> Any:
    with database.session() as session:
        return switches.change(session, "service", target, patch, "升级", "op")


def test_feat_M1_an_override_is_in_force_on_every_worker(
    database: Database, switches: Switches, worker: Switches
) -> None:
    change(database, switches, OFF)
    assert becomes(lambda: not worker.service("balance").enabled and not switches.service("balance").enabled)
    assert worker.service("balance").notice == NOTICE
    assert worker.service("account").enabled
    change(database, switches, {"enabled": True, "notice": None})
    assert becomes(lambda: worker.service("balance").enabled and not worker.service("balance").notice)


def test_a_system_and_a_service_of_one_name_are_two(database: Database, switches: Switches) -> None:
    with database.session() as session:
        switches.change(session, "system", "housing_fund", {"enabled": False}, "x", "op")
    switches.refresh()
    assert not switches.system("housing_fund").enabled and switches.system("medical_insurance").enabled
    assert switches.service("account").enabled


def test_only_what_is_overridden_hides_the_file(database: Database, switches: Switches, config_folder: Path) -> None:
    change(database, switches, {"notice": NOTICE}, "account")
    switches.refresh()
    replace_in(config_folder / "services/account.yaml", "percent: 10", "percent: 60")
    assert becomes(lambda: switches.service("account").rollout.percent == 60)
    assert switches.service("account").notice == NOTICE


def test_what_equals_the_file_is_no_override(database: Database, switches: Switches) -> None:
    change(database, switches, OFF)
    switches.refresh()
    assert [(each.target, each.override) for each in switches.differences()] == [("balance", OFF)]
    change(database, switches, {"enabled": True, "notice": None})
    switches.refresh()
    assert switches.differences() == []


def test_a_difference_names_file_and_line(database: Database, switches: Switches) -> None:
    change(database, switches, {"enabled": False}, "account")
    with database.session() as session:
        switches.change(session, "system", "medical_insurance", {"enabled": False}, "x", "op")
    switches.refresh()
    assert [each.place for each in switches.differences()] == ["services/account.yaml:10", "systems.yaml:8"]


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_no_change_without_a_reason(database: Database, switches: Switches, reason: str | None) -> None:
    with pytest.raises(Problem, match="REASON_REQUIRED"), database.session() as session:
        switches.change(session, "service", "balance", OFF, reason or "", "op")
    with database.session() as session:
        assert not switches.history(session)


@pytest.mark.parametrize(
    ("patch", "faults"),
    [
        ({}, [("", "REQUIRED")]),
        ({"enable": False}, [("enable", "UNKNOWN_FIELD")]),
        ({"enabled": "no"}, [("enabled", "TYPE")]),
        ({"enabled": None}, [("enabled", "TYPE")]),
        ({"notice": {"en": "x"}}, [("notice.zh", "REQUIRED")]),
        ({"notice": {"zh": "", "en": "x"}}, [("notice.zh", "REQUIRED")]),
        ({"notice": {"zh": "x" * 2001}}, [("notice.zh", "TOO_LONG")]),
        ({"notice": 7}, [("notice", "TYPE")]),
        ({"notice": ["x"]}, [("notice", "TYPE")]),
        ({"notice": {"zh": 7}}, [("notice.zh", "TYPE")]),
        ({"rollout": {"percent": 101}}, [("rollout.percent", "RANGE")]),
        ({"rollout": {"regions": ["360423", "999999"]}}, [("rollout.regions.1", "FORMAT")]),
        ({"rollout": {"regions": ["360424"]}}, [("rollout.regions.0", "CHOICE")]),
        ({"maintenance": {**WINDOW, "from": "2099-03-01T08:00:00"}}, [("maintenance.from", "TIMEZONE_MISSING")]),
        ({"maintenance": {"from": WINDOW["from"]}}, [("maintenance.until", "REQUIRED")]),
        ({"maintenance": {**WINDOW, "until": WINDOW["from"]}}, [("maintenance.until", "RANGE_ORDER")]),
    ],
)  # fmt: skip
def test_a_wrong_patch_is_refused_field_by_field(
    database: Database, switches: Switches, patch: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(Problem) as raised, database.session() as session:
        switches.change(session, "service", "balance", patch, "x", "op")
    assert raised.value.status == 422
    assert [(fault.path, fault.code) for fault in raised.value.faults] == faults


@pytest.mark.parametrize(("kind", "target"), [("service", "nothing"), ("system", "balance"), ("system", "")])
def test_what_is_not_there_cannot_be_switched(database: Database, switches: Switches, kind: Any, target: str) -> None:
    with pytest.raises(Problem, match="NOT_FOUND"), database.session() as session:
        switches.change(session, kind, target, OFF, "x", "op")


def test_history_pages_newest_first(database: Database, switches: Switches) -> None:
    ids = [change(database, switches, {"enabled": bool(number % 2)}).id for number in range(5)]
    with database.session() as session:
        newest = switches.history(session, limit=2)
        rest = switches.history(session, "service", "balance", before=newest[-1].id)
        assert [each.id for each in (*newest, *rest)] == ids[::-1]
        assert not switches.history(session, "service", "account")
    assert (newest[0].before, newest[0].after) == (None, {"enabled": False})
    assert (newest[0].actor, newest[0].reason, newest[0].act) == ("op", "升级", "change")


def test_rollback_goes_to_before_or_after_an_entry(database: Database, switches: Switches) -> None:
    first = change(database, switches, {"enabled": False})
    change(database, switches, {"notice": NOTICE})
    change(database, switches, {"maintenance": WINDOW})

    def back(to: Any) -> Any:
        with database.session() as session:
            done = switches.rollback(session, first.id, "误操作", "op", to)
        switches.refresh()
        return done.after

    assert back("after") == {"enabled": False}
    assert not switches.service("balance").enabled and switches.service("balance").maintenance is None
    assert back("before") is None
    assert switches.service("balance").enabled
    with pytest.raises(Problem, match="NOT_FOUND"), database.session() as session:
        switches.rollback(session, 10**9, "x", "op")


def test_the_history_only_grows(database: Database, switches: Switches) -> None:
    change(database, switches, OFF)
    for act in ("DELETE FROM switches_change", "UPDATE switches_change SET actor = 'x'", "TRUNCATE switches_change"):
        with pytest.raises(DBAPIError, match="only ever added"), database.read() as connection:
            connection.execute(text(act))


def test_write_back_keeps_the_file_and_its_comments(
    database: Database, switches: Switches, worker: Switches, config_folder: Path
) -> None:
    file = config_folder / "services/account.yaml"
    replace_in(file, "  enabled: true\n", "  enabled: true  # since March\n")
    before = file.read_text(encoding="utf-8")
    change(database, switches, {**OFF, "maintenance": WINDOW}, "account")
    switches.refresh()
    ((name, text_),) = switches.export().items()
    with database.session() as session:
        done = switches.write_back(session, "service", "account", "定稿", "op")
    assert done.act == "write_back" and done.after is None
    assert name == "services/account.yaml" and file.read_text(encoding="utf-8") == text_
    lines = text_.splitlines()
    assert lines[: len(before.splitlines()) - 2] == before.splitlines()[:-2]
    assert "  enabled: false  # since March" in lines
    assert becomes(lambda: worker.differences() == [])
    assert not worker.service("account").enabled and worker.service("account").notice == NOTICE


def test_write_back_never_shows_the_old_switch_in_between(
    database: Database, switches: Switches, opened: Callable[[], Settings]
) -> None:
    """Another worker that is late in reading the file: the override ends there only once the file is in force."""
    worker = Switches(opened(), database, Clock())
    worker.start()
    change(database, switches, {"enabled": False}, "account")
    assert becomes(lambda: not worker.service("account").enabled)
    seen: set[bool] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(worker.service("account").enabled)
            time.sleep(0.0005)

    looking = threading.Thread(target=look)
    looking.start()
    with database.session() as session:
        switches.write_back(session, "service", "account", "x", "op")
    assert becomes(lambda: worker.differences() == [])
    time.sleep(0.2)
    stop.set()
    looking.join(30)
    worker.stop()
    assert seen == {False}


def test_nothing_to_write_back(database: Database, switches: Switches) -> None:
    with pytest.raises(Problem, match="STATE_CONFLICT"), database.session() as session:
        switches.write_back(session, "service", "account", "x", "op")


def test_a_write_back_that_cannot_be_written_leaves_the_override(
    database: Database, switches: Switches, config_folder: Path
) -> None:
    change(database, switches, OFF)
    (config_folder / "themes.yaml").write_text("{", encoding="utf-8")
    with pytest.raises(Problem, match="CONFIG_INVALID") as raised, database.session() as session:
        switches.write_back(session, "service", "balance", "x", "op")
    assert "themes.yaml:" in str(raised.value.notice)
    switches.refresh()
    assert not switches.service("balance").enabled


def test_a_change_that_is_committed_late_is_not_overlooked(
    database: Database, switches: Switches, worker: Switches
) -> None:
    """Workers ask for the newest id only, so ids must become visible in their order: the second change waits."""
    holding = threading.Event()

    def slowly() -> None:
        with database.session() as session:
            switches.change(session, "service", "account", {"enabled": False}, "x", "op")
            holding.set()
            time.sleep(0.7)

    first = threading.Thread(target=slowly)
    first.start()
    assert holding.wait(30)
    change(database, switches, {"enabled": False}, "balance")
    first.join(60)
    assert becomes(lambda: not worker.service("account").enabled and not worker.service("balance").enabled)


def test_many_at_once_lose_no_change(database: Database, switches: Switches, worker: Switches) -> None:
    targets = ("balance", "account", "records")

    def toggle(number: int) -> None:
        for turn in range(6):
            change(database, switches, {"enabled": turn % 2 == 1}, targets[number])

    threads = [threading.Thread(target=toggle, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.session() as session:
        assert len(switches.history(session, limit=100)) == 18
    change(database, switches, {"enabled": False})
    assert becomes(lambda: [worker.service(target).enabled for target in targets] == [False, True, True])


def test_PostgreSQL_away_the_last_known_switches_stay(
    settings: Settings
) -> None:
    """A server of its own: after a crash the one with all the tests' databases would be long in coming back."""
    with serving() as server, fresh(server) as database:
        switches = Switches(settings, database, Clock())
        switches.start()
        change(database, switches, OFF)
        switches.refresh()
        os.kill(server.mark.pid, signal.SIGQUIT)  # ends at once, as in a crash
        assert becomes(lambda: not server.mark.members(), 30)
        time.sleep(1.0)
        assert not switches.service("balance").enabled
        with pytest.raises(Problem, match="STORE_UNAVAILABLE"):
            switches.refresh()
        late = Switches(settings, database, Clock())
        late.start()
        assert late.service("balance").enabled, "a worker that starts blind has the configuration"
        server.start()
        assert becomes(lambda: not late.service("balance").enabled, 30)
        late.stop()
        switches.stop()


def test_a_look_costs_no_lock_and_no_query(switches: Switches) -> None:
    switches._building.acquire()
    try:
        assert state(switches.service("balance"), Clock().now()).status == "open"
        assert switches.system("housing_fund").enabled
    finally:
        switches._building.release()


def test_unknown_ids_are_open(switches: Switches) -> None:
    """Items of the catalogue that run on nothing have no switch of their own."""
    assert switches.service("imported-item").enabled

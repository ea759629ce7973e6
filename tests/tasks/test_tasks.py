"""Offices confirm or ask back, and silence has consequences (X3); what each was given is counted (X21)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.settings.shapes import TaskKind
from hub.tasks import rules
from hub.tasks.service import TaskMoved, Tasks
from hub.workdays import Wait, Workdays

KIND = TaskKind("site-check", {"zh": "核实"}, {"in_order": {"zh": "属实"}}, Wait(1), Wait(2), per_week=3)
QUICK = TaskKind("contact", {"zh": "联系"}, {"told": {"zh": "已告知"}}, Wait(minutes=60), Wait(minutes=120))
VILLAGE, TOWN, COUNTY = "360423001005", "360423001", "360423"


@dataclass
class Calendar(Clock):
    """Stands at a moment that the test chooses."""

    at: datetime = datetime(2026, 9, 18, 10, 0, tzinfo=CHINA)  # a Friday; Sunday the 20th is a working day

    def now(self) -> datetime:
        return self.at


@dataclass
class Offices:
    tasks: Tasks
    clock: Calendar
    session: Session
    heard: list[TaskMoved] = field(default_factory=list)

    def acts(self) -> list[tuple[str, str]]:
        return [(each.act, each.office) for each in self.heard]

    def later(self, **by: int) -> int:
        self.clock.at += timedelta(**by)
        return self.tasks.show_cards(self.session)


@pytest.fixture
def offices(fresh_database: str) -> Iterator[Offices]:
    database = Database(fresh_database, pool_size=2)
    clock, heard = Calendar(), list[TaskMoved]()
    settings: Any = SimpleNamespace(tasks={"site-check": KIND, "contact": QUICK})
    crypto = Crypto({"k1": b"0" * 32}, "intl")
    tasks = Tasks(crypto, clock, Workdays.load(), lambda: settings, lambda _, moved: heard.append(moved))
    with database.session() as session:
        yield Offices(tasks, clock, session, heard)
    database.close()


def assign(offices: Offices, office: str = VILLAGE, kind: str = "site-check", about: str = "r1") -> str:
    return offices.tasks.assign(offices.session, kind, office, about, {"address": "示范路1号"})


def test_feat_X3_an_office_confirms_with_one_of_the_answers(offices: Offices) -> None:
    id = assign(offices)
    with pytest.raises(Problem) as refused:
        offices.tasks.confirm(offices.session, id, VILLAGE, "s1", "perhaps", "")
    assert refused.value.faults[0].code == "CHOICE"
    task = offices.tasks.confirm(offices.session, id, VILLAGE, "s1", "in_order", "门店开着")
    assert (task.state, task.acts[-1].note, task.told) == ("done", "门店开着", {"address": "示范路1号"})
    with pytest.raises(Problem) as late:
        offices.tasks.query(offices.session, id, VILLAGE, "s2", "哪家?")
    assert (late.value.code, late.value.extra["possible"]) == ("STATE_CONFLICT", [])
    assert offices.later(days=30) == 0, "whoever has answered is not late"
    assert offices.acts() == [("confirm", VILLAGE)]


def test_many_at_once_are_given_in_a_few_statements(offices: Offices) -> None:
    """A trace finds a thousand contacts."""
    asked: list[str] = []
    event.listen(offices.session.connection(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    given = [(f"36042300100{place % 10}", {"name": f"测试{place}"}) for place in range(50)]
    ids = offices.tasks.assign_all(offices.session, "contact", "r2", given)
    assert len(asked) <= 3, asked
    told = {each.id: (each.office, each.told) for each in offices.tasks.about(offices.session, "r2")}
    assert [told[id] for id in ids] == given
    assert offices.tasks.assign_all(offices.session, "contact", "r3", []) == []


def test_feat_X3_silence_is_yellow_then_red_and_goes_up_by_working_days(offices: Offices) -> None:
    id = assign(offices)
    assert offices.later(days=1) == 0, "Saturday"
    assert offices.later(days=1) == 0, "the make-up Sunday has not ended"
    assert offices.later(days=1) == 1, "yellow: one working day, the Sunday, has gone by"
    assert offices.later(days=1) == 1
    assert offices.acts() == [("yellow", VILLAGE), ("red", TOWN)]
    assert offices.tasks.get(offices.session, id, TOWN).raised_to == TOWN
    assert offices.later(days=3) == 1
    assert offices.acts()[-1] == ("raised", COUNTY)
    for _ in range(4):
        offices.later(days=9)
    assert offices.acts()[-1] == ("raised", COUNTY), "nobody is above the county"


def test_feat_X3_a_task_of_minutes_goes_up_in_two_hours(offices: Offices) -> None:
    id = assign(offices, kind="contact")
    offices.tasks.acknowledge(offices.session, id, VILLAGE, "s1")
    assert offices.later(minutes=61) == 1
    assert offices.later(minutes=60) == 1
    assert offices.acts()[-1] == ("red", TOWN)


def test_feat_X3_who_asks_back_is_waited_for_by_nobody_until_the_reply(offices: Offices) -> None:
    id = assign(offices)
    offices.tasks.query(offices.session, id, VILLAGE, "s1", "哪一家?")
    assert offices.later(days=30) == 0
    task = offices.tasks.reply(offices.session, id, "", "s9", "示范路1号东侧")
    assert (task.state, task.card) == ("open", "none")
    assert offices.later(days=4) == 1, "its time began anew"


def test_feat_X3_an_office_has_its_own_tasks_and_those_below_it(offices: Offices) -> None:
    id = assign(offices)
    other = assign(offices, office="360423207001")
    for office, seen in ((VILLAGE, {id}), (TOWN, {id}), (COUNTY, {id, other}), ("36042300", set()), ("", set())):
        assert {task.id for task in offices.tasks.page(offices.session, office, open_only=True)} == seen, office
    for stranger in ("360423001006", "360423207", "market_supervision", ""):
        with pytest.raises(Problem) as refused:
            offices.tasks.get(offices.session, id, stranger)
        assert refused.value.code == "NOT_FOUND"
    assert rules.above("market_supervision") == "market_supervision"


def test_the_most_urgent_comes_first_page_by_page(offices: Offices) -> None:
    ids = [assign(offices, kind=kind, about=f"r{n}") for n, kind in enumerate(["site-check", "contact", "site-check"])]
    first = offices.tasks.page(offices.session, COUNTY, open_only=True, limit=2)
    rest = offices.tasks.page(offices.session, COUNTY, open_only=True, after=first[-1].id, limit=2)
    assert first[0].id == ids[1]
    assert {task.id for task in (*first, *rest)} == set(ids) and len(rest) == 1


def test_what_is_withdrawn_is_not_asked_any_more(offices: Offices) -> None:
    done, open_ = assign(offices), assign(offices)
    offices.tasks.confirm(offices.session, done, VILLAGE, "s1", "in_order", "")
    assert offices.tasks.withdraw(offices.session, "r1", "申请人撤回") == 1
    states = {task.id: task.state for task in offices.tasks.about(offices.session, "r1")}
    assert states == {done: "done", open_: "withdrawn"}
    assert offices.later(days=30) == 0


def test_feat_X21_what_each_office_was_given_and_did_is_counted(offices: Offices) -> None:
    since = offices.clock.at
    ids = [assign(offices, about=f"r{n}") for n in range(4)]
    assign(offices, office="360423207001")
    offices.tasks.confirm(offices.session, ids[0], VILLAGE, "s1", "in_order", "")
    offices.tasks.query(offices.session, ids[1], VILLAGE, "s1", "?")
    (load,) = offices.tasks.load(offices.session, TOWN, since)
    assert (load.assigned, load.done, load.open, load.over, load.by) == (4, 1, 3, True, {"s1": 2})
    assert len(offices.tasks.load(offices.session, COUNTY, since)) == 2
    assert offices.tasks.load(offices.session, "", since) == []


def test_nothing_that_was_told_is_readable_in_the_database(offices: Offices) -> None:
    id = assign(offices)
    offices.tasks.query(offices.session, id, VILLAGE, "s1", "韩山福在家吗?")
    offices.session.flush()
    for table in ("tasks_task", "tasks_act"):
        for row in offices.session.connection().exec_driver_sql(f"SELECT * FROM {table}"):  # noqa: S608
            assert not any("示范路".encode() in bytes(v) for v in row if isinstance(v, bytes | memoryview))
            assert "韩山福" not in str([v for v in row if isinstance(v, str)])

"""Tasks for village, neighbourhood and subdistrict offices: assigned, confirmed, asked back; silence has consequences.

What is told to the office is sealed. Whoever assigned a task hears through `moved`, in the same transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, false, func, insert, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import plain
from hub.errors import Fault, Problem, invalid
from hub.offices import seen_by, sees
from hub.settings.shapes import Snapshot, TaskKind
from hub.tasks import rules
from hub.tasks.models import TaskActRow, TaskRow
from hub.workdays import Wait, Workdays

TOLD = "tasks.told"
_ASSIGNED = "assigned"  # its actor is the office that wants the task
_MOST = 500  # cards in one round; the rest has its turn in the next
_LINE = insert(plain(TaskActRow))


@dataclass(frozen=True, slots=True)
class Task:
    """One task as an office sees it. `told` is what it needs to know, by name; `possible` what it may do now."""

    id: str
    kind: TaskKind
    office: str
    raised_to: str
    about: str
    told: Mapping[str, str]
    state: rules.State
    card: rules.Card
    assigned_at: datetime
    red_at: datetime
    acknowledged_at: datetime | None
    done_at: datetime | None
    acts: tuple[TaskAct, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskAct:
    act: str
    office: str
    actor: str
    answer: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """`act`: acknowledge, confirm, query, reply, yellow, red, raised, withdrawn. `office` did or has it."""

    id: str
    kind: str
    about: str
    act: str
    office: str
    answer: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """How much one office, and who of its staff, did in a time; `over`: more was assigned than its kind allows."""

    office: str
    kind: str
    assigned: int
    done: int
    open: int
    over: bool
    by: Mapping[str, int]


class Tasks:
    """Takes a session and never commits."""

    def __init__(
        self,
        crypto: Crypto,
        clock: Clock,
        workdays: Workdays,
        now: Callable[[], Snapshot],
        moved: Callable[[Session, TaskMoved], None],
    ) -> None:
        self._crypto, self._clock, self._workdays, self._now, self._moved = crypto, clock, workdays, now, moved

    def assign(
        self, session: Session, kind: str, office: str, about: str, told: Mapping[str, str], by: str = ""
    ) -> str:
        """The task's id; `by` is the office that wants it and answers questions, empty: the county's staff. Raises
        KeyError for a kind that config/tasks.yaml does not have: a fault of ours."""
        return self.assign_all(session, kind, about, [(office, told)], by)[0]

    def assign_all(
        self, session: Session, kind: str, about: str, given: Sequence[tuple[str, Mapping[str, str]]], by: str = ""
    ) -> Sequence[str]:
        """As `assign`, to each office what it is told; a thousand in a few statements."""
        rows = []
        for office, told in given:
            row = TaskRow(id="t" + secrets.token_hex(16), kind=kind, office=office, about=about)
            self._wait(row)
            row.told_sealed = self._seal(row.id, orjson.dumps(dict(told)))
            rows.append(row)
        session.add_all(rows)
        session.flush()
        if rows:
            lines = [self._line(row, _ASSIGNED, row.office, by, "", "", row.assigned_at) for row in rows]
            session.execute(_LINE, lines)
        return [row.id for row in rows]

    def assign_about(
        self, session: Session, kind: str, region: str, about: str, told: Mapping[str, str], by: str = ""
    ) -> str:
        """To whom its kind says, for a place: the office that has it now."""
        office = rules.office_for(self._now().tasks[kind], region)
        self.assign(session, kind, office, about, told, by)
        return office

    def page(self, session: Session, office: str, open_only: bool, after: str = "", limit: int = 20) -> Sequence[Task]:
        """What an office has before it, the most urgent first; `after` is the id to go on from."""
        order = (TaskRow.red_at, TaskRow.id)
        query = select(TaskRow).where(_before(office)).order_by(*order).limit(limit)
        if open_only:
            query = query.where(TaskRow.state.in_(("open", "queried")))
        if after:
            last = session.get(TaskRow, after)
            if last is None:
                raise Problem("PAGE_INVALID")
            query = query.where(
                or_(TaskRow.red_at > last.red_at, (TaskRow.red_at == last.red_at) & (TaskRow.id > after))
            )
        return [self._task(row) for row in session.scalars(query)]

    def get(self, session: Session, id: str, office: str) -> Task:
        """With everything that was done. Raises NOT_FOUND, for another office's too."""
        return self._whole(session, self._row(session, id, office))

    def about(self, session: Session, about: str) -> Sequence[Task]:
        """All tasks that were assigned for one thing."""
        rows = session.scalars(select(TaskRow).where(TaskRow.about == about).order_by(TaskRow.assigned_at, TaskRow.id))
        return [self._whole(session, row) for row in rows]

    def states(self, session: Session, about: str) -> Mapping[str, tuple[str, datetime | None]]:
        """State and acknowledgement of all tasks for one thing, by their ids."""
        rows = session.execute(select(TaskRow.id, TaskRow.state, TaskRow.acknowledged_at).where(TaskRow.about == about))
        return {id: (state, at) for id, state, at in rows}

    def acknowledge(self, session: Session, id: str, office: str, actor: str) -> Task:
        """Somebody is at it. Silence goes on counting until there is an answer."""
        row = self._at(session, id, office, "acknowledge")
        row.acknowledged_at = row.acknowledged_at or self._clock.now()
        self._note(session, row, "acknowledge", office, actor, "", "")
        return self._whole(session, row)

    def confirm(self, session: Session, id: str, office: str, actor: str, answer: str, note: str) -> Task:
        """The office's answer, one of its kind's. Raises CHOICE, STATE_CONFLICT."""
        row = self._at(session, id, office, "confirm")
        if answer not in self._now().tasks[row.kind].answers:
            raise invalid([Fault("answer", "CHOICE")])
        row.state, row.done_at, row.next_at = "done", self._clock.now(), None
        row.acknowledged_at = row.acknowledged_at or row.done_at
        self._note(session, row, "confirm", office, actor, answer, note)
        return self._whole(session, row)

    def query(self, session: Session, id: str, office: str, actor: str, note: str) -> Task:
        """The office asks back: whoever assigned the task is waited for, not the office."""
        row = self._at(session, id, office, "query")
        row.state, row.next_at = "queried", None
        self._note(session, row, "query", office, actor, "", note)
        return self._whole(session, row)

    def reply(self, session: Session, id: str, office: str, actor: str, note: str) -> Task:
        """To what an office asked, by whoever wants the task; its time begins anew. Raises NOT_FOUND,
        STATE_CONFLICT."""
        row = session.get(TaskRow, id, with_for_update=True)
        if row is None or not sees(office, self._wanted_by(session, id)):
            raise Problem("NOT_FOUND")
        self._allow(row, "reply")
        self._wait(row)
        self._note(session, row, "reply", row.office, actor, "", note)
        return self._whole(session, row)

    def withdraw(self, session: Session, about: str, reason: str) -> int:
        """Nobody needs them any more. How many it were."""
        waiting = select(TaskRow).where(TaskRow.about == about, TaskRow.state.in_(("open", "queried")))
        rows = session.scalars(waiting.with_for_update()).all()
        for row in rows:
            row.state, row.next_at = "withdrawn", None
            self._note(session, row, "withdrawn", row.office, "", "", reason)
        return len(rows)

    def show_cards(self, session: Session) -> int:
        """What silence has earned by now: yellow, then red and the next office up. How many cards were shown."""
        now = self._clock.now()
        late = select(TaskRow).where(TaskRow.next_at <= now).order_by(TaskRow.next_at).limit(_MOST)
        rows = session.scalars(late.with_for_update(skip_locked=True)).all()
        for row in rows:
            self._show_card(session, row, now)
        return len(rows)

    def load(self, session: Session, office: str, since: datetime) -> Sequence[Load]:
        """What the office, and those below it, were given and did since then: who is overloaded."""
        counted: dict[tuple[str, str], list[int]] = {}
        states = select(TaskRow.office, TaskRow.kind, TaskRow.state, func.count()).where(
            _before(office), TaskRow.assigned_at >= since
        )
        for place, kind, state, count in session.execute(states.group_by(TaskRow.office, TaskRow.kind, TaskRow.state)):
            numbers = counted.setdefault((place, kind), [0, 0, 0])
            numbers[0] += count
            numbers[1] += count if state == "done" else 0
            numbers[2] += count if state in ("open", "queried") else 0
        by = self._answers(session, office, since)
        kinds = self._now().tasks
        return [
            Load(
                place, kind, given, done, left,
                over=kind in kinds and given > kinds[kind].per_week, by=by.get((place, kind), {}),
            )
            for (place, kind), (given, done, left) in sorted(counted.items())
        ]  # fmt: skip

    def _wait(self, row: TaskRow) -> None:
        """The office has it, and its time begins."""
        kind, now = self._now().tasks[row.kind], self._clock.now()
        row.state, row.card, row.raised_to, row.assigned_at = "open", "none", "", now
        row.red_at, row.next_at = (self._workdays.end(wait, now) for wait in (kind.red, kind.yellow))

    def _answers(self, session: Session, office: str, since: datetime) -> Mapping[tuple[str, str], dict[str, int]]:
        done = (
            select(TaskRow.office, TaskRow.kind, TaskActRow.actor, func.count())
            .join(TaskRow, TaskRow.id == TaskActRow.task_id)
            .where(_before(office), TaskActRow.at >= since, TaskActRow.act.in_(("confirm", "query")))
            .group_by(TaskRow.office, TaskRow.kind, TaskActRow.actor)
        )
        by: dict[tuple[str, str], dict[str, int]] = {}
        for place, kind, actor, count in session.execute(done):
            by.setdefault((place, kind), {})[actor] = count
        return by

    def _show_card(self, session: Session, row: TaskRow, now: datetime) -> None:
        kind = self._now().tasks.get(row.kind)
        if kind is None:  # no longer configured: nobody can be late with it
            row.next_at = None
            return
        was_red = row.card == "red"
        row.card = card = rules.next_card(rules.card(row.card))
        row.next_at = rules.due_again(kind, card, row.assigned_at, now, self._workdays)
        if card == "red":
            has_it = row.raised_to or row.office
            row.raised_to = rules.above(has_it)
            if was_red and row.raised_to == has_it:
                row.next_at = None  # the county has it: there is nobody above
                return
        self._note(session, row, "raised" if was_red else card, row.raised_to or row.office, "", "", "")

    def _at(self, session: Session, id: str, office: str, act: str) -> TaskRow:
        row = self._row(session, id, office, lock=True)
        self._allow(row, act)
        return row

    @staticmethod
    def _allow(row: TaskRow, act: str) -> None:
        possible = rules.possible(rules.state(row.state))
        if act not in possible:
            raise Problem("STATE_CONFLICT", extra={"possible": list(possible)})

    @staticmethod
    def _wanted_by(session: Session, id: str) -> str:
        first = select(TaskActRow.actor).where(TaskActRow.task_id == id, TaskActRow.act == _ASSIGNED)
        return session.scalars(first).one()

    @staticmethod
    def _row(session: Session, id: str, office: str, lock: bool = False) -> TaskRow:
        row = session.get(TaskRow, id, with_for_update=True if lock else None)
        if row is None or not rules.has(office, row.office, row.raised_to):
            raise Problem("NOT_FOUND")
        return row

    def _note(self, session: Session, row: TaskRow, act: str, office: str, actor: str, answer: str, note: str) -> None:
        now = self._write(session, row, act, office, actor, answer, note)
        self._moved(session, TaskMoved(row.id, row.kind, row.about, act, office, answer, note, now))

    def _write(
        self, session: Session, row: TaskRow, act: str, office: str, actor: str, answer: str, note: str
    ) -> datetime:
        """A line of its history, and when that was."""
        now = self._clock.now()
        session.flush()
        session.execute(_LINE, self._line(row, act, office, actor, answer, note, now))
        return now

    def _line(
        self, row: TaskRow, act: str, office: str, actor: str, answer: str, note: str, now: datetime
    ) -> dict[str, Any]:
        sealed = self._seal(row.id, note.encode()) if note else b""
        return {"task_id": row.id, "act": act, "office": office, "actor": actor, "answer": answer, "at": now,
                "note_sealed": sealed}  # fmt: skip

    def _whole(self, session: Session, row: TaskRow) -> Task:
        acts = session.scalars(select(TaskActRow).where(TaskActRow.task_id == row.id).order_by(TaskActRow.id))
        return self._task(row, tuple(self._act(act) for act in acts))

    def _task(self, row: TaskRow, acts: tuple[TaskAct, ...] = ()) -> Task:
        kind = self._now().tasks.get(row.kind) or TaskKind(row.kind, {"zh": row.kind}, {}, Wait(), Wait())
        told = orjson.loads(self._crypto.open(row.told_sealed, f"{TOLD}:{row.id}"))
        return Task(
            row.id, kind, row.office, row.raised_to, row.about, told, rules.state(row.state), rules.card(row.card),
            row.assigned_at, row.red_at, row.acknowledged_at, row.done_at, acts,
        )  # fmt: skip

    def _act(self, row: TaskActRow) -> TaskAct:
        note = self._crypto.open(row.note_sealed, f"{TOLD}:{row.task_id}").decode() if row.note_sealed else ""
        return TaskAct(row.act, row.office, row.actor, row.answer, note, row.at)

    def _seal(self, id: str, value: bytes) -> bytes:
        return self._crypto.seal(value, f"{TOLD}:{id}")


def before(office: str, own: InstrumentedAttribute[str], raised_to: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """What rules.has says, for the database: of rows with the office that has them and the one they were raised to."""
    return or_(raised_to == office, seen_by(office, own)) if office else false()


def _before(office: str) -> ColumnElement[bool]:
    return before(office, TaskRow.office, TaskRow.raised_to)

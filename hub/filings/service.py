"""The filing outbox as other rooms use it: place an order, see how it stands, withdraw it. All in the caller's
transaction; what the department says about it comes back through `moved`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import CTE, ColumnElement, FromClause, Select, bindparam, func, literal, null, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import in_json, plain
from hub.errors import REFERENCE, Problem
from hub.filings import rules
from hub.filings.models import FilingRow, MoveRow
from hub.filings.moving import Moving
from hub.filings.orders import Filing, Order, Told
from hub.filings.rules import State, Step, Way
from hub.filings.sender import PURPOSE
from hub.jobs.service import Jobs

TASK = "filings.ring"
_SENTENCES: Mapping[str, Mapping[str, str]] = yaml.safe_load(
    Path(REFERENCE).with_name("filings.yaml").read_text(encoding="utf-8")
)
_OPEN = frozenset({State.INFLIGHT, State.UNKNOWN, State.DUPLICATE, State.LOST_BY_DEPARTMENT, State.MANUAL,
                   State.CANCELLING})  # fmt: skip
_MANY, _COUNTED = 20, 100_000
_CHINA = timezone(timedelta(hours=8))
_TABLE, _READY = plain(FilingRow), literal(State.READY.value)
_GIVEN = ("receipt_no", "version", "subject_tag", "service", "system", "operation", "natural_key", "order_sealed",
          "content_digest", "since")  # fmt: skip


class Filings:
    """`way` tells how a system files, `per_minute` how many calls it bears."""

    def __init__(
        self,
        crypto: Crypto,
        clock: Clock,
        way: Callable[[str], Way],
        per_minute: Callable[[str], int],
        moved: Told,
    ) -> None:
        self._crypto, self._clock, self._way, self._per_minute = crypto, clock, way, per_minute
        self.moving = Moving(clock, moved)

    def place(self, session: Session, order: Order) -> None:
        """It will be filed, whatever happens to us from the commit on, and begins as ready. Raises ALREADY_SUBMITTED
        with the receipt number of the one there is, STATE_CONFLICT when the version before it is still on its way."""
        if order.version > 1:
            self._replace_former(session, order)
        id = session.scalar(_PLACED, self.row(order))
        if id is None:
            raise self._there_already(session, order)

    @staticmethod
    def placing(given: FromClause) -> tuple[CTE, ColumnElement[Any]]:
        """`place` as a part of the caller's own statement: for each row of `given` where `filing` holds, in JSON, what
        `row` told. What has to be done, and the doorbell, a column. One that is there already breaks the statement."""
        told = in_json(given.c.filing, _TABLE, _GIVEN)
        values = _row(lambda name: told.c[name])
        rows = select(*values.values()).select_from(given.join(told, true())).where(given.c.filing.is_not(null()))
        filing = insert(_TABLE).from_select(list(values), rows).returning(_TABLE.c.id, _TABLE.c.since).cte("filing")
        newest = select(func.max(filing.c.id).label("id")).subquery("newest")
        rung = select(Jobs.ringing(TASK, filing=newest.c.id)).where(newest.c.id.is_not(None))
        return _history(filing), rung.scalar_subquery()

    def row(self, order: Order) -> dict[str, Any]:
        """What is kept of it. Raises CONFIG_INVALID for a system that takes no filings."""
        self._way(order.system)
        return {
            "receipt_no": order.receipt_no, "version": order.version, "subject_tag": order.subject_tag,
            "service": order.service, "system": order.system, "operation": order.operation,
            "natural_key": order.natural_key, "since": self._clock.now(),
            "order_sealed": self._crypto.seal(order.packed(), PURPOSE),
            "content_digest": self._crypto.lookup(order.content.decode(), "filings.content"),
        }  # fmt: skip

    def of(self, session: Session, receipt_no: str) -> Filing:
        """How the newest version stands. Raises NOT_FOUND."""
        row = self._newest(session, receipt_no)
        state = State(row.state)
        shown, due, ahead = rules.shown(state), row.due, 0
        if state is State.READY:
            ahead = self._ahead(session, row)
            due = self._clock.now() + rules.expected(ahead, self._per_minute(row.system))
        return Filing(
            row.receipt_no, row.version, shown, row.department_receipt, row.reason, row.since, due,
            _sentence("busy" if ahead > _MANY else shown, due), row.owner,
        )  # fmt: skip

    def cancel(self, session: Session, receipt_no: str) -> None:
        """Withdrawn: at once while nothing has left us, else by a person with the department. Raises STATE_CONFLICT
        while nobody knows whether the department has it, or when it has ended."""
        row = self._newest(session, receipt_no, lock=True)
        state = State(row.state)
        after = State.CANCELLED if state is State.READY and not row.sent else State.CANCELLING
        if state in (State.INFLIGHT, State.UNKNOWN) or not rules.may(state, after):
            raise Problem("STATE_CONFLICT", extra={"status": rules.shown(state), "possible": []})
        self.moving.to(session, row, Step(after, "WITHDRAWN"), self._way(row.system), actor="citizen")

    def _newest(self, session: Session, receipt_no: str, lock: bool = False) -> FilingRow:
        query = select(FilingRow).where(FilingRow.receipt_no == receipt_no).order_by(FilingRow.version.desc()).limit(1)
        row = session.scalars(query.with_for_update() if lock else query).first()
        if row is None:
            raise Problem("NOT_FOUND")
        return row

    def _replace_former(self, session: Session, order: Order) -> None:
        """A correction takes the place of the version before it, which must have come to rest."""
        query = select(FilingRow).where(FilingRow.receipt_no == order.receipt_no).with_for_update()
        for former in session.scalars(query):
            state = State(former.state)
            if former.version >= order.version or state in _OPEN or state is State.READY:
                raise Problem("STATE_CONFLICT", extra={"status": rules.shown(state), "possible": []})
            former.live = False

    def _there_already(self, session: Session, order: Order) -> Problem:
        same = (
            FilingRow.subject_tag == order.subject_tag,
            FilingRow.service == order.service,
            FilingRow.natural_key == order.natural_key,
            FilingRow.receipt_no != order.receipt_no,
        )
        there = session.scalar(select(FilingRow.receipt_no).where(FilingRow.live, *same))
        if order.natural_key and there is not None:
            return Problem("ALREADY_SUBMITTED", extra={"receipt_no": there})
        return Problem("STATE_CONFLICT", extra={"status": "placed", "possible": []})

    def _ahead(self, session: Session, row: FilingRow) -> int:
        before = (
            select(FilingRow.id)
            .where(FilingRow.system == row.system, FilingRow.state == State.READY.value, FilingRow.id < row.id)
            .limit(_COUNTED)
        )
        return session.scalar(select(func.count()).select_from(before.subquery())) or 0


def _row(given: Callable[[str], ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    """A filing that is new, of what is `given` by name."""
    return {
        **{name: given(name) for name in _GIVEN}, "state": _READY, "live": true(), "created_at": given("since"),
        "not_before": func.clock_timestamp(),
        **dict.fromkeys(("tries", "sent", "faults", "absent", "look", "papers_done"), literal(0)),
        **dict.fromkeys(("register_no", "department_receipt", "reason", "refused", "owner"), literal("")),
    }  # fmt: skip


def _history(filing: CTE) -> CTE:
    """The first line of its history."""
    line = select(filing.c.id, filing.c.since, _READY, *(literal(word) for word in ("", "hub", "")))
    names = ["filing_id", "at", "state", "reason", "actor", "note"]
    return insert(plain(MoveRow)).from_select(names, line).cte("moved")


def _placed() -> Select[Any]:
    """The filing, the first line of its history and the doorbell in one trip: its id, or nothing where there is one
    already. Built once, as that costs more than to send it."""
    values = _row(lambda name: bindparam(name, type_=_TABLE.c[name].type))
    fresh = insert(_TABLE).values(**values).on_conflict_do_nothing()
    filing = fresh.returning(_TABLE.c.id, _TABLE.c.since).cte("filing")
    return select(filing.c.id, Jobs.ringing(TASK, filing=filing.c.id)).add_cte(_history(filing))


_PLACED = _placed()


def _sentence(shown: str, due: datetime | None) -> Mapping[str, str]:
    by = (due or datetime.now(UTC)).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
    return {language: text.format(by=by) for language, text in _SENTENCES[shown].items()}

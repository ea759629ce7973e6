"""Evidence level E2: once a day a department signs the root over all that it gave that day, with a key that the hub
never had. Whose day is not signed three days later is told to everybody."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.ledger import note as notes
from hub.ledger.models import CountersignatureRow, EntryRow
from hub.ledger.note import Key
from hub.ledger.tree import leaf_hash, root_of

_FORM = "xiantong-day/1"
_LATE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Day:
    """What one department gave on one day: how many exchanges; `signed` in time or not, `due`, or `missing`."""

    department: str
    day: date
    exchanges: int
    state: Literal["signed", "due", "missing"]


class Countersigning:
    """Takes a session and never commits. `parties` are the departments' public keys."""

    def __init__(self, origin: str, clock: Clock, parties: Callable[[], Mapping[str, Key]]) -> None:
        self._origin, self._clock, self._parties = origin, clock, parties

    def text(self, session: Session, department: str, day: date) -> str:
        """What is to be signed: a line each for form, log, department, day, number of exchanges and root."""
        begin = datetime.combine(day, time(), CHINA)
        query = select(EntryRow.leaf).where(
            EntryRow.supplier == department, EntryRow.step == "DELIVERED",
            EntryRow.at >= begin, EntryRow.at < begin + timedelta(days=1),
        )  # fmt: skip
        leaves = [leaf_hash(leaf) for leaf in session.scalars(query.order_by(EntryRow.at, EntryRow.exchange_id))]
        root = base64.b64encode(root_of(leaves)).decode()
        return f"{_FORM}\n{self._origin}\n{department}\n{day.isoformat()}\n{len(leaves)}\n{root}\n"

    def take(self, session: Session, note: str) -> Day:
        """What a department signed. Raises ValueError where it is not over its day as we have it, the day is not over,
        or the signature is not its own."""
        text = notes.text_of(note)
        form, _, department, on, *_ = [*text.split("\n"), "", "", "", ""]
        if form != _FORM or department not in self._parties():
            raise ValueError("this is no day of a department whose key is known")
        day = date.fromisoformat(on)
        if day >= self._clock.now().astimezone(CHINA).date():
            raise ValueError("the day is not over")
        if text != self.text(session, department, day):
            raise ValueError("the hub has another day: ask for its text again")
        if not notes.signers(note, [self._parties()[department]]):
            raise ValueError("the signature is not the department's")
        if session.get(CountersignatureRow, (department, day)) is None:
            session.add(CountersignatureRow(department=department, day=day, note=note, at=self._clock.now()))
            session.flush()
        return Day(department, day, int(text.split("\n")[4]), "signed")

    def days(self, session: Session, since: date) -> Sequence[Day]:
        """Each day on which a department gave something, the newest first."""
        on = cast(func.timezone("Asia/Shanghai", EntryRow.at), Date)
        begin, today = datetime.combine(since, time(), CHINA), self._clock.now().astimezone(CHINA).date()
        query = select(EntryRow.supplier, on, func.count()).where(EntryRow.step == "DELIVERED", EntryRow.at >= begin)
        given = session.execute(query.group_by(EntryRow.supplier, on).order_by(on.desc(), EntryRow.supplier)).all()
        signed = {(row.department, row.day) for row in session.scalars(
            select(CountersignatureRow).where(CountersignatureRow.day >= since)
        )}  # fmt: skip
        return [
            Day(department, day, count, "signed" if (department, day) in signed
                else "missing" if today - day > _LATE else "due")
            for department, day, count in given
            if day < today
        ]  # fmt: skip

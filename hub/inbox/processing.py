"""From a stored delivery to kept records: one at a time, whatever happens to it. What fails five times is set aside."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from hub.database import Database
from hub.errors import Problem
from hub.inbox.deliveries import BAD_ROWS, Claimed, Deliveries
from hub.inbox.keeping import Differs, Keeping
from hub.inbox.rules import Dataset, datasets
from hub.port import BadRow, Delivery, Record
from hub.systems import Opened, Systems

_ROWS = 500  # of one transaction
_PATIENCE_S = 20.0


Brought = Callable[[Session, str, Sequence[Record]], Sequence[BadRow]]
"""Told of the records of a system that were kept, in the transaction that keeps them; again when that is repeated.
Those that came to nothing are given back."""


def nobody_waits(session: Session, system: str, records: Sequence[Record]) -> Sequence[BadRow]:  # noqa: ARG001
    """Where no room wants to know."""
    return ()


class Watching(Protocol):
    """A room that wants to hear which records became different."""

    def datasets(self, session: Session, system: str) -> Collection[str]: ...
    def differ(self, session: Session, system: str, records: Sequence[Differs]) -> None:
        """In the transaction that keeps them."""


class _Nobody:
    def datasets(self, session: Session, system: str) -> Collection[str]:  # noqa: ARG002
        return ()

    def differ(self, session: Session, system: str, records: Sequence[Differs]) -> None:
        """Nobody listens."""


def nobody_watches() -> Watching:
    """Where no room wants to know."""
    return _Nobody()


class _Lost(Exception):
    """Our lease was over and another worker has it."""


@dataclass(slots=True)
class _Work:
    """One delivery on its way."""

    claimed: Claimed
    declared: dict[str, Dataset]
    begun: bool = False
    records: int = 0
    bad: int = 0
    refused: list[BadRow] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def refuse(self, bad: list[BadRow]) -> None:
        """Only the first are listed; all are counted."""
        self.refused += bad[: BAD_ROWS - len(self.refused)]
        self.bad += len(bad)

    def add(self, records: list[Record]) -> None:
        self.begun = True
        self.records += len(records)
        self.seen |= {record.dataset for record in records}

    def fresh(self) -> set[str]:
        """The datasets it is news of. An empty delivery is news too, where it can only be of one."""
        return self.seen or (set(self.declared) if len(self.declared) == 1 else set())


class Processing:
    """One for the process; used by many threads, each with another system."""

    def __init__(
        self,
        database: Database,
        systems: Systems,
        deliveries: Deliveries,
        keeping: Keeping,
        brought: Brought,
        watching: Callable[[], Watching],
    ) -> None:
        self._database, self._systems, self._brought, self._watching = database, systems, brought, watching
        self._deliveries, self._keeping = deliveries, keeping
        self._log = structlog.get_logger()

    def one(self, system: str) -> bool:
        """Process the oldest delivery that is due; False when there is none."""
        opened = self._systems.get(system)  # a system that cannot be opened costs no delivery an attempt
        with self._database.session(_PATIENCE_S) as session:
            claimed = self._deliveries.claim(session, system)
        if claimed is None:
            return False
        try:
            self._try(opened, claimed)
        except _Lost:
            pass
        except Problem as problem:
            if problem.code == "STORE_UNAVAILABLE":
                raise
            self._failed(claimed, problem.code, problem.note)
        except Exception as error:  # whatever an adapter does with bytes from outside, the rest flows
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self._failed(claimed, "INTERNAL", f"{type(error).__name__} in {frame.name}, line {frame.lineno}")
        return True

    def _try(self, opened: Opened, claimed: Claimed) -> None:
        if claimed.worn_out:
            raise Problem("INTERNAL", origin="hub", note="no attempt ever ended")
        with self._database.session(_PATIENCE_S) as session:
            raw = self._deliveries.raw(session, claimed)
        work = _Work(claimed, datasets(opened.facts))
        delivery = Delivery(claimed.message_id, raw, claimed.headers)
        rows = opened.adapter.read(delivery)  # type: ignore[attr-defined]
        for batch, last in _batches(_judged(row, work.declared) for row in rows):
            bad = [row for row in batch if isinstance(row, BadRow)]
            first = len(work.refused)
            work.refuse(bad)
            self._keep(work, [row for row in batch if isinstance(row, Record)], first, last)
        if work.bad:
            self._report(opened, delivery, work)
            with self._database.session(_PATIENCE_S) as session:
                self._done(session, work)

    def _report(self, opened: Opened, delivery: Delivery, work: _Work) -> None:
        """After all that was refused is known, before the delivery is done: a crash means a second report, never
        none."""
        report = getattr(opened.adapter, "report", None)
        if report is None:
            return
        try:
            report(delivery, work.refused, work.bad - len(work.refused))
        except Problem as problem:  # the rows count nevertheless
            self._log.error("not_reported", system=opened.id, delivery=work.claimed.id, code=problem.code,
                            note=problem.note)  # fmt: skip

    def _keep(self, work: _Work, records: list[Record], first: int, last: bool) -> None:
        """The last ones are kept together with the mark that all is done, where there is nothing to report before;
        refused rows from `first` on are new."""
        claimed = work.claimed
        with self._database.session(_PATIENCE_S) as session:
            if not self._deliveries.renew(session, claimed):
                raise _Lost
            if not work.begun:
                self._deliveries.forget_bad(session, claimed)
            watching = self._watching()
            watched = watching.datasets(session, claimed.source)
            differs = self._keeping.put(session, claimed.source, claimed.id, work.declared, records, watched)
            work.refuse(list(self._brought(session, claimed.source, records)))
            self._deliveries.note_bad(session, claimed, first, work.refused[first:])
            work.add(records)
            if differs:
                watching.differ(session, claimed.source, differs)
            if last and not work.bad:
                self._done(session, work)

    def _done(self, session: Session, work: _Work) -> None:
        claimed = work.claimed
        if not self._deliveries.finish(session, claimed, work.records, work.bad):
            raise _Lost
        self._keeping.touch(session, claimed.source, work.fresh(), claimed.received_at)

    def _failed(self, claimed: Claimed, code: str, note: str) -> None:
        with self._database.session() as session:
            last = self._deliveries.fail(session, claimed, code)
        tell = self._log.error if last else self._log.warning
        event = "delivery_quarantined" if last else "delivery_failed"
        tell(event, system=claimed.source, delivery=claimed.id, attempt=claimed.attempts, code=code, note=note)


def _batches(rows: Iterable[Record | BadRow]) -> Iterator[tuple[list[Record | BadRow], bool]]:
    """In portions, and which is the last one; there is always one."""
    batch: list[Record | BadRow] = []
    for row in rows:
        if len(batch) == _ROWS:
            yield batch, False
            batch = []
        batch.append(row)
    yield batch, True


def _judged(row: Record | BadRow, declared: dict[str, Dataset]) -> Record | BadRow:
    if isinstance(row, BadRow):
        return row
    if row.dataset not in declared:
        return BadRow("delivery", "DATASET_UNDECLARED")
    return row if row.key else BadRow("delivery", "KEY_MISSING")

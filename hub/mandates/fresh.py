"""A memory of this process that is never more than a second behind the database, whatever other workers change.

A thread asks twice a second which names changed. What could not be confirmed within the last second is not believed:
the database is asked then, and its absence refuses the call.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

import structlog
from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.mandates.models import ChangeRow

T = TypeVar("T")

_BELIEVED_S = 1.0
_MOST = 20_000
_KEPT = timedelta(days=1)
_LOCK = 360423012  # one change at a time, so that ids are committed in their order and none is overlooked


class Fresh:
    """`get` asks the memory, then `load`. `changed` belongs into the transaction that changes what is remembered."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._newest = -1
        self._confirmed = float("-inf")
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger()

    def start(self, interval: float = 0.4) -> None:
        self._thread = threading.Thread(target=self._watch, args=(interval,), name="mandates", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(5)

    def get(self, name: str, load: Callable[[Connection], T]) -> T:
        """Raises STORE_UNAVAILABLE when the database has to be asked and is away."""
        if self._clock.monotonic() - self._confirmed < _BELIEVED_S:
            found = self._known.get(name, _NOTHING)
            if found is not _NOTHING:
                return cast(T, found)
        newest = self._newest
        with self._database.read() as connection:
            value = load(connection)
        with self._lock:
            if newest == self._newest:  # nothing changed while we looked
                self._known[name] = value
                if len(self._known) > _MOST:
                    self._known.popitem(last=False)
        return value

    def changed(self, session: Session, *names: str) -> None:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        session.add_all(ChangeRow(name=name, at=self._clock.now()) for name in names)
        session.flush()

    def refresh(self) -> None:
        """Look now; raises STORE_UNAVAILABLE when PostgreSQL is away."""
        asked = self._clock.monotonic()
        with self._database.read() as connection:
            if self._newest < 0:
                newest, names = connection.scalar(select(func.coalesce(func.max(ChangeRow.id), 0))) or 0, None
            else:
                changes = select(ChangeRow.id, ChangeRow.name).where(ChangeRow.id > self._newest)
                rows = connection.execute(changes).all()
                newest, names = max((row[0] for row in rows), default=self._newest), [row[1] for row in rows]
        with self._lock:
            if names is None:
                self._known.clear()
            for name in names or ():
                self._known.pop(name, None)
            self._newest, self._confirmed = max(newest, self._newest), max(asked, self._confirmed)

    def sweep(self, session: Session) -> None:
        session.execute(delete(ChangeRow).where(ChangeRow.at < self._clock.now() - _KEPT))

    def _watch(self, interval: float) -> None:
        blind = False
        while not self._stopped.is_set():
            try:
                self.refresh()
                blind = False
            except Exception as error:
                if not blind:
                    self._log.warning("mandates_not_refreshed", error=type(error).__name__)
                blind = True
            self._stopped.wait(interval)


_NOTHING = object()

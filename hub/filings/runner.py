"""What `hub work` does for the outbox: ends tries whose sender died, sends, looks for what is in doubt.

Each account of a department has a thread of its own while there is something to send, so that none waits for another.
The doorbell only makes it look sooner; once a second it looks by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import structlog

from hub.database import Database
from hub.errors import Problem
from hub.filings import claiming
from hub.filings.moving import Moving
from hub.filings.reconciling import LOOKED_FOR, Reconciling
from hub.filings.rules import Way
from hub.filings.sender import Sender
from hub.jobs.service import Cancelled

_TICK_S, _END_S, _ALARM_S = 1.0, 35.0, 300.0
_AFTER_FAILURE_S = 5.0


class Runner:
    """`database` is its own, so that no citizen's call keeps it from ending what is over."""

    def __init__(
        self, database: Database, moving: Moving, sender: Sender, reconciling: Reconciling, way: Callable[[str], Way]
    ) -> None:
        self._database, self._moving, self._sender, self._reconciling = database, moving, sender, reconciling
        self._way = way
        self._rung, self._stop = threading.Event(), threading.Event()
        self._threads: dict[tuple[str, object], threading.Thread] = {}
        self._not_before: dict[tuple[str, object], float] = {}
        self._alarmed_at = 0.0
        self._log = structlog.get_logger()

    def ring(self, cancelled: Cancelled, filing: int) -> None:  # noqa: ARG002
        """The doorbell's job: somebody placed something. Lost, doubled or late it changes nothing."""
        self._rung.set()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; what is being sent then has time to end."""
        while not stop.is_set():
            try:
                self.tick()
            except Problem as problem:  # PostgreSQL is away
                self._log.warning("filings_wait", code=problem.code)
            except Exception as error:  # a fault in one filing must not end the others
                self._log.error("filings_broke", error=type(error).__name__)
            self._rung.wait(_TICK_S)
            self._rung.clear()
        self._stop.set()
        until = time.monotonic() + _END_S
        for thread in list(self._threads.values()):
            thread.join(max(0.0, until - time.monotonic()))

    def tick(self) -> None:
        self._sweep()
        with self._database.session() as session:
            to_send = claiming.waiting(session)
            to_look = claiming.to_look(session, LOOKED_FOR)
        for system in to_send:
            if way := self._known(system):
                for slot in way.accounts:
                    self._start(system, slot, partial(self._send, system, slot, way))
        for system in to_look:
            if way := self._known(system):
                self._start(system, "look", partial(self._look, system, way))

    def _sweep(self) -> None:
        """Tries whose lease is over come to an end; what waits for too long is told."""
        with self._database.session() as session:
            found = claiming.overdue(session)
        for attempt_id, filing_id, system in found:
            if way := self._known(system):
                with self._database.session() as session:
                    claiming.declare_dead(session, self._moving, attempt_id, filing_id, way)
        if time.monotonic() - self._alarmed_at > _ALARM_S:
            self._alarm()

    def _alarm(self) -> None:
        self._alarmed_at = time.monotonic()
        with self._database.session() as session:
            for system, count in claiming.waiting_long(session, _ALARM_S):
                self._log.error("filings_late", system=system, count=count)

    def _known(self, system: str) -> Way | None:
        try:
            return self._way(system)
        except Problem as problem:
            self._log.error("filings_without_a_way", system=system, code=problem.code, note=problem.note)
            return None

    def _start(self, system: str, what: object, run: Callable[[], float]) -> None:
        running = self._threads.get((system, what))
        if (running is None or not running.is_alive()) and self._not_before.get((system, what), 0) <= time.monotonic():
            thread = threading.Thread(target=partial(self._guarded, system, what, run), name="filing", daemon=True)
            thread.start()
            self._threads[system, what] = thread  # only what runs can be waited for

    def _guarded(self, system: str, what: object, run: Callable[[], float]) -> None:
        wait_s = _AFTER_FAILURE_S
        try:
            wait_s = run()
        except Problem as problem:
            self._log.warning("filing_failed", system=system, code=problem.code, note=problem.note)
        except Exception as error:
            self._log.error("filing_broke", system=system, error=type(error).__name__)
        self._not_before[system, what] = time.monotonic() + wait_s

    def _send(self, system: str, slot: int, way: Way) -> float:
        """One after the other until nothing waits, or the department wants to be left alone for some seconds."""
        while not self._stop.is_set():
            wait_s = self._sender.one(system, slot, way)
            if wait_s is None:
                return 0.0
            if wait_s:
                return wait_s
        return 0.0

    def _look(self, system: str, way: Way) -> float:
        while not self._stop.is_set() and self._reconciling.one(system, way):
            pass
        return 0.0

"""What `hub work` does for the second door: collect from every system when it is due, process what is stored.

Each system has a thread of its own while something is done for it, so that none waits for another.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

import structlog

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.inbox import turns
from hub.inbox.deliveries import Deliveries
from hub.inbox.processing import Processing
from hub.inbox.rules import Schedule, datasets, plain
from hub.ledger.exchange import Exchange
from hub.ledger.writer import Exchanges
from hub.port import Alarm, Source
from hub.settings.shapes import System
from hub.systems import Systems
from hub.trace import new

COLLECT_S = 30.0  # how long one turn may last
_HOLD_S = COLLECT_S + 15.0
_AFTER_FAILURE_S = 10.0
_TICK_S = 0.5
_NEWCOMERS = 4
_END_S = 10.0
_LOOK_S = 10.0
_PATIENCE_S = 20.0
_ALARMS = 200  # of one turn
_NO_SUBJECT = bytes(32)


Alarmed = Callable[[str, Sequence[Alarm], bool], None]
"""Told after each turn: the system, what it met, whether it came to its end, so that nothing else is wrong."""


class Collecting:
    """`is_open` tells whether a system's switch lets us ask it; `alarmed` hears what somebody should look at."""

    def __init__(
        self,
        *,
        attached: Callable[[], Mapping[str, System]],
        is_open: Callable[[str], bool],
        systems: Systems,
        database: Database,
        deliveries: Deliveries,
        processing: Processing,
        exchanges: Exchanges,
        clock: Clock,
        alarmed: Alarmed,
    ) -> None:
        self._attached, self._is_open, self._systems = attached, is_open, systems
        self._database, self._deliveries, self._processing = database, deliveries, processing
        self._exchanges, self._clock, self._alarmed = exchanges, clock, alarmed
        self._threads: dict[tuple[str, str], threading.Thread] = {}
        self._not_before: dict[tuple[str, str], float] = {}
        self._newcomers = 0
        self._stop = threading.Event()
        self._log = structlog.get_logger()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. What is in progress then has a moment to end; what it leaves comes again."""
        self._stop = stop
        while not stop.wait(_TICK_S):
            try:
                self.tick()
            except Problem as problem:  # PostgreSQL is away
                self._log.warning("inbox_waits", code=problem.code)
                stop.wait(5)
        until = time.monotonic() + _END_S
        for thread in list(self._threads.values()):
            thread.join(max(0.0, until - time.monotonic()))

    def tick(self) -> None:
        self._newcomers = 0
        for system in self._attached():
            if self._schedule(system) is not None:
                self._start("collect", system, self._collect)
        with self._database.session() as session:
            waiting = self._deliveries.waiting(session)
        for system in waiting:
            if system in self._attached():
                self._start("process", system, self._process)

    def _schedule(self, system: str) -> Schedule | None:
        poll = self._systems.described(system).get("poll")
        return Schedule.declared(poll) if poll else None

    def _start(self, act: str, system: str, run: Callable[[str], None]) -> None:
        """Of those that never ran a few begin at each tick: a whole county at once would wait for ten connections."""
        running = self._threads.get((act, system))
        if (running and running.is_alive()) or self._not_before.get((act, system), 0) > time.monotonic():
            return
        self._newcomers += running is None
        if running is None and self._newcomers > _NEWCOMERS:
            return
        thread = threading.Thread(target=partial(self._guarded, act, system, run), name=act, daemon=True)
        self._threads[act, system] = thread
        thread.start()

    def _guarded(self, act: str, system: str, run: Callable[[str], None]) -> None:
        try:
            run(system)
            return
        except Problem as problem:
            self._log.warning("inbox_failed", operation=act, system=system, code=problem.code, note=problem.note)
        except Exception as error:
            self._log.error("inbox_broke", operation=act, system=system, error=type(error).__name__, **_where(error))
        self._not_before[act, system] = time.monotonic() + _AFTER_FAILURE_S

    def _process(self, system: str) -> None:
        while not self._stop.is_set() and self._processing.one(system):
            pass

    def _collect(self, system: str) -> None:
        schedule = self._schedule(system)
        assert schedule is not None
        self._not_before["collect", system] = time.monotonic() + min(schedule.every_s / 2 or _LOOK_S, _LOOK_S)
        if not self._is_open(system):
            return
        with self._database.session() as session:
            owner = turns.take(session, system, schedule, self._clock.now(), _HOLD_S)
        if owner is None:
            return
        began, started = self._clock.now(), time.monotonic()
        tally = _Tally()
        try:
            self._take_in(system, owner, tally)
        except Problem as problem:
            tally.outcome = problem.code
            tally.alarm("collect", "", f"{problem.code} {problem.note}")
            self._log.warning("not_collected", system=system, code=problem.code, note=problem.note)
        except Exception as error:  # an adapter let out what is none of the five errors
            tally.outcome = "INTERNAL"
            tally.alarm("collect", "", f"INTERNAL {type(error).__name__}")
            self._log.error("adapter_broke", system=system, operation="collect", error=type(error).__name__,
                            **_where(error))  # fmt: skip
        self._leave(system, owner, schedule, tally)
        self._record(system, began, started, tally)
        self._alarmed(system, tally.alarms, tally.whole)

    def _take_in(self, system: str, owner: UUID, tally: _Tally) -> None:
        """Stored and committed first, then acknowledged."""
        source = cast(Source, self._systems.get(system).adapter)
        deadline = time.monotonic() + COLLECT_S
        deliveries = source.collect(deadline)
        with closing(cast(Any, deliveries)) if hasattr(deliveries, "close") else nullcontext():
            for delivery in deliveries:
                if self._stop.is_set() or not self._is_open(system) or time.monotonic() > deadline:
                    return
                if isinstance(delivery, Alarm):
                    tally.alarm(delivery.kind, delivery.about, delivery.note)
                    continue
                with self._database.session(_PATIENCE_S) as session:
                    if not turns.keep(session, system, owner, _HOLD_S):
                        return
                    tally.new += self._deliveries.store(session, system, delivery, verified=True)
                tally.bytes += len(delivery.raw)
                tally.seen += 1
                source.settle(delivery)
        tally.whole = True

    def _leave(self, system: str, owner: UUID, schedule: Schedule, tally: _Tally) -> None:
        now = self._clock.now()
        due = schedule.after(now)
        if tally.outcome != "OK":
            due = max(due, now + timedelta(seconds=_AFTER_FAILURE_S)) if schedule.every_s else due
        with self._database.session() as session:
            turns.leave(session, system, owner, due, tally.outcome)

    def _record(self, system: str, began: datetime, started: float, tally: _Tally) -> None:
        """An exchange like any other, where there was one: nothing waiting is no news."""
        if tally.outcome == "OK" and not tally.seen:
            return
        classes = (each.data_class for each in datasets(self._systems.described(system)).values())
        ended = began + timedelta(seconds=time.monotonic() - started)
        self._exchanges.record(
            Exchange(
                request_in_at=began, request_out_at=began, response_in_at=ended, response_out_at=ended,
                trace_id=new().id, service="", system=system, operation="collect", subject_tag=_NO_SUBJECT,
                caller_kind="hub", purpose="", data_class=max(classes, default=1),
                outcome=tally.outcome, origin=f"department:{system}", response_bytes=tally.bytes,
            )
        )  # fmt: skip


class _Tally:
    """What one turn brought: how many deliveries, how many of them new; and what it met."""

    def __init__(self) -> None:
        self.outcome, self.whole = "OK", False
        self.seen = self.new = self.bytes = 0
        self.alarms: list[Alarm] = []

    def alarm(self, kind: str, about: str, note: str) -> None:
        if len(self.alarms) < _ALARMS:
            self.alarms.append(Alarm(kind, plain(about), plain(note)))


def _where(error: Exception) -> dict[str, Any]:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return {"file": frame.filename, "line": frame.lineno}

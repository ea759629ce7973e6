"""How one system fares, as this worker sees it: its breaker, its last answers and failures, whether it let us in."""

from __future__ import annotations

import math
import threading
from collections import deque
from datetime import datetime
from typing import Literal

from hub.clock import Clock
from hub.gateway.breaker import Breaker, Permit, Rules, State, Verdict
from hub.gateway.orders import Failure, SystemHealth
from hub.gateway.window import Window

_SAMPLES = 200
_FAILURES = 20
_RETRY_SHARE = 0.1
_PROVEN_S = 900.0
_DENIED_PROBE_S = 60.0  # a wrong password tried too often locks the account
_PROBE_S = 10.0
_OUTSIDE = Permit(-1, probe=True)  # a probe that the breaker does not count


class Condition:
    """All of it under one short lock; no call is made while it is held."""

    def __init__(self, system: str, clock: Clock, rules: Rules | None = None) -> None:
        self.system = system
        self._clock = clock
        self._rules = rules
        self._lock = threading.Lock()
        self._breaker = Breaker(rules)
        self._calls = Window(60.0)
        self._seconds: deque[float] = deque(maxlen=_SAMPLES)
        self._failures: deque[Failure] = deque(maxlen=_FAILURES)
        self._good: tuple[float, datetime] | None = None
        self._last_bad = False
        self.denied_by: object = None
        self._probe_at = 0.0
        self._advised = False

    @property
    def breaker_state(self) -> State:
        return self._breaker.state

    @property
    def denied(self) -> bool:
        """Our credentials were refused: nobody calls until a probe succeeds or operations release it."""
        return self.denied_by is not None

    def admit(self, *, read: bool) -> Permit | None:
        with self._lock:
            return self._breaker.admit(self._clock.monotonic(), read=read)

    def retry_after(self) -> int:
        with self._lock:
            return self._breaker.retry_after(self._clock.monotonic())

    def may_retry(self) -> bool:
        """At most one call in ten of the last minute is a second try; counts it when it may."""
        with self._lock:
            now = self._clock.monotonic()
            calls, retries = self._calls.count(now)
            if retries + 1 > _RETRY_SHARE * (calls - retries):
                return False
            self._calls.add(now, marked=True)
            return True

    def settle(self, permit: Permit, verdict: Verdict | None, seconds: float, failure: Failure | None = None) -> None:
        """The end of a call. None: nothing was sent, so nothing was learnt."""
        with self._lock:
            now = self._clock.monotonic()
            if verdict is None:
                self._breaker.cancel(permit)
                return
            before = self._breaker.state
            self._breaker.settle(permit, verdict, now)
            if self._breaker.state is State.OPEN and before is not State.OPEN:
                self._probe_at, self._advised = now + _PROBE_S, False
            if not permit.probe:
                self._calls.add(now, marked=False)
            self._seconds.append(seconds)
            self._learn(verdict, now, failure)

    def deny(self, adapter: object) -> bool:
        """Switch it off in this worker, as long as it is this adapter. True the first time."""
        with self._lock:
            first, self.denied_by = not self.denied, adapter
            self._probe_at = self._clock.monotonic() + _DENIED_PROBE_S
            return first

    def release(self) -> None:
        """Operations, a good probe or a new configuration put it back; it starts afresh."""
        with self._lock:
            self.denied_by = None
            self._breaker = Breaker(self._rules)
            self._calls.clear()

    def due_for_probe(self) -> Permit | None:
        """Leave for a background probe, every 10 s while the breaker is open, every minute while we are denied."""
        with self._lock:
            now = self._clock.monotonic()
            if now < self._probe_at or (self._breaker.state is State.CLOSED and not self.denied):
                return None
            if self._breaker.state is State.CLOSED:
                permit: Permit | None = _OUTSIDE
            elif self._advised:
                permit = self._breaker.admit(math.inf)  # as if its open time were over
            else:
                permit = self._breaker.admit_early()
            if permit is not None:
                self._advised = False
                self._probe_at = now + (_DENIED_PROBE_S if self.denied else _PROBE_S)
            return permit

    def advise(self) -> None:
        """Another worker found it well: probe at once, even where it has flapped. Only our own probes close it."""
        with self._lock:
            self._advised, self._probe_at = True, 0.0

    def asked_for_probe(self) -> Permit:
        """Leave for a probe that a person asked for, whatever the state."""
        with self._lock:
            return self._breaker.admit_early() or _OUTSIDE

    def probe_again_soon(self) -> None:
        """A good probe is followed up at once: three of them close the breaker."""
        with self._lock:
            self._probe_at = 0.0

    def health(self, in_flight: int, *, off: bool) -> SystemHealth:
        with self._lock:
            now = self._clock.monotonic()
            return SystemHealth(
                system=self.system,
                state=self._state(now, off=off),
                breaker=self._breaker.state.value,
                in_flight=in_flight,
                p50_ms=_percentile(self._seconds, 0.50),
                p95_ms=_percentile(self._seconds, 0.95),
                last_failures=tuple(reversed(self._failures)),
                last_good_at=self._good[1] if self._good else None,
                denied=self.denied,
            )

    def _state(self, now: float, *, off: bool) -> Literal["works", "contacted_unproven", "failing", "off"]:
        if off or self.denied:
            return "off"
        if self._last_bad or self._breaker.state is not State.CLOSED:
            return "failing"
        return "works" if self._good and now - self._good[0] < _PROVEN_S else "contacted_unproven"

    def _learn(self, verdict: Verdict, now: float, failure: Failure | None) -> None:
        if verdict is Verdict.GOOD:
            self._good = (now, self._clock.now())
        if verdict is not Verdict.NEUTRAL:
            self._last_bad = verdict is Verdict.BAD
        if failure is not None:
            self._failures.append(failure)


class Conditions:
    """One Condition a system, made when first asked for."""

    def __init__(self, clock: Clock, rules: Rules | None = None) -> None:
        self._clock = clock
        self._rules = rules
        self._all: dict[str, Condition] = {}

    def of(self, system: str) -> Condition:
        found = self._all.get(system)
        return found or self._all.setdefault(system, Condition(system, self._clock, self._rules))

    def all(self) -> list[Condition]:
        return list(self._all.values())


def _percentile(seconds: deque[float], share: float) -> float | None:
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)

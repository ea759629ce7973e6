"""The breaker of one system: when it opens, when one probe may pass, when it closes again. Pure: time is an argument.

pybreaker is not used: its CircuitBreaker.call holds the breaker's lock while the call runs, which would send all
calls to a system one after the other. Here the lock is held only while counting; the caller provides it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hub.gateway.window import Window


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Verdict(StrEnum):
    """What a call says about the department's health."""

    GOOD = "good"
    BAD = "bad"  # Unavailable, OutcomeUnknown, Garbled
    NEUTRAL = "neutral"  # Rejected: a correct no; or nothing was sent


@dataclass(frozen=True, slots=True)
class Rules:
    """Figures for low traffic (reliability.md 4): a county's system may get three calls a minute."""

    minimum_calls: int = 5
    consecutive: int = 5
    share: float = 0.5
    window_s: float = 60.0
    open_s: float = 10.0
    open_max_s: float = 120.0
    good_probes: int = 3
    calm_s: float = 600.0
    flaps: int = 4


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one call. A permit of an earlier state changes nothing any more when it is settled."""

    generation: int
    probe: bool


class Breaker:
    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.state = State.CLOSED
        self._generation = 0
        self._calls = Window(self.rules.window_s)
        self._in_a_row = 0
        self._probing = False
        self._good = 0
        self._reopens_at = 0.0
        self._open_for = 0.0
        self._closed_at: float | None = None
        self._flaps = 0

    def admit(self, now: float, *, read: bool = True) -> Permit | None:
        """Leave to call, or None. While it recovers only one read at a time may try; a write is never the probe."""
        if self.state is State.CLOSED:
            return Permit(self._generation, probe=False)
        if not read or self._probing or (self.state is State.OPEN and now < self._reopens_at):
            return None
        if self.state is State.OPEN:
            self._move(State.HALF_OPEN)
        self._probing = True
        return Permit(self._generation, probe=True)

    def settle(self, permit: Permit, verdict: Verdict, now: float) -> None:
        if permit.generation != self._generation:
            return
        if permit.probe:
            self._probing = False
            self._settle_probe(verdict, now)
        elif verdict is not Verdict.NEUTRAL:
            failed = verdict is Verdict.BAD
            self._calls.add(now, marked=failed)
            self._in_a_row = self._in_a_row + 1 if failed else 0
            if failed and self._is_sick(now):
                self._open(now)

    def cancel(self, permit: Permit) -> None:
        """The call never took place."""
        if permit.probe and permit.generation == self._generation:
            self._probing = False

    def admit_early(self) -> Permit | None:
        """Leave for a background probe before the open time is over; one that succeeds ends it. A system that opens
        again and again since it was calm waits its full time."""
        flapping = self._flaps >= self.rules.flaps
        if self._probing or self.state is State.CLOSED or (self.state is State.OPEN and flapping):
            return None
        self._probing = True
        return Permit(self._generation, probe=True)

    def retry_after(self, now: float) -> int:
        """Whole seconds until it is worth asking again."""
        return max(1, round(self._reopens_at - now + 0.5)) if self.state is State.OPEN else 1

    def _settle_probe(self, verdict: Verdict, now: float) -> None:
        if verdict is Verdict.BAD:
            if self.state is State.HALF_OPEN:
                self._open(now)
            return
        if self.state is State.OPEN:
            self._move(State.HALF_OPEN)
        self._good += 1
        if self._good >= self.rules.good_probes:
            self._close(now)

    def _is_sick(self, now: float) -> bool:
        calls, failed = self._calls.count(now)
        share = calls >= self.rules.minimum_calls and failed >= self.rules.share * calls
        return share or self._in_a_row >= self.rules.consecutive

    def _open(self, now: float) -> None:
        if self.state is State.CLOSED:
            soon = self._closed_at is not None and now - self._closed_at < self.rules.calm_s
            self._flaps = self._flaps + 1 if soon else 0
        again = self._flaps > 0 or self.state is State.HALF_OPEN
        self._open_for = min(self._open_for * 2, self.rules.open_max_s) if again else self.rules.open_s
        self._reopens_at = now + self._open_for
        self._move(State.OPEN)

    def _close(self, now: float) -> None:
        self._closed_at = now
        self._calls.clear()
        self._in_a_row = 0
        self._move(State.CLOSED)

    def _move(self, state: State) -> None:
        self.state = state
        self._generation += 1
        self._probing = False
        self._good = 0

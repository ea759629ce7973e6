"""Figures of the gateway for Prometheus, in the one registry that is handed in. No person in any of them.

Several workers are several processes; counters add up, and of the gauges the sum or the worst is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30)
BREAKER = {"closed": 0, "half-open": 1, "open": 2, "denied": 3}


class Metrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter("hub_calls", "Calls by system and outcome", ["system", "outcome"], registry=registry)
        self._seconds = Histogram(
            "hub_department_seconds",
            "From asking a department to its answer",
            ["system"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._in_flight = _gauge("hub_in_flight", "Calls a department is busy with", registry, "livesum", "system")
        self._breaker = _gauge(
            "hub_breaker", "0 closed, 1 half-open, 2 open, 3 denied: our credentials", registry, "livemax", "system"
        )
        self._waiting = _gauge("hub_records_waiting", "Records not yet in PostgreSQL", registry, "livesum")
        self._lost = _gauge("hub_records_lost", "Records that had to be dropped", registry, "sum")
        self._scans_waiting = _gauge("hub_scans_waiting", "Scans of gates not yet in PostgreSQL", registry, "livesum")
        self._scans_lost = _gauge("hub_scans_lost", "Scans of gates that had to be dropped", registry, "sum")
        self._redis = _gauge("hub_redis_away", "1 while Redis does not answer", registry, "livemax")
        self._found = _gauge(
            "hub_inspection_bad", "1 while the rounds find it degraded, failing or expired", registry, "mostrecent",
            "kind", "target",
        )  # fmt: skip
        self._ends = _gauge("hub_expiry_days", "Days until it ends", registry, "mostrecent", "target")
        self._jobs = _gauge("hub_jobs", "Jobs by status", registry, "mostrecent", "status")
        self._messages = _gauge(
            "hub_messages", "Messages not at their end, and those of the last 24 h", registry, "mostrecent",
            "channel", "state",
        )  # fmt: skip
        self._unsent = _gauge("hub_message_oldest_unsent_seconds", "Age of the oldest", registry, "mostrecent")
        self._unheard = _gauge("hub_cases_unheard", "Applications no department acknowledged", registry, "mostrecent")
        self._anew = _gauge("hub_papers_asked_anew", "Papers asked for although held", registry, "mostrecent")
        self._told: set[tuple[str, str]] = set()
        self._legs_lost = _gauge("hub_legs_lost", "Legs that could not be kept", registry, "sum")
        self._counters: dict[tuple[str, str], Any] = {}
        self._timers: dict[str, Any] = {}

    def call(self, system: str, outcome: str, seconds: float | None) -> None:
        """One call; `seconds` is None when the department was not asked."""
        counter = self._counters.get((system, outcome))
        if counter is None:
            counter = self._counters[system, outcome] = self._calls.labels(system, outcome)
        counter.inc()
        if seconds is not None:
            timer = self._timers.get(system)
            if timer is None:
                timer = self._timers[system] = self._seconds.labels(system)
            timer.observe(seconds)

    def inspection(self, bad: Mapping[tuple[str, str], bool], days: Mapping[str, float]) -> None:
        """What the rounds found last, by kind and target, and how many days are left of what ends."""
        for (kind, target), is_bad in bad.items():
            self._found.labels(kind, target).set(is_bad)
        for target, left in days.items():
            self._ends.labels(target).set(round(left, 2))

    def jobs(self, counts: Mapping[str, int], legs_lost: int) -> None:
        for status, count in counts.items():
            self._jobs.labels(status).set(count)
        self._legs_lost.set(legs_lost)

    def messages(self, counts: Mapping[tuple[str, str], int], oldest_unsent_s: float) -> None:
        """By channel and state."""
        for gone in self._told - counts.keys():
            self._messages.labels(*gone).set(0)
        self._told |= counts.keys()
        for (channel, state), count in counts.items():
            self._messages.labels(channel, state).set(count)
        self._unsent.set(round(oldest_unsent_s, 1))

    def scans(self, waiting: int, lost: int) -> None:
        """Of this process, told by whoever writes them."""
        self._scans_waiting.set(waiting)
        self._scans_lost.set(lost)

    def cases(self, unheard: int, asked_anew: int) -> None:
        self._unheard.set(unheard)
        self._anew.set(asked_anew)

    def state(
        self,
        in_flight: Mapping[str, int],
        breakers: Mapping[str, str],
        records_waiting: int,
        records_lost: int,
        redis_away: bool,
    ) -> None:
        """What is so just now; told once a second, because a gauge of several processes cannot be asked."""
        for system, count in in_flight.items():
            self._in_flight.labels(system).set(count)
        for system, state in breakers.items():
            self._breaker.labels(system).set(BREAKER[state])
        self._waiting.set(records_waiting)
        self._lost.set(records_lost)
        self._redis.set(redis_away)


def _gauge(name: str, text: str, registry: CollectorRegistry, mode: Any, *labels: str) -> Gauge:
    return Gauge(name, text, labels, registry=registry, multiprocess_mode=mode)

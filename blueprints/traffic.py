"""Counts of what the web door saw: requests and their seconds, by route, status and problem code. No person in it.

Several workers are several processes. When PROMETHEUS_MULTIPROC_DIR (a folder emptied at each start) is set before
prometheus_client is first imported, every worker writes its counts there and any of them shows the totals; otherwise,
as in a test, a worker shows its own. To write there costs a fifth of a small answer, so it is done for all of half a
second at once; a worker that is killed takes that half second with it.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections import deque
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from blueprints.problems import CODE

_BUCKETS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 15, 30)
_WRITE_S = 0.5
ROUTE = "hub.route"  # where the frame, or the door for a kept answer, leaves the rule that matched
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Traffic:
    """The counters of one app."""

    def __init__(self, hub_registry: CollectorRegistry) -> None:
        self._hub_registry = hub_registry
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "hub_http_requests", "Answers given", ["method", "route", "status", "code"], registry=registry
        )
        self._seconds = Histogram(
            "hub_http_request_seconds",
            "Seconds to the answer",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._counters: dict[tuple[str, str, str, str], tuple[Any, Any]] = {}
        self._shared = values.ValueClass is not values.MutexValue
        self._seen: deque[tuple[tuple[str, str, str, str], float]] = deque()
        self._turn = threading.Lock()
        self._writer: threading.Thread | None = None

    def count(self, environ: Mapping[str, Any], status: str, seconds: float) -> None:
        """One answer. The route is the rule that matched, never the path itself."""
        route = environ.get(ROUTE, "none")
        method = environ["REQUEST_METHOD"]
        key = (method if method in _METHODS else "other", route, status, environ.get(CODE, ""))
        if self._shared:
            self._seen.append((key, seconds))
            if self._writer is None:
                self._begin()
            return
        pair = self._counters.get(key) or self._pair(key)
        pair[0].inc()
        pair[1].observe(seconds)

    def write(self) -> None:
        """What was seen since the last time, added up, to where all workers' counts are."""
        with self._turn:
            found: dict[tuple[str, str, str, str], list[float]] = {}
            for _ in range(len(self._seen)):
                key, seconds = self._seen.popleft()
                found.setdefault(key, []).append(seconds)
            for key, each in found.items():
                count, histogram = self._counters.get(key) or self._pair(key)
                count.inc(len(each))
                histogram._sum.inc(sum(each))  # what `observe` does, once for many
                for place, several in Tally(bisect_left(histogram._upper_bounds, one) for one in each).items():
                    histogram._buckets[place].inc(several)

    def _begin(self) -> None:
        with self._turn:
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="traffic", daemon=True)
                self._writer.start()

    def _run(self) -> None:
        """While there is something to write. Whoever comes after the last look finds no writer, and begins anew."""
        while self._seen:
            time.sleep(_WRITE_S)
            self.write()
        self._writer = None
        self.write()

    def _pair(self, key: tuple[str, str, str, str]) -> tuple[Any, Any]:
        method, route, status, code = key
        pair = self._requests.labels(method, route, status, code), self._seconds.labels(method, route)
        self._counters[key] = pair
        return pair

    def text(self) -> bytes:
        """What Prometheus reads."""
        if self._shared:
            self.write()
            everyone = CollectorRegistry()
            MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
            return bytes(generate_latest(everyone))
        return bytes(generate_latest(self._hub_registry)) + bytes(generate_latest(self._registry))

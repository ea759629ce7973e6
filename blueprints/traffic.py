"""Counts of what the web door saw: requests and their seconds, by route, status and problem code. No person in it.

Several workers are several processes. When PROMETHEUS_MULTIPROC_DIR (a folder emptied at each start) is set before
prometheus_client is first imported, every worker writes its counts there and any of them shows the totals; otherwise,
as in a test, a worker shows its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from blueprints.problems import CODE

_BUCKETS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 15, 30)
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

    def count(self, environ: Mapping[str, Any], status: str, seconds: float) -> None:
        """One answer. The route is the rule that matched, never the path itself."""
        route = environ.get(ROUTE, "none")
        method = environ["REQUEST_METHOD"]
        key = (method if method in _METHODS else "other", route, status, environ.get(CODE, ""))
        pair = self._counters.get(key) or self._pair(key)
        pair[0].inc()
        pair[1].observe(seconds)

    def _pair(self, key: tuple[str, str, str, str]) -> tuple[Any, Any]:
        method, route, status, code = key
        pair = self._requests.labels(method, route, status, code), self._seconds.labels(method, route)
        self._counters[key] = pair
        return pair

    def text(self) -> bytes:
        """What Prometheus reads."""
        if values.ValueClass is not values.MutexValue:
            everyone = CollectorRegistry()
            MultiProcessCollector(everyone)
            return bytes(generate_latest(everyone))
        return bytes(generate_latest(self._hub_registry)) + bytes(generate_latest(self._registry))

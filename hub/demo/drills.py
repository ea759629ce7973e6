"""Makes a simulated department ill and well again, so that a visitor of the console can watch the others not notice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hub.demo import twins
from hub.errors import Problem

ILLNESSES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"hang": {"hang": True}, "slow": {"latency_ms": 2000}, "garbage": {"garbage": True}, "down": {"down": True}}
)
_WHERE = "/twin/toxics"


class Drills:
    """The twins of one demo, by the systems they play. `demo` is its demo.json."""

    def __init__(self, demo: Path) -> None:
        self._demo = demo

    def systems(self) -> list[str]:
        """Those that can be made ill."""
        return sorted(self._twins())

    def infect(self, system: str, illness: str) -> None:
        """From the next call on. Raises NOT_FOUND, DEPARTMENT_UNAVAILABLE when the twin does not answer."""
        twins.ask(self._twin(system), "PUT", _WHERE, ILLNESSES[illness])

    def heal(self, system: str) -> None:
        twins.ask(self._twin(system), "DELETE", _WHERE)

    def _twins(self) -> Mapping[str, Mapping[str, str]]:
        return {entry["system"]: entry for entry in twins.told(self._demo)["twins"].values()}

    def _twin(self, system: str) -> Mapping[str, str]:
        twin = self._twins().get(system)
        if twin is None:
            raise Problem("NOT_FOUND")
        return twin

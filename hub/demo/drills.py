"""Makes a simulated department ill and well again, so that a visitor of the console can watch the others not notice.

Only what `hub demo` started can be reached: the control addresses stand in its demo.json.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from hub.errors import Problem

ILLNESSES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"hang": {"hang": True}, "slow": {"latency_ms": 2000}, "garbage": {"garbage": True}, "down": {"down": True}}
)
_WAIT_S = 5


class Drills:
    """The twins of one demo, by the systems they play."""

    def __init__(self, demo: Path) -> None:
        self._demo = demo

    def systems(self) -> list[str]:
        """Those that can be made ill."""
        return sorted(self._addresses())

    def infect(self, system: str, illness: str) -> None:
        """From the next call on. Raises NOT_FOUND, DEPARTMENT_UNAVAILABLE when the twin does not answer."""
        self._tell(system, "PUT", json.dumps(ILLNESSES[illness]))

    def heal(self, system: str) -> None:
        self._tell(system, "DELETE")

    def _addresses(self) -> dict[str, str]:
        try:
            twins = json.loads(self._demo.read_text(encoding="utf-8"))["twins"]
        except (OSError, ValueError, KeyError):
            return {}  # the county is still opening
        return {entry["system"]: entry["url"] for entry in twins.values()}

    def _tell(self, system: str, method: str, body: str | None = None) -> None:
        url = self._addresses().get(system)
        if url is None:
            raise Problem("NOT_FOUND")
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=_WAIT_S)) as connection:
            try:
                connection.request(method, "/twin/toxics", body, {"Content-Type": "application/json"} if body else {})
                answered = connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                raise Problem("DEPARTMENT_UNAVAILABLE", origin="hub", retry_after=5) from error
        if answered >= 400:
            raise Problem("DEPARTMENT_UNAVAILABLE", origin="hub", retry_after=5, note=f"{system}: {answered}")

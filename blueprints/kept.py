"""Public answers kept as bytes for a moment, so that the door can give them without waking Flask.

A view that answers everybody the same calls `keep(seconds)`. A switch must be seen within a second everywhere, so the
moments are short: at a high rate nearly every answer is a kept one, at a low rate none is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from blueprints.problems import preferred
from blueprints.traffic import ROUTE

KEEP = "hub.keep"
LONGEST_S = 0.5
_MOST = 512
_LARGEST = 256 * 1024


def keep(seconds: float = 0.25) -> None:
    """Let the door repeat the answer of this view for so long."""
    request.environ[KEEP] = min(seconds, LONGEST_S)


@dataclass(frozen=True, slots=True)
class Copy:
    """One kept answer; `route` is the rule it came from, for the counters."""

    until: float
    route: str
    headers: tuple[tuple[str, str], ...]
    etag: str
    body: bytes


class Kept:
    """The copies of one worker."""

    def __init__(self) -> None:
        self._copies: dict[tuple[str, str, str], Copy] = {}

    def find(self, environ: Mapping[str, Any], now: float) -> Copy | None:
        """The copy that answers this request, if there is one that is still good."""
        if environ["REQUEST_METHOD"] != "GET" or not self._copies:
            return None
        copy = self._copies.get(question(environ))
        return copy if copy is not None and now < copy.until else None

    def store(self, environ: Mapping[str, Any], now: float, headers: list[tuple[str, str]], body: list[bytes]) -> None:
        """Keep what a view wants kept."""
        whole = b"".join(body)
        if environ["REQUEST_METHOD"] != "GET" or len(whole) > _LARGEST:
            return
        if len(self._copies) >= _MOST:
            self._copies.clear()
        route = environ[ROUTE]
        etag = next((value for name, value in headers if name == "ETag"), "")
        self._copies[question(environ)] = Copy(now + environ[KEEP], route, tuple(headers), etag, whole)


def question(environ: Mapping[str, Any]) -> tuple[str, str, str]:
    """What is asked, and in which language."""
    return environ["PATH_INFO"], environ.get("QUERY_STRING", ""), preferred(environ.get("HTTP_ACCEPT_LANGUAGE"))

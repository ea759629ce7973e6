"""W3C trace context: one trace id from the phone through every log line to the department.

An invalid or doubled `traceparent` starts a new trace; a valid one keeps its trace id.
Source: W3C Trace Context, Level 1.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_SHAPE = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trace:
    """`id` is 32 hex digits; `sampled` is the caller's flag."""

    id: str
    sampled: bool = True

    def child(self) -> str:
        """The `traceparent` of one call outwards: same trace, new parent id."""
        return f"00-{self.id}-{random.getrandbits(64) or 1:016x}-{'01' if self.sampled else '00'}"


def new() -> Trace:
    return Trace(f"{random.getrandbits(128) or 1:032x}")  # an id must be new, not secret


def continued(traceparent: str | None) -> Trace:
    """The trace a request belongs to; a new one where the header is missing or not valid."""
    match = _SHAPE.fullmatch(traceparent.strip(" \t")) if traceparent else None
    if match is None:
        return new()
    version, trace_id, parent, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not trace_id.strip("0") or not parent.strip("0"):
        return new()
    return Trace(trace_id, bool(int(flags, 16) & 1))

"""One call on its way through the gateway: what the steps know about it and what they note for the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hub.gateway.orders import Answer, Caller
from hub.port import Stage
from hub.settings.shapes import Service
from hub.trace import Trace


@dataclass(slots=True)
class Passage:
    """`deadline` and `arrived` are time.monotonic() seconds. `service` is None for the hub's own questions."""

    service: Service | None
    system: str
    operation: str
    fields: Mapping[str, Any]
    caller: Caller
    subject_tag: bytes
    trace: Trace
    arrived: float
    received_at: datetime
    deadline: float
    data_class: int
    key: str | None = None
    write: bool = False
    stage: Stage | None = None  # told how far a filing has come
    acting_tag: bytes | None = None  # who acted, where the subject is somebody else
    ticket: int = 0  # of the bulkhead, while this thread holds a place there
    # for the record
    asked_at: float | None = None
    answered_at: float | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    attempts: int = 0
    cached: bool = False
    stale: bool = False
    failure: str = ""

    def moment(self, monotonic: float) -> datetime:
        """That second as wall time, counted from arrival, so that a jump of the clock cannot turn the order round."""
        return self.received_at + timedelta(seconds=monotonic - self.arrived)

    def left(self) -> float:
        return self.deadline - time.monotonic()


Onward = Callable[[Passage], Answer]
Step = Callable[[Onward, Passage], Answer]
"""A step may refuse, answer by itself, or go onward and look at what comes back."""


def way(steps: Sequence[Step], last: Onward) -> Onward:
    """The steps as one function, in the order they are written."""
    onward = last
    for step in reversed(steps):
        onward = partial(step, onward)
    return onward

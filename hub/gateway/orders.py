"""What is asked of the gateway and what it answers; all frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import orjson

from hub.errors import Problem
from hub.settings.shapes import Service
from hub.trace import Trace


class Registered(Protocol):
    """What a person is registered with; it fills the subject fields of a service."""

    @property
    def id_number(self) -> str: ...

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ActsFor:
    """Whose data is asked for instead of the caller's own: a person's (id_number) or a company's (credit_code).

    `represented` is a citizen's id, or one made for who has none; `scope` holds `service:<id>`, `theme:<id>` and
    `licence:<kind>`; `until` is when the mandate ends by itself.
    """

    mandate_id: str
    represented: str
    scope: frozenset[str]
    id_number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    credit_code: str = field(default="", repr=False)
    until: datetime | None = None

    def covers(self, service: Service) -> bool:
        return f"service:{service.id}" in self.scope or any(f"theme:{theme}" in self.scope for theme in service.themes)

    def covers_licence(self, kind: str) -> bool:
        return f"licence:{kind}" in self.scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `subject` is the citizen's id (or the staff member's); `level` is how surely the person is known.
    `acts_for` is set when the call is made under a mandate."""

    subject: str
    level: int
    kind: Literal["citizen", "staff", "verifier", "hub"] = "citizen"
    region: str = ""
    acts_for: ActsFor | None = None

    @property
    def whose(self) -> str:
        """Whose data it is: the represented person's, or the caller's own."""
        return self.acts_for.represented if self.acts_for else self.subject


@dataclass(frozen=True, slots=True)
class Order:
    """One call of one service. `fields` have passed the service's form. `arrived` is time.monotonic() at arrival;
    `key` is the Idempotency-Key, None when none was sent."""

    service: Service
    caller: Caller
    fields: Mapping[str, Any]
    trace: Trace
    arrived: float
    received_at: datetime
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the citizen gets. `at` is when the department said so; `stale` when it could not be asked again."""

    fields: Mapping[str, Any]
    system: str
    at: datetime
    receipt: str | None = None
    done: bool = True
    stale: bool = False
    parts: tuple[Part, ...] = ()

    def packed(self) -> bytes:
        """As bytes, to be sealed and kept. What was a date is its text afterwards, as it is for the citizen."""
        return orjson.dumps([self.fields, self.system, self.at, self.receipt, self.done, self.stale])

    @classmethod
    def unpacked(cls, packed: bytes) -> Answer:
        fields, system, at, receipt, done, stale = orjson.loads(packed)
        return cls(fields, system, datetime.fromisoformat(at), receipt, done, stale)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a batch: an answer, or the problem it met."""

    service: str
    answer: Answer | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """How a system fares as this worker sees it: works | contacted_unproven | failing | off."""

    system: str
    state: Literal["works", "contacted_unproven", "failing", "off"]
    breaker: str
    in_flight: int
    p50_ms: float | None
    p95_ms: float | None
    last_failures: tuple[Failure, ...] = field(default_factory=tuple)
    last_good_at: datetime | None = None
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call: when, which code, and the trace that finds it again."""

    at: datetime
    operation: str
    code: str
    trace_id: str

"""The port between the hub and an adapter: two methods, two messages, five errors.

An adapter sees no citizen, no session and no settings of the hub; it gets a `Setting` when it is opened and a `Call`
each time. Only the five errors below may leave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hub.errors import Fault, Problem


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a department. `deadline` is a time.monotonic() second; `fields` are validated hub fields."""

    operation: str
    fields: Mapping[str, Any]
    deadline: float
    traceparent: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The department's answer in hub fields. Sizes are bytes on the wire; `receipt` is the department's own number."""

    fields: Mapping[str, Any]
    receipt: str | None = None
    done: bool = True
    request_bytes: int = 0
    response_bytes: int = 0


class Shared(Protocol):
    """A small store that the workers share and that may vanish at any moment (tokens, cookies). Values are sealed."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes, seconds: float) -> None: ...

    def delete(self, key: str) -> None: ...

    def lock(self, key: str, deadline: float) -> AbstractContextManager[None]:
        """Hold `key` alone among all workers; raises Unavailable when `deadline` (monotonic) passes first."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """All an adapter is told when it is opened.

    `facts` is its checked system.yaml, `address` its base URL from config, `secrets` the resolved secret values by
    name, `options` what operations wrote for it in systems.yaml, `folder` where its WSDL and samples lie.
    `allow_private` admits a loopback or private address, which is refused otherwise.
    """

    name: str
    address: str
    facts: Mapping[str, Any]
    folder: Path
    shared: Shared
    secrets: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    allow_private: bool = False


class Adapter(Protocol):
    """What speaks to one system. Opened once per process, called by many threads at once."""

    def call(self, call: Call) -> Reply: ...

    def probe(self, deadline: float) -> None:
        """Ask something harmless. Returns when the system works; raises one of the five errors otherwise."""
        ...

    def close(self) -> None: ...


class PortError(Problem):
    """One of the five errors. `sample` holds at most 4 KiB of the answer's bytes, for the sealed record only.

    `origin` is set by the gateway, which knows the department.
    """

    default_code = "DEPARTMENT_UNAVAILABLE"

    def __init__(
        self,
        note: str = "",
        *,
        code: str | None = None,
        sample: bytes = b"",
        notice: str | Mapping[str, str] | None = None,
        faults: tuple[Fault, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(
            code or self.default_code, origin="hub", note=note, notice=notice, faults=faults, retry_after=retry_after
        )
        self.sample = sample[:4096]


class Unavailable(PortError):
    """Certainly not done: refused, unreachable, announced maintenance."""


class OutcomeUnknown(PortError):
    """Sent, and no usable answer came in time."""

    default_code = "DEPARTMENT_TIMEOUT"


class Rejected(PortError):
    """The department's own, correct no. `faults` carry its reason by our table, never its raw text."""

    default_code = "DEPARTMENT_REJECTED"


class Garbled(PortError):
    """The answer is not understood: charset, truncation, unknown code, missing field, another person's record."""

    default_code = "UPSTREAM_MALFORMED"


class Denied(PortError):
    """The department refused our credentials or our signature."""

    default_code = "DEPARTMENT_DENIED"

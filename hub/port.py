"""The port between the hub and an adapter: two methods, two messages, five errors.

An adapter sees no citizen, no session and no settings of the hub; it gets a `Setting` when it is opened and a `Call`
each time. Only the five errors below may leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from hub.errors import Fault, Problem

STAGES = ("before_connect", "connected", "body_started", "body_half", "body_done", "head", "done")
Stage = Callable[[str], None]
"""Told how far a write has come, by one of STAGES: asked at `body_started`, before a byte of it leaves, and at
`body_half` before each further piece. May raise Halted at these two, and then nothing more may leave."""


class Halted(Exception):
    """Whoever ordered a write has lost the right to send it. Never leaves an adapter: there it is Unavailable when no
    byte had left, OutcomeUnknown after that."""


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a department. `deadline` is a time.monotonic() second; `fields` are validated hub fields.
    `stage` is given with a filing; an adapter that tells it has `tells_stages`."""

    operation: str
    fields: Mapping[str, Any]
    deadline: float
    traceparent: str = ""
    key: str = ""
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The department's answer in hub fields. Sizes are bytes on the wire; `receipt` is the department's own number."""

    fields: Mapping[str, Any]
    receipt: str | None = None
    done: bool = True
    request_bytes: int = 0
    response_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a department brought by itself: a message, a file, a batch of an exchange table, a callback.

    `id` is the department's own name for it (message id, file name, batch number). The same id with the same bytes is
    the same delivery, however often it comes; the same id with other bytes is a new one. `headers` hold no personal
    value. `handle` is the adapter's own, to settle it with.
    """

    id: str
    raw: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    handle: Any = None


class Record(NamedTuple):
    """One row of a delivery in hub fields. `key` names it within its dataset; `deleted` when the department took it
    back. `version` orders two of one key: the higher counts, whichever comes first. A tuple, because a large file makes
    so many."""

    dataset: str
    key: str
    fields: Mapping[str, Any]
    version: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that is refused, for the report to the department: where it stands (file, sheet, row, column), why."""

    place: str
    code: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What somebody should look at: something that was agreed and is not there (`late`, `gap`), or is not as agreed.
    `about` names it, the same at each look; told at each look until it is over. No personal value."""

    kind: str
    about: str
    note: str


class Source(Protocol):
    """An adapter that also brings deliveries. The hub stores each before anything is done with it, then settles it.

    One whose department wants to know which rows were refused has `report(delivery, refused, more)` too, `more` being
    how many are not listed; it is called with no transaction open, may be called again with the same rows, and raises
    the port's errors."""

    def collect(self, deadline: float) -> Iterator[Delivery | Alarm]:
        """What waits now. What was not settled comes again, so a crash loses nothing. Raises the port's errors."""
        ...

    def settle(self, delivery: Delivery) -> None:
        """It is in the hub's inbox: acknowledge it, mark it taken, move it aside."""
        ...

    def read(self, delivery: Delivery) -> Iterator[Record | BadRow]:
        """The rows of a stored delivery, one after the other, so that a large file costs no memory. One bad row never
        stops the good ones; raises Garbled when the whole of it cannot be understood (truncated, wrong charset)."""
        ...


class Receiver(Protocol):
    """An adapter whose department calls us. `read` of Source gives the rows of what it brought."""

    def receive(self, headers: Mapping[str, str], raw: bytes) -> Delivery:
        """A callback whose signature and time were checked; header names are in small letters. Raises Denied:
        CALLBACK_FORGED, or CALLBACK_STALE when it is signed well but too old or too early."""
        ...


class Records(Protocol):
    """What was delivered and read, as one system's adapter may look it up. Sealed, and only the fields declared."""

    def find(self, dataset: str, field: str, value: str) -> tuple[Sequence[Mapping[str, Any]], datetime | None]:
        """The rows whose declared look-up field has this value, and when the youngest delivery of the dataset came
        (None: none ever came, so nothing is known)."""
        ...


class Shared(Protocol):
    """A small store that the workers share and that may vanish at any moment (tokens, cookies). Values are sealed."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes, seconds: float) -> None: ...

    def delete(self, key: str) -> None: ...

    def lock(self, key: str, deadline: float) -> AbstractContextManager[None]:
        """Hold `key` alone among all workers; raises Unavailable when `deadline` (monotonic) passes first."""
        ...


Unmapped = Callable[[str, str, str], None]
"""Told of what an answer held that system.yaml does not know: operation, kind (element, code table …), the
department's own word for it. Never a personal value."""


def nobody_listens(operation: str, kind: str, word: str) -> None:
    """What is not mapped is refused or left out all the same."""


Numbers = Callable[[str, str], tuple[str, str]]
"""Looks at a number that a department told, of a kind (id_number, credit_code …): the number in its one form and
nothing, or nothing and the code of what is wrong with it."""


def as_it_came(_: str, number: str) -> tuple[str, str]:
    """Nobody looks."""
    return number, ""


@dataclass(frozen=True, slots=True)
class Setting:
    """All an adapter is told when it is opened.

    `facts` is its checked system.yaml, `address` its base URL from config, `secrets` the resolved secret values by
    name, `options` what operations wrote for it in systems.yaml, `folder` where its WSDL and samples lie, `records`
    what was delivered before.
    `allow_private` admits a loopback or private address, which is refused otherwise; `unmapped` counts what an answer
    held that nobody mapped, `numbers` knows what makes a number one.
    """

    name: str
    address: str
    facts: Mapping[str, Any]
    folder: Path
    shared: Shared
    secrets: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    allow_private: bool = False
    records: Records | None = None
    unmapped: Unmapped = nobody_listens
    numbers: Numbers = as_it_came


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

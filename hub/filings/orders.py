"""What is asked of the outbox and what it tells; all frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from hub.paper import Paper


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be filed at a department. `subject_tag` is the keyed hash of the person or company; `natural_key` is
    what the law allows once, '' where it allows several; `version` 1, then +1 for each correction filed anew.

    `citizen_id` is in whose record the exchange stands; `fields` are hub fields of the operation.
    """

    receipt_no: str
    service: str
    system: str
    operation: str
    subject_tag: str
    natural_key: str
    version: int
    fields: Mapping[str, object]
    papers: tuple[Paper, ...] = ()
    citizen_id: str = ""

    @property
    def key(self) -> str:
        """Our own number at the department: the same for every try of one version."""
        return self.receipt_no if self.version == 1 else f"{self.receipt_no}-{self.version}"

    @property
    def content(self) -> bytes:
        said = [self.operation, dict(self.fields), [paper.sha256 for paper in self.papers]]
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS, default=str)

    def packed(self) -> bytes:
        return orjson.dumps(self, default=str)

    @classmethod
    def unpacked(cls, packed: bytes) -> Order:
        said: dict[str, Any] = orjson.loads(packed)
        return cls(**{**said, "papers": tuple(Paper(**paper) for paper in said["papers"])})


@dataclass(frozen=True, slots=True)
class Moved:
    """One change of state, told in its own transaction. `reason` is a code."""

    receipt_no: str
    version: int
    state: str
    department_receipt: str
    reason: str
    at: datetime


Told = Callable[[Session, Moved], None]


def nobody_told(session: Session, moved: Moved) -> None:
    """No room listens."""


@dataclass(frozen=True, slots=True)
class Filing:
    """How a filing stands: `state` as citizens read it (ready, inflight, unknown, confirmed, settled, rejected, manual,
    cancelling, cancelled), with its sentence by language; `due` is by when it will have moved."""

    receipt_no: str
    version: int
    state: str
    department_receipt: str
    reason: str
    since: datetime
    due: datetime | None
    sentence: Mapping[str, str]
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a filing's history."""

    at: datetime
    version: int
    state: str
    reason: str
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, as operations see it."""

    n: int
    account: str
    worker: str
    started_at: datetime
    first_byte_out_at: datetime | None
    ended_at: datetime | None
    stage: str
    outcome: str
    trace_id: str

"""One exchange as it is recorded: who asked which system what kind of thing, when, and how it ended. No payload."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


def _new_id() -> UUID:
    return UUID(int=random.getrandbits(128), version=4)  # new, not secret: who may see a record is asked elsewhere


@dataclass(frozen=True, slots=True)
class Exchange:
    """The fields are the columns of `ledger_exchange`.

    request_in: it reached the hub; request_out: it left for the department; response_in: the department answered;
    response_out: the hub was done with it. The middle two are None when the department was not asked.
    `subject_tag` is a keyed hash; `acting_tag` is that of who acted for the subject, None where nobody did.
    `outcome` is OK or the problem's code.
    """

    request_in_at: datetime
    request_out_at: datetime | None
    response_in_at: datetime | None
    response_out_at: datetime
    trace_id: str
    service: str
    system: str
    operation: str
    subject_tag: bytes
    caller_kind: str
    purpose: str
    data_class: int
    outcome: str
    origin: str
    request_bytes: int = 0
    response_bytes: int = 0
    attempts: int = 1
    stale: bool = False
    cached: bool = False
    acting_tag: bytes | None = None
    id: UUID = field(default_factory=_new_id)

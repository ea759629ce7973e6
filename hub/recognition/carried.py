"""What a person carries from one region to another, once its signature held: facts, and what they are bound to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.recognition.trust import Issuer

Fact = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Carried:
    """`facts` carry no name and no number. `id` and `batches` are what can be revoked; `nonce` is of one that is good
    once; `holder` binds it to a person without naming one. `payload` is a foreign certificate as its issuer wrote it,
    without the person, for rules in the issuer's own form."""

    issuer: Issuer
    facts: Sequence[Fact]
    issued_at: datetime
    expires_at: datetime
    id: str = ""
    batches: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    nonce: str = ""
    holder: str = ""
    name_masked: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)

"""A sign of life by a harmless question: the probe of system.yaml, asked as any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.port import Call, Rejected, Reply


def probe(ask: Callable[[Call], Reply], facts: Mapping[str, Any], deadline: float) -> None:
    """`facts` are those of `probe`. Raises what the question raises, but for a no that proves as much as an answer."""
    try:
        ask(Call(facts["operation"], facts["fields"], deadline))
    except Rejected:
        if not facts["rejected_is_fine"]:
            raise

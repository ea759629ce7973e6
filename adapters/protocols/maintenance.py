"""The maintenance page that a department puts in front of everything, mostly with status 200 (legacy.md Q4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.protocols.facts import TextFacts, texts
from hub.port import OutcomeUnknown, Unavailable


class MaintenanceFacts(TextFacts):
    """`marks` tell the page; citizens are told our own sentence instead of its text."""

    marks = texts(required=True)


def refuse_maintenance(text: str, facts: Mapping[str, Any] | None, changes: bool) -> None:
    """`changes`: the request may have changed something before the page came back."""
    if facts is None or not any(mark in text for mark in facts["marks"]):
        return
    if changes:
        raise OutcomeUnknown("a maintenance page instead of an answer")
    raise Unavailable("a maintenance page instead of an answer", notice={"zh": facts["zh"], "en": facts["en"]})

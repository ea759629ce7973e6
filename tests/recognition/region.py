"""Another region for tests: its own keys, its facts, its rules, a trust list it signs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.recognition import envelope
from hub.signing import Signing
from tests.recognition.authority import NOW


def rule(region: str, **changed: Any) -> dict[str, Any]:
    """A rule that accepts every fact with a report, in force for months."""
    whole = {
        "Identifier": f"RR-{region}-0001", "Type": "Acceptance", "Region": region, "Version": "1.0.0",
        "ValidFrom": "2026-07-01T00:00:00+08:00", "ValidTo": "2099-12-31T23:59:59+08:00",
        "AffectedFields": ["facts.0.report_date"], "Logic": True,
    }  # fmt: skip
    return {**whole, **changed}


@dataclass
class Region:
    """An issuer of facts with a key ring of its own (a real one: that of another hub)."""

    code: str
    signing: Signing = field(default_factory=lambda: Signing({secrets.token_hex(4): secrets.token_urlsafe(32)}))

    @property
    def entry(self) -> dict[str, Any]:
        """As a trust list names it."""
        return {"id": self.code, "way": "facts", "keys": self.signing.public()}

    @property
    def kid(self) -> str:
        return self.signing.key_id

    def fact(self, **changed: Any) -> dict[str, Any]:
        return {"kind": "health_code", "region": self.code, "grade": "00", "report_date": "2026-11-20", **changed}

    def code_of(self, now: datetime = NOW, minutes: int = 60, facts: Any = None, **bound: Any) -> str:
        facts = [self.fact()] if facts is None else facts
        return envelope.written(self.signing, self.code, facts, now, now + timedelta(minutes=minutes), "1.3.0",
                                **{"id": secrets.token_hex(8), **bound})  # fmt: skip

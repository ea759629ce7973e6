"""When a credential was issued and when it ends: one reading for all forms of credentials. Knows no clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.clock import CHINA
from hub.recognition.refusal import Refused

_DRIFT = timedelta(minutes=1)


def moment(value: Any, otherwise: Refused) -> datetime:
    """Seconds since 1970. Raises `otherwise` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise otherwise
    try:
        return datetime.fromtimestamp(value, UTC).astimezone(CHINA)
    except (ValueError, OverflowError, OSError):
        raise otherwise from None


def check(issued: datetime, expires: datetime, now: datetime) -> None:
    """Raises Refused for what is not yet, never, or no longer good."""
    if issued > now + _DRIFT:
        raise Refused("ISSUED_IN_FUTURE")
    if expires <= issued:
        raise Refused("TIMES_ORDER")
    if expires < now:
        raise Refused("PEER_FACT_EXPIRED")

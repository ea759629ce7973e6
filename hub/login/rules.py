"""Decisions about signing in: whether a token's claims hold, what a refresh token is worth, what WeChat's no means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from hub.errors import Fault

LEEWAY_S = 90  # between the clocks of our own machines
ATTEMPTS = 5
ATTEMPT_WINDOW_S = 900

_CITIZENS_NO = frozenset({"LOGIN_CODE_EXPIRED", "LOGIN_BLOCKED"})
_TEXTS = ("sub", "region", "sid", "jti")
_KINDS = ("citizen", "staff")


def claims_hold(claims: Mapping[str, Any], issuer: str, now: float) -> bool:
    """Whether a token with a good signature is of this hub, for this hub, of now, and whole."""
    issued, expires = claims.get("iat"), claims.get("exp")
    return (
        claims.get("iss") == issuer
        and claims.get("aud") == issuer
        and isinstance(issued, int)
        and isinstance(expires, int)
        and issued <= now + LEEWAY_S
        and now < expires
        and _is_whole(claims)
    )


def _is_whole(claims: Mapping[str, Any]) -> bool:
    roles = claims.get("roles")
    return (
        claims.get("kind") in _KINDS
        and isinstance(claims.get("level"), int)
        and all(isinstance(claims.get(name), str) for name in _TEXTS)
        and isinstance(roles, list)
        and all(isinstance(role, str) for role in roles)
    )


def worth(
    used_at: datetime | None, ended_at: datetime | None, expires_at: datetime, now: datetime
) -> Literal["good", "reused", "ended"]:
    """What a known refresh token is worth. A used one that comes again was copied: its session is not safe."""
    if ended_at is not None or expires_at <= now:
        return "ended"
    return "reused" if used_at is not None else "good"


def refusal(faults: Sequence[Fault]) -> str | None:
    """The code a citizen is told when WeChat says no; None when it is no answer to a login."""
    return next((fault.code for fault in faults if fault.code in _CITIZENS_NO), None)


def must_wait(count: int) -> bool:
    """Whether a user name has used up its attempts; `count` includes the present one."""
    return count > ATTEMPTS

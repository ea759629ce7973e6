"""Decisions about persons and accounts: what a one-time code is worth, whether an account may be used."""

from __future__ import annotations

import base64
import hmac
import struct
from datetime import datetime

from hub.errors import Problem
from hub.settings.shapes import Snapshot

_STEP_S = 30
_DRIFT = 1  # one step either way: phones' clocks
_DIGITS = 6


def one_time_code(secret: bytes, step: int) -> str:
    """HOTP of RFC 4226, the counter being a time step (RFC 6238)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def step_of(at: datetime) -> int:
    return int(at.timestamp()) // _STEP_S


def matching_step(secret: str, code: str, at: datetime) -> int | None:
    """The time step whose code this is, now or one step away; None when it is none of them. `secret` is Base32."""
    key = base64.b32decode(secret)
    steps = range(step_of(at) - _DRIFT, step_of(at) + _DRIFT + 1)
    return next((step for step in steps if hmac.compare_digest(one_time_code(key, step).encode(), code.encode())), None)


def is_usable(enabled: bool, expires_at: datetime, now: datetime) -> bool:
    """Whether an account may be used at this moment."""
    return enabled and now < expires_at


def is_office(office: str, settings: Snapshot) -> bool:
    """Whether staff may work there: a department, a region that is configured, a community (12 digits) of such a one,
    or nowhere in particular."""
    town = office[:9] if len(office) == 12 and office.isascii() and office.isdigit() else office
    return not office or office in settings.departments or town in settings.regions


STEPS = ("phone", "real_name", "face")  # of levels 1, 2 and 3


def level_required(required: int, present: int) -> Problem:
    """LEVEL_REQUIRED, which names the steps that are missing, in their order."""
    missing = list(STEPS[present:required]) or [STEPS[required - 1]]
    return Problem("LEVEL_REQUIRED", extra={"required_level": required, "level": present, "missing": missing})


def require_level(required: int, present: int) -> None:
    if present < required:
        raise level_required(required, present)

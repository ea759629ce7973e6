"""The code in the QR: 36 characters that say nothing, made from who and when by keyed hashes alone. No store is asked.

Synthetic-IV form: a tag over person and moment, and both veiled under the tag. The same person's next code looks like
anybody's; a changed bit, or another region's key, breaks the tag. The colour is never inside.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.clock import CHINA
from hub.crypto import Crypto
from hub.errors import Problem

SLOT_S = 30
LIVES = 2  # slots: the one it was made in and the next
LENGTH = 36
_SHAPE = re.compile(r"[A-Za-z0-9_-]{36}", re.ASCII)
_HOLDER = re.compile(r"[cp][0-9a-f]{32}", re.ASCII)
_TAG, _ID, _SLOTS = 8, 16, 1 << 22
_LETTER, _PAPER = 23, 22  # bits above the slot: which letter the id begins with, and that it is printed
_EPOCH = datetime(2020, 1, 1, tzinfo=CHINA)

Kind = Literal["shown", "paper", "mark"]
Ring = Literal["code", "mark"]


@dataclass(frozen=True, slots=True)
class Made:
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Read:
    """Whose code it is. A printed one has a `serial`: printing anew ends the one before."""

    citizen_id: str
    kind: Kind
    serial: int = 0


class Codes:
    def __init__(self, crypto: Crypto, region: Callable[[], str]) -> None:
        self._crypto, self._region = crypto, region

    def show(self, citizen_id: str, now: datetime) -> Made:
        """Good to the end of the next slot: 30 to 60 seconds."""
        slot = int(now.timestamp()) // SLOT_S
        ends = datetime.fromtimestamp((slot + LIVES) * SLOT_S, CHINA)
        return Made(self._made("code", citizen_id, slot % _SLOTS), ends)

    def paper(self, citizen_id: str, serial: int, until: datetime) -> str:
        """To be printed; good to the end of that day."""
        number = (serial % 64) << 16 | (until - _EPOCH).days
        return self._made("code", citizen_id, number | 1 << _PAPER)

    def mark(self, citizen_id: str) -> str:
        """What stands for somebody in a signed form; the same each time."""
        return self._made("mark", citizen_id, 0)

    def marked(self, mark: str) -> str:
        """Whose mark it is. Raises QR_INVALID."""
        return _whose(self._opened(mark, "mark"))

    def read(self, code: str, now: datetime, skew_s: int = 0) -> Read:
        """Raises QR_INVALID for whatever this hub did not make, QR_EXPIRED. `skew_s`: how wrong the clock that told
        `now` may be."""
        body = self._opened(code, "code")
        number = int.from_bytes(body[_ID:], "big")
        printed, number = number >> _PAPER & 1, number % _SLOTS
        if not (_lasts(number, now) if printed else _is_now(number, now, skew_s)):
            raise Problem("QR_EXPIRED")
        return Read(_whose(body), "paper", number >> 16) if printed else Read(_whose(body), "shown")

    def _made(self, ring: Ring, citizen_id: str, number: int) -> str:
        if not _HOLDER.fullmatch(citizen_id):
            raise Problem("NOT_FOUND")  # a company has no health
        number |= ("cp".index(citizen_id[0])) << _LETTER
        body = bytes.fromhex(citizen_id[1:]) + number.to_bytes(3, "big")
        tag = self._tag(ring, body)
        return base64.urlsafe_b64encode(tag + self._veiled(tag, body)).decode()

    def _opened(self, code: str, ring: Ring) -> bytes:
        if not _SHAPE.fullmatch(code):
            raise Problem("QR_INVALID")
        raw = base64.urlsafe_b64decode(code)
        tag, body = raw[:_TAG], self._veiled(raw[:_TAG], raw[_TAG:])
        if not hmac.compare_digest(tag, self._tag(ring, body)):
            raise Problem("QR_INVALID")
        return body

    def _tag(self, ring: Ring, body: bytes) -> bytes:
        return self._crypto.lookup(body.hex(), f"health_code.{ring}:{self._region()}")[:_TAG]

    def _veiled(self, tag: bytes, body: bytes) -> bytes:
        veil = self._crypto.lookup(tag.hex(), f"health_code.veil:{self._region()}")
        size = len(body)
        return (int.from_bytes(body, "big") ^ int.from_bytes(veil[:size], "big")).to_bytes(size, "big")


def _whose(body: bytes) -> str:
    return "cp"[body[_ID] >> 7] + body[:_ID].hex()


def _is_now(slot: int, now: datetime, skew_s: int) -> bool:
    first, last = (int(now.timestamp()) + off for off in (-skew_s, skew_s))
    young, old = first // SLOT_S - LIVES + 1, last // SLOT_S
    return (slot - young) % _SLOTS <= old - young


def _lasts(number: int, now: datetime) -> bool:
    return (now - _EPOCH).days <= number & 0xFFFF

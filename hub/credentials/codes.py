"""The code in a QR: 36 characters that say nothing. A part of it is keyed, so that a forged one costs no look-up."""

from __future__ import annotations

import base64
import hmac
import re
import secrets

from hub.crypto import Crypto
from hub.errors import Problem

SHAPE = re.compile(r"[A-Za-z0-9_-]{36}", re.ASCII)
_CHANCE, _KEYED = 18, 9


def make(crypto: Crypto) -> str:
    chance = secrets.token_bytes(_CHANCE)
    return base64.urlsafe_b64encode(chance + _keyed(crypto, chance)).decode()


def check(crypto: Crypto, code: str) -> None:
    """Raises QR_INVALID for whatever this hub did not make."""
    if not SHAPE.fullmatch(code):
        raise Problem("QR_INVALID")
    raw = base64.urlsafe_b64decode(code)
    if not hmac.compare_digest(raw[_CHANCE:], _keyed(crypto, raw[:_CHANCE])):
        raise Problem("QR_INVALID")


def _keyed(crypto: Crypto, chance: bytes) -> bytes:
    return crypto.lookup(chance.hex(), "credentials.code")[:_KEYED]

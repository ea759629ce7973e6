"""Sealing, keyed look-ups, token hashes and masks. The suite is named in every sealed value; today: intl.

Sealed form: b"1." + key id + b"." + nonce (12 bytes) + AES-256-GCM ciphertext and tag. The purpose is authenticated
with it, so that a value sealed for one column cannot be put into another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import Problem


def _derive(secret: bytes, label: str) -> bytes:
    return hmac.digest(secret, label.encode(), "sha256")


class Crypto:
    """A key ring: the first key seals, every key opens. Keys are secrets of at least 32 bytes, by key id."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) < 32 for key in keys.values()):
            raise ValueError("the sealing key ring needs at least one key of 32 bytes or more")
        self._first = next(iter(keys))
        self._boxes = {name: AESGCM(_derive(key, "seal")) for name, key in keys.items()}
        self._lookup = _derive(keys[list(keys)[-1]], "lookup")

    def seal(self, value: bytes, purpose: str) -> bytes:
        nonce = os.urandom(12)
        body = self._boxes[self._first].encrypt(nonce, value, purpose.encode())
        return b"1." + self._first.encode() + b"." + nonce + body

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises Problem KEY_UNAVAILABLE when the key is gone or the bytes were changed."""
        version, _, rest = sealed.partition(b".")
        name, _, body = rest.partition(b".")
        box = self._boxes.get(name.decode("ascii", "ignore"))
        if version != b"1" or box is None:
            raise Problem("KEY_UNAVAILABLE", origin="hub", note="sealed under a key that is not in the ring")
        try:
            return box.decrypt(body[:12], body[12:], purpose.encode())
        except InvalidTag:
            raise Problem("KEY_UNAVAILABLE", origin="hub", note=f"sealed value for {purpose} was changed") from None

    def lookup(self, value: str, purpose: str) -> bytes:
        """A keyed hash (32 bytes) to find a row by a value that must not be readable. It uses the oldest key, so that
        adding a key loses no row."""
        return hmac.digest(self._lookup, f"{purpose}\0{value}".encode(), "sha256")


def token_hash(token: str) -> bytes:
    """SHA-256 of a random token of ≥ 128 bits: enough to find it, useless to use it."""
    return hashlib.sha256(token.encode()).digest()


def mask_name(name: str) -> str:
    """张*三 -> 张*三 by shape: first kept, middle starred, last kept when there are three or more characters."""
    if len(name) <= 2:
        return name[:1] + "*" * (len(name) - 1)
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_id(number: str) -> str:
    """First 3 and last 2."""
    return number[:3] + "*" * max(0, len(number) - 5) + number[-2:]


def mask_phone(number: str) -> str:
    """First 3 and last 4."""
    return number[:3] + "*" * max(0, len(number) - 7) + number[-4:]

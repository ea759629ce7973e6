"""Sealing, keyed look-ups, token hashes and masks, in one of two suites: `intl` (AES-256-GCM, HMAC-SHA-256) and `sm`
(SM4-GCM, HMAC-SM3).

Sealed form: suite (1 or 2) b"." + key id + b"." + nonce (12 bytes) + ciphertext and tag. The purpose is authenticated
with it, so that a value sealed for one column cannot be put into another. Every suite and key of the ring opens.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from hub.errors import Problem

_NONCE, _TAG, _DATA_KEY = 12, 16, 32
# By then every worker has read the configuration and can open what is sealed under the new key.
GRACE_S = 5.0
LOOK_UP = "keys.look_up"


_Mac = Callable[[bytes], bytes]


class _Cipher(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...


class _Sm4Gcm:
    """SM4 in Galois counter mode (GB/T 32907, RFC 8998), shaped like the library's AESGCM."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key[:16])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        if len(data) < _TAG:
            raise InvalidTag
        decryptor = Cipher(self._key, modes.GCM(nonce, data[-_TAG:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-_TAG]) + decryptor.finalize()


def _hmac(algorithm: hashes.HashAlgorithm, key: bytes) -> _Mac:
    """The key is taken in once: a copy of what it left costs a quarter of beginning anew."""
    begun = HMAC(key, algorithm)

    def mac(data: bytes) -> bytes:
        digest = begun.copy()
        digest.update(data)
        return digest.finalize()

    return mac


@dataclass(frozen=True, slots=True)
class _Suite:
    mark: bytes
    keyed: Callable[[bytes], _Mac]
    cipher: Callable[[bytes], _Cipher]


_SUITES: Mapping[str, _Suite] = {
    "intl": _Suite(b"1", partial(_hmac, hashes.SHA256()), AESGCM),
    "sm": _Suite(b"2", partial(_hmac, hashes.SM3()), _Sm4Gcm),
}
SUITES = tuple(_SUITES)


class Box:
    """What is sealed under one data key: all that is kept of one person."""

    def __init__(self, cipher: _Cipher) -> None:
        self._cipher = cipher

    def seal(self, value: str, purpose: str) -> bytes:
        return self.seal_bytes(value.encode(), purpose)

    def seal_bytes(self, value: bytes, purpose: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """Raises Problem KEY_UNAVAILABLE when the bytes are not of this box or purpose."""
        return self.open_bytes(sealed, purpose).decode()

    def open_bytes(self, sealed: bytes, purpose: str) -> bytes:
        """As `open`, of what is no text."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError):
            raise Problem("KEY_UNAVAILABLE", origin="hub", note=f"sealed value for {purpose} was changed") from None


class _Ring:
    """All that follows from one set of keys in one suite; never changed."""

    def __init__(self, keys: Mapping[str, bytes], suite: str, first: str) -> None:
        if not keys or any(len(key) < 32 for key in keys.values()):
            raise ValueError("the sealing key ring needs at least one key of 32 bytes or more")
        self.keys, self.first = keys, first
        chosen = _SUITES[suite]
        self.ciphers = {
            (each.mark, name.encode()): each.cipher(each.keyed(key)(b"seal"))
            for each in _SUITES.values()
            for name, key in keys.items()
        }
        self.head = chosen.mark + b"." + first.encode() + b"."
        self.box = self.ciphers[chosen.mark, first.encode()]
        self.look_up_key = chosen.keyed(keys[list(keys)[-1]])(b"lookup")
        tagging = [(chosen, keys[first])]
        tagging += [(each, key) for each in _SUITES.values() for key in keys.values() if (each, key) != tagging[0]]
        self.tagging = [each.keyed(each.keyed(key)(b"lookup")) for each, key in tagging]


class Crypto:
    """A key ring: the first key seals, every key opens. Keys are secrets of at least 32 bytes, by key id. `live` gives
    the ring in force now, so that keys rotate without a restart; a key that comes first begins to seal after 5 s.
    `kept` takes a look-up key, sealed, and gives the one, sealed, that the hub has had before and keeps."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        suite: str = "intl",
        live: Callable[[], Mapping[str, str]] | None = None,
        kept: Callable[[bytes], bytes] = lambda fresh: fresh,
    ) -> None:
        self._suite, self._live, self._kept = suite, live, kept
        self._look_up: _Mac | None = None
        self._source = live() if live else None
        self._ring = _Ring(keys, suite, next(iter(keys), ""))
        self._next_at = 0.0

    def seal(self, value: bytes, purpose: str) -> bytes:
        ring, nonce = self._now(), os.urandom(_NONCE)
        return ring.head + nonce + ring.box.encrypt(nonce, value, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises Problem KEY_UNAVAILABLE when the key is gone or the bytes were changed."""
        mark, _, rest = bytes(sealed).partition(b".")
        name, _, body = rest.partition(b".")
        cipher = self._now().ciphers.get((mark, name))
        if cipher is None:
            raise Problem("KEY_UNAVAILABLE", origin="hub", note="sealed under a key that is not in the ring")
        try:
            return cipher.decrypt(body[:_NONCE], body[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError):
            raise Problem("KEY_UNAVAILABLE", origin="hub", note=f"sealed value for {purpose} was changed") from None

    def lookup(self, value: str, purpose: str) -> bytes:
        """A keyed hash (32 bytes) to find a row by a value that must not be readable. It is always the same: its key
        was made of the first sealing key there was, and is kept sealed. Raises what `kept` raises."""
        mac = self._look_up or self._looking_up()
        return mac(f"{purpose}\0{value}".encode())

    def warm(self) -> None:
        """Asks for the look-up key before somebody needs it; where it cannot be had, whoever needs it asks again."""
        with suppress(Problem):
            self._looking_up()

    def tag(self, value: str, purpose: str) -> bytes:
        """As `lookup`, under the key that seals now: for what is tagged anew when it is resealed, and found by `tags`
        until then."""
        return self.tags(value, purpose, 1)[0]

    def tags(self, value: str, purpose: str, most: int | None = None) -> list[bytes]:
        """The tag under every suite and key of the ring; that of today first."""
        text = f"{purpose}\0{value}".encode()
        return [mac(text) for mac in self._now().tagging[:most]]

    def new_box(self, purpose: str) -> tuple[Box, bytes]:
        """A box under a data key of its own, and that key sealed."""
        key = os.urandom(_DATA_KEY)
        return Box(_SUITES[self._suite].cipher(key)), self.seal(self._suite.encode() + b":" + key, purpose)

    def box(self, sealed_key: bytes, purpose: str) -> Box:
        suite, _, key = self.open(sealed_key, purpose).partition(b":")
        return Box(_SUITES[suite.decode()].cipher(key))

    @property
    def head(self) -> bytes:
        """What every value begins with that is sealed now: suite and key."""
        return self._now().head

    @property
    def key_id(self) -> str:
        """Of the key that seals now."""
        return self._now().first

    def _looking_up(self) -> _Mac:
        fresh = self.seal(self._now().look_up_key, LOOK_UP)
        self._look_up = mac = _SUITES[self._suite].keyed(self.open(self._kept(fresh), LOOK_UP))
        return mac

    def _now(self) -> _Ring:
        if self._live is not None and ((source := self._live()) is not self._source or self._next_at):
            self._renew(source)
        return self._ring

    def _renew(self, source: Mapping[str, str]) -> None:
        keys, now = {name: key.encode() for name, key in source.items()}, time.monotonic()
        first, before = next(iter(keys)), self._ring.first
        if source is not self._source:
            self._next_at = now + GRACE_S if first not in self._ring.keys and before in keys else 0.0
        if self._next_at > now:
            first = before
        else:
            self._next_at = 0.0
        if source is not self._source or first != before:
            self._source, self._ring = source, _Ring(keys, self._suite, first)


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


def mask_address(address: str) -> str:
    """The town and no more: the first six characters."""
    return address[:6] + "*" * max(0, len(address) - 6)

"""Receipts over one exchange, as COSE_Sign1 (RFC 9052) with a detached payload: that of the platform, and those of the
departments that have a signer. All three sign the same bytes: the leaf of the delivery."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, cast

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_SIGN1, _ALGORITHM, _KEY_ID, _EDDSA = 18, 1, 4, -8


class Signer:
    """An Ed25519 key under a name. `secret` has at least 32 bytes; `label` keeps keys made of one secret apart."""

    def __init__(self, name: str, secret: bytes, label: str = "ledger") -> None:
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(hmac.digest(secret, label.encode(), "sha256"))
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    def receipt(self, payload: bytes) -> bytes:
        protected = cbor2.dumps({_ALGORITHM: _EDDSA, _KEY_ID: self.name.encode()}, canonical=True)
        signature = self.sign(_to_sign(protected, payload))
        return cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, None, signature]), canonical=True)


def is_signed(text: bytes, signature: bytes, public: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def party_signer(department: str, keys: Mapping[str, str]) -> Signer:
    """A department's own, made of the first secret of its key ring."""
    name, secret = next(iter(keys.items()))
    return Signer(f"{department}/{name}", secret.encode(), "receipt")


def public_keys(department: str, keys: Mapping[str, str]) -> dict[str, bytes]:
    """All of a department's key ring, those that no longer sign too: by name."""
    ring = (party_signer(department, {name: secret}) for name, secret in keys.items())
    return {each.name: each.public for each in ring}


def named(receipt: bytes) -> str:
    """Which key a receipt says it was signed with; nothing is verified."""
    head: dict[int, Any] = cbor2.loads(cbor2.loads(receipt).value[0])
    return cast(str, head[_KEY_ID].decode())


def signer_of(receipt: bytes, payload: bytes, keys: Mapping[str, bytes]) -> str:
    """The name of the key that signed. Raises ValueError and says why not."""
    try:
        tag = cbor2.loads(receipt)
        protected, _, detached, signature = tag.value
        head: dict[int, Any] = cbor2.loads(protected)
        name = head[_KEY_ID].decode()
    except (cbor2.CBORDecodeError, AttributeError, KeyError, TypeError, ValueError):
        raise ValueError("this is no receipt") from None
    if tag.tag != _SIGN1 or detached is not None or head.get(_ALGORITHM) != _EDDSA or name not in keys:
        raise ValueError("none of these keys signed it")
    if not is_signed(_to_sign(protected, payload), bytes(signature), keys[name]):
        raise ValueError("the signature is wrong")
    return cast(str, name)


def _to_sign(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)

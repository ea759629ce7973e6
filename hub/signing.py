"""Signatures that anyone can check with public keys alone: Ed25519, or SM2 with SM3 where the suite is `sm`.

A signed text is a JWS in its compact form. One secret of the key ring gives a key of either suite, so that changing the
suite spoils no older signature. The SM2 names (`SM2`, `SM2-SM3`) are ours: no register has any.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from hub.errors import Problem

try:  # an extra of its own: who signs by the international suite needs no SM2
    from tongsuopy.crypto import hashes as tongsuo_hashes
    from tongsuopy.crypto.asymciphers import ec as tongsuo_ec
    from tongsuopy.crypto.exceptions import InternalError as TongsuoFault
    from tongsuopy.crypto.exceptions import InvalidSignature as TongsuoRefusal
except ImportError:  # pragma: no cover
    tongsuo_ec = None

_SM2_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


class Key(Protocol):
    """A private key: its public half as JWK, and what it signs."""

    jwk: dict[str, str]

    def sign(self, text: bytes) -> bytes: ...


class Ed25519Key:
    def __init__(self, name: str, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hmac.digest(secret, b"sign ed25519", "sha256"))
        raw = self._key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        kid = f"{name}.ed25519"
        self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": _text(raw), "kid": kid, "alg": "EdDSA", "use": "sig"}

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)


class Sm2Key:
    """Signs with the signer id of GB/T 32918 that everybody uses (1234567812345678); the signature is r and s, 32
    bytes each."""

    def __init__(self, name: str, secret: bytes) -> None:
        wide = hmac.digest(secret, b"sign sm2", "sha512")
        private = int.from_bytes(wide, "big") % (_SM2_ORDER - 2) + 1
        self._key = tongsuo_ec.derive_private_key(private, tongsuo_ec.SM2())
        point = self._key.public_key().public_numbers()
        x, y = (_text(number.to_bytes(32, "big")) for number in (point.x, point.y))
        self.jwk = {"kty": "EC", "crv": "SM2", "x": x, "y": y, "kid": f"{name}.sm2", "alg": "SM2-SM3", "use": "sig"}

    def sign(self, text: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(text, tongsuo_ec.ECDSA(tongsuo_hashes.SM3())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Signing:
    """The hub's own key ring: the first key signs, every key is published. Secrets have at least 32 bytes."""

    def __init__(self, secrets: Mapping[str, str], suite: str = "intl") -> None:
        if suite == "sm" and tongsuo_ec is None:
            raise ValueError("the suite sm needs the extra sm2")
        kinds: tuple[type[Ed25519Key] | type[Sm2Key], ...] = (Ed25519Key,)
        if tongsuo_ec is not None:
            kinds = (Sm2Key, Ed25519Key) if suite == "sm" else (Ed25519Key, Sm2Key)
        self._keys: list[Key] = [kind(name, secret.encode()) for name, secret in secrets.items() for kind in kinds]

    @property
    def key_id(self) -> str:
        """Of the key that signs now. Raises KEY_UNAVAILABLE where the configuration names none."""
        return self._first().jwk["kid"]

    def public(self) -> list[dict[str, str]]:
        """The public keys as JWK (RFC 7517)."""
        return [dict(key.jwk) for key in self._keys]

    def sign(self, claims: Mapping[str, Any], kind: str, *, for_all: bool = False) -> str:
        """`claims` as a JWS whose type (`typ`) is `kind`; `for_all` in Ed25519 in either suite, where browsers read."""
        key = self._known_to_all() if for_all else self._first()
        header = {"alg": key.jwk["alg"], "kid": key.jwk["kid"], "typ": kind}
        text = f"{_text(orjson.dumps(header))}.{_text(orjson.dumps(claims, option=orjson.OPT_SORT_KEYS))}"
        return f"{text}.{_text(key.sign(text.encode()))}"

    def sign_bytes(self, made: Callable[[str], bytes]) -> tuple[str, bytes]:
        """Key id and Ed25519 signature of what `made` makes for that key; COSE and the readers of other countries know
        no SM2."""
        key = self._known_to_all()
        return key.jwk["kid"], key.sign(made(key.jwk["kid"]))

    def _known_to_all(self) -> Key:
        return next((key for key in self._keys if key.jwk["alg"] == "EdDSA"), None) or self._first()

    def _first(self) -> Key:
        if not self._keys:
            raise Problem("KEY_UNAVAILABLE", origin="hub", note="hub.yaml names no sign_keys")
        return self._keys[0]


def verified(signed: str, keys: Iterable[Mapping[str, Any]], kind: str) -> dict[str, Any]:
    """The claims of a JWS that one of these public keys (JWK) signed. Raises ValueError and says why not."""
    try:
        head, body, signature = signed.strip().split(".")
        header, raw = dict(orjson.loads(_bytes(head))), _bytes(signature)
    except (TypeError, ValueError):
        raise ValueError("this is no signed text") from None
    key = next((key for key in keys if key.get("kid") == header.get("kid")), None)
    if key is None or key.get("alg") != header.get("alg"):
        raise ValueError("none of these keys signed it")
    if header.get("typ") != kind or not _is_right(key, f"{head}.{body}".encode(), raw):
        raise ValueError("the signature is wrong")
    claims: dict[str, Any] = orjson.loads(_bytes(body))
    return claims


def is_right(key: Mapping[str, Any], text: bytes, signature: bytes) -> bool:
    """Whether the key (JWK) signed these very bytes."""
    try:
        return _is_right(key, text, signature)
    except (KeyError, ValueError):
        return False


def _is_right(key: Mapping[str, Any], text: bytes, signature: bytes) -> bool:
    """By the key's own kind: what the signed text says of its algorithm chooses nothing."""
    if key["alg"] == "EdDSA":
        try:
            Ed25519PublicKey.from_public_bytes(_bytes(key["x"])).verify(signature, text)
        except InvalidSignature:
            return False
        return True
    if key["alg"] != "SM2-SM3" or tongsuo_ec is None:
        raise ValueError("this kind of signature needs the extra sm2")
    point = b"\x04" + _bytes(key["x"]) + _bytes(key["y"])
    public = tongsuo_ec.EllipticCurvePublicKey.from_encoded_point(tongsuo_ec.SM2(), point)
    pair = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        public.verify(pair, text, tongsuo_ec.ECDSA(tongsuo_hashes.SM3()))
    except (TongsuoRefusal, TongsuoFault):
        return False
    return True


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)

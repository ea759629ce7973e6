"""Proof that the client holds a key (DPoP, RFC 9449): ES256 or EdDSA, for this request, of now, and only once.

A session that was begun with a proof needs one for ever after: its tokens are worth nothing to whoever copied them.
"""

from __future__ import annotations

import hashlib
import threading
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from hub.clock import Clock
from hub.errors import Problem
from hub.gateway.redis_line import Away, RedisLine

_ALGORITHMS = {"ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519")}
_LEEWAY_S = 60
_KEPT_S = 3 * _LEEWAY_S
_LONGEST = 4096
_MOST = 50_000


class Proofs:
    """One for the process. Which proofs came is known in Redis to all workers; while it is away, to each its own."""

    def __init__(self, line: RedisLine, clock: Clock) -> None:
        self._line = line
        self._clock = clock
        self._here: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, proof: str, method: str, host: str, path: str, access_token: str = "") -> str:
        """The thumbprint (RFC 7638) of the key that signed it. Raises PROOF_INVALID, whatever is wrong."""
        try:
            thumbprint, claims = _verified(proof)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise Problem("PROOF_INVALID") from None
        holds = (
            claims.get("htm") == method
            and _is_here(claims.get("htu"), host, path)
            and isinstance(claims.get("iat"), int | float)
            and abs(claims["iat"] - self._clock.now().timestamp()) <= _LEEWAY_S
            and (not access_token or claims.get("ath") == _hash(access_token))
        )
        jti = claims.get("jti")
        if not holds or not isinstance(jti, str) or not jti or not self._is_first(f"{thumbprint}.{jti}"):
            raise Problem("PROOF_INVALID")
        return thumbprint

    def _is_first(self, name: str) -> bool:
        key = f"hub:proof:{hashlib.sha256(name.encode()).hexdigest()}"
        now = self._clock.monotonic()
        with self._lock:
            while self._here and (len(self._here) >= _MOST or next(iter(self._here.values())) <= now):
                self._here.popitem(last=False)
            if key in self._here:
                return False
            self._here[key] = now + _KEPT_S
        try:
            return bool(self._line.ask(lambda redis: redis.set(key, b"1", nx=True, ex=_KEPT_S)))
        except Away:
            return True


def _verified(proof: str) -> tuple[str, Mapping[str, Any]]:
    if len(proof) > _LONGEST:
        raise ValueError
    header = jws.extract_compact(proof.encode("ascii")).headers()
    jwk = header["jwk"]
    kind = _ALGORITHMS.get(header.get("alg", ""))
    if header.get("typ") != "dpop+jwt" or (jwk["kty"], jwk["crv"]) != kind or "d" in jwk:
        raise ValueError
    key = ECKey.import_key(jwk) if kind[0] == "EC" else OKPKey.import_key(jwk)
    signed = jws.deserialize_compact(proof.encode("ascii"), key, algorithms=[header["alg"]])
    claims = orjson.loads(signed.payload)
    if not isinstance(claims, dict):
        raise ValueError
    return key.thumbprint(), claims


def _is_here(htu: Any, host: str, path: str) -> bool:
    """The scheme is not compared: TLS may end before us."""
    if not isinstance(htu, str):
        return False
    parts = urlsplit(htu)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower() and unquote(parts.path) == path


def _hash(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()

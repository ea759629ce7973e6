"""Access tokens: short-lived JWTs under HS256, signed by the first key of the ring, verified by any of them.

The ring is read from the configuration in force each time, so that keys rotate without a restart.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from hub.clock import Clock
from hub.errors import Problem
from hub.login import rules
from hub.settings.live import Settings

_ALGORITHMS = ["HS256"]

Kind = Literal["citizen", "staff"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `citizen_id` is a citizen's opaque id, or the staff account's when `kind` is staff. With a
    `key_thumbprint` the token is only worth something beside a proof by that key."""

    citizen_id: str
    level: int
    region: str
    session_id: str
    kind: Kind
    roles: tuple[str, ...] = ()
    key_thumbprint: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good token says; `seconds` are left of it."""

    principal: Principal
    seconds: float


class AccessTokens:
    """Makes and verifies; knows nothing of revocation."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._source: Mapping[str, str] = {}
        self._ring: Mapping[str, OctKey] = {}

    def make(self, principal: Principal, seconds: int) -> str:
        name, key = next(iter(self._keys().items()))
        now, issuer = int(self._clock.now().timestamp()), self._issuer()
        claims = {
            "iss": issuer,
            "aud": issuer,
            "sub": principal.citizen_id,
            "iat": now,
            "exp": now + seconds,
            "jti": secrets.token_hex(8),
            "sid": principal.session_id,
            "kind": principal.kind,
            "level": principal.level,
            "region": principal.region,
            "roles": list(principal.roles),
        }
        if principal.key_thumbprint:
            claims["cnf"] = {"jkt": principal.key_thumbprint}
        return jwt.encode({"alg": "HS256", "kid": name}, claims, key, algorithms=_ALGORITHMS)

    def verify(self, token: str) -> Verified:
        """Raises TOKEN_INVALID for everything that is not a token of ours, in force now."""
        try:
            claims = jwt.decode(token, self._chosen, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Problem("TOKEN_INVALID") from None
        now = self._clock.now().timestamp()
        if not rules.claims_hold(claims, self._issuer(), now):
            raise Problem("TOKEN_INVALID")
        return Verified(_principal(claims), claims["exp"] - now)

    def _chosen(self, token: Any) -> OctKey:
        """joserfc asks for the key of a token it has not verified yet."""
        key = self._keys().get(token.headers().get("kid"))
        if key is None:
            raise Problem("TOKEN_INVALID")
        return key

    def _keys(self) -> Mapping[str, OctKey]:
        source = self._settings.now.hub.token_keys
        if source is not self._source:
            self._ring = {name: OctKey.import_key(secret) for name, secret in source.items()}
            self._source = source
        return self._ring

    def _issuer(self) -> str:
        return f"hub:{self._settings.now.hub.region}"


def _principal(claims: Mapping[str, Any]) -> Principal:
    kind = cast(Kind, claims["kind"])
    roles, key = tuple(claims["roles"]), claims.get("cnf", {}).get("jkt", "")
    return Principal(claims["sub"], claims["level"], claims["region"], claims["sid"], kind, roles, key)

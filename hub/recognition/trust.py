"""Whom a hub believes: issuers and their keys, from its own configuration (point to point) or a signed list (hub)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from hub.clock import CHINA
from hub.signing import verified

LIST_KIND = "trust-list+jws"
_ID = re.compile(r"[1-9][0-9]{5}|[A-Z]{2,3}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST_KEYS, _MOST_REVOKED = 20_000, 500_000
Way = Literal["facts", "dcc"]
What = Literal["credential", "batch", "key"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """`scope`: whose facts it may state (facts: prefixes of region codes; dcc: countries). Empty: its own only."""

    id: str
    way: Way
    scope: tuple[str, ...] = ()

    def may_speak_for(self, place: str) -> bool:
        if self.way == "dcc":
            return place in (self.scope or (self.id,))
        return place.startswith(self.scope or (_own(self.id),))


@dataclass(frozen=True, slots=True)
class Key:
    """`kid` is a hint and belongs to nobody: keys of two issuers may share one. A facts key is a JWK, a dcc key an
    X.509 certificate, read once."""

    kid: str
    issuer: Issuer
    jwk: Mapping[str, Any] = field(default_factory=dict)
    certificate: x509.Certificate | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """`revoked` holds digests. `expires_at` is None where there is no list (version 0): then only the configured
    issuers are known."""

    keys: Mapping[tuple[Way, str], tuple[Key, ...]] = field(default_factory=dict)
    issuers: Mapping[str, Issuer] = field(default_factory=dict)
    version: int = 0
    expires_at: datetime | None = None
    revoked: frozenset[str] = frozenset()
    value_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def candidates(self, way: Way, kid: str) -> Sequence[Key]:
        return self.keys.get((way, kid), ())


def revocation(what: What, issuer: str, value: str) -> str:
    """How a revocation is written down: what it means can be recognised, and not read."""
    return hashlib.sha256(f"{what}|{issuer}|{value}".encode()).hexdigest()


def keys_of(issuer: Issuer, document: Any) -> list[Key]:
    """The keys of `{"keys": [...]}`: JWKs for facts, `{kid, x509}` (Base64 of the DER) for dcc. Raises ValueError."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"issuer {issuer.id} has no keys")
    return [_key(issuer, entry) for entry in entries]


def signed_list(text: str, signers: Iterable[Mapping[str, Any]]) -> Trust:
    """A trust list whose signature holds, wholly checked but for its date. Raises ValueError and says why not."""
    claims = verified(text, signers, LIST_KIND)
    try:
        version, expires = int(claims["version"]), _moment(claims["expires_at"])
        revoked = [str(each) for each in claims.get("revoked", [])]
        sets = {str(name): tuple(map(str, codes)) for name, codes in claims.get("value_sets", {}).items()}
        keys = [key for entry in claims["issuers"] for key in keys_of(_issuer(entry), entry)]
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"the list is not of the right shape ({type(error).__name__})") from error
    if version < 1 or len(keys) > _MOST_KEYS or len(revoked) > _MOST_REVOKED:
        raise ValueError("the list is not within its limits")
    if not all(map(_DIGEST.fullmatch, revoked)):
        raise ValueError("a revocation of the list is no digest")
    return Trust(*_indexed(keys), version, expires, frozenset(revoked), sets)


def together(listed: Trust, pinned: Iterable[Key], revoked: Iterable[str]) -> Trust:
    """The list with what is configured and revoked here. A configured issuer stands for itself: the list adds no key
    to it."""
    own = list(pinned)
    names = {key.issuer.id for key in own}
    kept = [key for keys in listed.keys.values() for key in keys if key.issuer.id not in names]
    return Trust(*_indexed([*own, *kept]), listed.version, listed.expires_at, listed.revoked | frozenset(revoked),
                 listed.value_sets)  # fmt: skip


def _indexed(keys: Sequence[Key]) -> tuple[dict[tuple[Way, str], tuple[Key, ...]], dict[str, Issuer]]:
    index: dict[tuple[Way, str], tuple[Key, ...]] = {}
    for key in keys:
        place = (key.issuer.way, key.kid)
        index[place] = (*index.get(place, ()), key)
    return index, {key.issuer.id: key.issuer for key in keys}


def _issuer(entry: Mapping[str, Any]) -> Issuer:
    id, way, scope = entry["id"], entry["way"], entry.get("scope", [])
    if not isinstance(id, str) or not _ID.fullmatch(id) or way not in ("facts", "dcc"):
        raise ValueError("an issuer is a region of six digits or a country, its way facts or dcc")
    return Issuer(id, way, tuple(map(str, scope)))


def _key(issuer: Issuer, entry: Mapping[str, Any]) -> Key:
    try:
        if issuer.way == "facts":
            if not (entry["alg"] and entry["x"]) or "d" in entry:
                raise ValueError(f"a key of {issuer.id} is not a public one")
            return Key(str(entry["kid"]), issuer, jwk=dict(entry))
        der = base64.b64decode(entry["x509"], validate=True)
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
        kid = str(entry.get("kid") or hashlib.sha256(der).digest()[:8].hex())
        return Key(kid, issuer, certificate=certificate)
    except (KeyError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"a key of {issuer.id} is not of the right shape") from error


def read_keys(issuer: Issuer, text: str) -> list[Key]:
    """The keys of a configured issuer. Raises ValueError."""
    return keys_of(issuer, orjson.loads(text))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the list's end has no offset")
    return moment.astimezone(CHINA)


def _own(region: str) -> str:
    """A province speaks for all below it, a prefecture for its counties."""
    return region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region


def signers(text: str) -> list[dict[str, Any]]:
    """The public keys (a JWK set) of whoever signs the list. Raises ValueError."""
    document = orjson.loads(text)
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not all(isinstance(each, dict) and "kid" in each for each in keys):
        raise ValueError("the signers of the list are no JWK set")
    return keys

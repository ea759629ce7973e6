"""The envelope in which a region states facts of one of its residents: a JWS that says who, when, until when, what.

The issuer states facts and no verdict. `kid` is a hint only; every trusted key of that id is tried.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from hub.recognition import times
from hub.recognition.carried import Carried, Fact
from hub.recognition.dcc import check_revoked
from hub.recognition.refusal import Refused
from hub.recognition.trust import Issuer, Key, Trust, revocation
from hub.signing import Signing, verified

KIND = "facts+jws"
SHAPE = re.compile(r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_REGION = re.compile(r"[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?", re.ASCII)
_KEPT = ("kind", "region")
_MOST_FACTS, _MOST_MEMBERS, _LONGEST = 10, 20, 100


def written(
    signing: Signing, issuer: str, facts: Sequence[Fact], now: datetime, until: datetime, rules: str, **bound: Any
) -> str:
    """An envelope of this hub. `bound`: id, batch, aud, nonce, holder, as far as there are any."""
    claims = {
        "iss": issuer, "kid": signing.key_id, "iat": int(now.timestamp()), "exp": int(until.timestamp()),
        "facts": [dict(fact) for fact in facts], "rules_version_used": rules, **bound,
    }  # fmt: skip
    return signing.sign(claims, KIND)


def read(code: str, trust: Trust, now: datetime) -> Carried:
    """`code` has the SHAPE. Raises Refused."""
    key, claims = _signed(code, trust)
    try:
        return _believed(claims, key, trust, now)
    except Refused as refused:
        raise Refused(refused.reason, key.issuer.id) from None


def _signed(code: str, trust: Trust) -> tuple[Key, Mapping[str, Any]]:
    header = _header(code)
    if header.get("typ") != KIND:
        raise Refused("ENVELOPE_KIND")
    candidates = trust.candidates("facts", str(header.get("kid")))
    if not candidates:
        raise Refused("PEER_KEY_UNKNOWN")
    for key in candidates:
        try:
            claims = verified(code, [key.jwk], KIND)
        except (ValueError, KeyError):
            continue
        if not isinstance(claims, dict):
            raise Refused("ENVELOPE_SHAPE")
        return key, claims
    raise Refused("SIGNATURE_WRONG")


def _header(code: str) -> Mapping[str, Any]:
    try:
        head = code.partition(".")[0]
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        raise Refused("ENVELOPE_HEADER") from None
    if not isinstance(header, dict):
        raise Refused("ENVELOPE_HEADER")
    return header


def _believed(claims: Mapping[str, Any], key: Key, trust: Trust, now: datetime) -> Carried:
    issuer = key.issuer
    if revocation("key", issuer.id, key.kid) in trust.revoked:
        raise Refused("KEY_REVOKED")
    if claims.get("iss") != issuer.id:
        raise Refused("ISSUER_MISMATCH")
    issued, expires = _moment(claims.get("iat")), _moment(claims.get("exp"))
    times.check(issued, expires, now)
    if "exp" in key.jwk and expires > _moment(key.jwk["exp"]):
        raise Refused("OUTLIVES_KEY")
    facts = _facts(claims.get("facts"), issuer)
    id, batch = _text(claims, "id"), _text(claims, "batch")
    carried = Carried(
        issuer, facts, issued, expires, id=id, batches=(batch,) if batch else (), audience=_audience(claims.get("aud")),
        nonce=_text(claims, "nonce"), holder=_text(claims, "holder"),
    )  # fmt: skip
    check_revoked(carried, trust)
    return carried


def _moment(value: Any) -> datetime:
    return times.moment(value, Refused("ENVELOPE_TIME"))


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise Refused("ENVELOPE_SHAPE")
    return value


def _audience(value: Any) -> tuple[str, ...]:
    named = [value] if isinstance(value, str) else value or []
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise Refused("ENVELOPE_SHAPE")
    return tuple(named)


def _facts(value: Any, issuer: Issuer) -> tuple[Fact, ...]:
    """Flat ones, each of a kind and of a place that the issuer may speak for."""
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_FACTS:
        raise Refused("FACTS_SHAPE")
    for fact in value:
        if not isinstance(fact, dict) or not _is_flat(fact):
            raise Refused("FACTS_SHAPE")
        if not _REGION.fullmatch(fact["region"]) or not issuer.may_speak_for(fact["region"]):
            raise Refused("PEER_SCOPE")
    return tuple(value)


def _is_flat(fact: Mapping[str, Any]) -> bool:
    if len(fact) > _MOST_MEMBERS or not all(isinstance(fact.get(name), str) for name in _KEPT):
        return False
    return all(
        _NAME.fullmatch(name) and (isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= _LONGEST))
        for name, value in fact.items()
    )

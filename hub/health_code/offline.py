"""The signed form of a code, for gates and regions without a link: a CWT (RFC 8392) under COSE (EdDSA), in Base45.

It says how its holder stood when it was made, and lasts as long as a gate may decide alone. The pack is all that such a
gate needs: keys, what follows from each grade, whose forms count no longer, and its own end. Reading needs no hub.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import base45
import cbor2

from hub.clock import CHINA
from hub.errors import Problem
from hub.health_code.states import State
from hub.settings.health_code_shapes import HealthCode
from hub.signing import Signing, is_right, verified

PREFIX = "XT1:"
PACK_KIND = "gate-pack"
LONGEST = 1200
_SIGN1, _EDDSA, _ALG, _KID = 18, -8, 1, 4
_ISS, _EXP, _IAT = 1, 4, 6
_OURS = -70001  # a private claim: grade, declared at, good until, masked name and number, mark


@dataclass(frozen=True, slots=True)
class Form:
    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What a signed form says. `mark` names its holder to a pack's list and to nobody else."""

    region: str
    grade: str
    made_at: datetime
    expires_at: datetime
    valid_until: datetime
    name_masked: str
    id_masked: str
    mark: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a gate does without a link. `why` is empty, or the code of what is wrong."""

    result: str
    grade: str
    as_of: datetime
    why: str = ""
    facts: Facts | None = None


def signed(state: State, mark: str, minutes: int, region: str, now: datetime, signing: Signing) -> Form:
    """Good for the minutes a gate may decide alone. Raises KEY_UNAVAILABLE where the hub cannot sign."""
    ends = now + timedelta(minutes=minutes)
    claims = {
        _ISS: region, _IAT: int(now.timestamp()), _EXP: int(ends.timestamp()),
        _OURS: [state.grade, int(state.declared_at.timestamp()), int(state.valid_until.timestamp()),
                state.name_masked, state.id_masked, mark],
    }  # fmt: skip
    payload = cbor2.dumps(claims)
    protected: dict[str, bytes] = {}

    def to_sign(kid: str) -> bytes:
        protected["head"] = cbor2.dumps({_ALG: _EDDSA, _KID: kid.encode()})
        return _signature_structure(protected["head"], payload)

    _, signature = signing.sign_bytes(to_sign)
    message = cbor2.CBORTag(_SIGN1, [protected["head"], {}, payload, signature])
    return Form(PREFIX + base45.b45encode(cbor2.dumps(message)).decode(), ends)


def read(text: str, keys: Sequence[Mapping[str, Any]], now: datetime, skew_s: int = 90) -> Facts:
    """What a form says that one of these keys (JWK) signed. Raises QR_INVALID, QR_EXPIRED."""
    try:
        head, payload, signature = _parts(text)
        named = cbor2.loads(head)
        right = named[_ALG] == _EDDSA and any(
            key.get("kid") == named[_KID].decode() and key.get("alg") == "EdDSA"
            and is_right(key, _signature_structure(head, payload), signature)
            for key in keys
        )  # fmt: skip
        facts = _facts(cbor2.loads(payload)) if right else None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, EOFError, cbor2.CBORError, OverflowError):
        facts = None
    if facts is None:
        raise Problem("QR_INVALID")
    if not facts.made_at - timedelta(seconds=skew_s) <= now <= facts.expires_at + timedelta(seconds=skew_s):
        raise Problem("QR_EXPIRED")
    return facts


def pack(
    configured: HealthCode, region: str, now: datetime, changed: Collection[str], signing: Signing
) -> dict[str, Any]:
    """`changed`: the marks of those whose grade changed since the oldest form that may still be shown."""
    ends = now + timedelta(minutes=configured.offline_minutes)
    told = {
        "region": region,
        "issued_at": now.isoformat(),
        "valid_until": ends.isoformat(),
        "grades": {
            id: {"result": grade.result, "name": dict(grade.name), "advice": dict(grade.advice)}
            for id, grade in configured.grades.items()
        },
        "revoked": sorted(changed),
        "keys": [key for key in signing.public() if key["alg"] == "EdDSA"],
    }
    return {**told, "proof": signing.sign(told, PACK_KIND, for_all=True)}


def decide(text: str, packed: Mapping[str, Any], trusted: Sequence[Mapping[str, Any]], now: datetime) -> Decided:
    """What a gate does that has nothing but its pack and the keys it was set up with. A pack that is over decides
    nothing, and says so. Raises QR_INVALID, QR_EXPIRED, REPORT_EXPIRED."""
    try:
        told = verified(packed["proof"], trusted, PACK_KIND)
    except ValueError:
        return Decided("cannot_decide", "", now, "PACK_INVALID")
    as_of = datetime.fromisoformat(told["issued_at"])
    if now > datetime.fromisoformat(told["valid_until"]):
        return Decided("cannot_decide", "", as_of, "PACK_EXPIRED")
    facts = read(text, told["keys"], now)
    if facts.valid_until < now:
        raise Problem("REPORT_EXPIRED")
    meant = told["grades"].get(facts.grade)
    if meant is None or facts.mark in told["revoked"] or facts.region != told["region"]:
        return Decided("cannot_decide", "", as_of, "REVOKED" if meant else "NO_GRADE", facts)
    return Decided(meant["result"], facts.grade, as_of, "", facts)


def _parts(text: str) -> tuple[bytes, bytes, bytes]:
    if not text.startswith(PREFIX) or len(text) > LONGEST:
        raise ValueError("no form of ours")
    message = cbor2.loads(base45.b45decode(text[len(PREFIX) :]))
    if message.tag != _SIGN1:
        raise ValueError("not signed once")
    head, _, payload, signature = message.value
    return bytes(head), bytes(payload), bytes(signature)


def _facts(claims: Mapping[int, Any]) -> Facts:
    grade, _, until, name, number, whose = claims[_OURS]
    made, ends, until = (datetime.fromtimestamp(at, CHINA) for at in (claims[_IAT], claims[_EXP], until))
    return Facts(str(claims[_ISS]), str(grade), made, ends, until, str(name), str(number), str(whose))


def _signature_structure(head: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", head, b"", payload])

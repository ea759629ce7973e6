"""Signed forms of a health code as a phone shows them without a net: good ones and doubtful ones."""

from __future__ import annotations

from datetime import datetime, timedelta

import base45
import cbor2

from hub.main import Hub
from hub.signing import Ed25519Key


def form(hub: Hub, grade: str, mark: str = "m", secret: str = "", minutes: float = 20, ends: float = 30) -> str:
    """A signed form: made now, good for `ends` minutes; its declaration for `minutes`. Another `secret` forges it."""
    now = hub.clock.now()
    whose = [grade, _at(now), _at(now + timedelta(minutes=minutes)), "韩*福", "362*************32", mark]
    claims = {1: "360423", 6: _at(now), 4: _at(now + timedelta(minutes=ends)), -70001: whose}
    payload, protected = cbor2.dumps(claims), dict[str, bytes]()

    def to_sign(kid: str) -> bytes:
        protected["head"] = cbor2.dumps({1: -8, 4: kid.encode()})
        return cbor2.dumps(["Signature1", protected["head"], b"", payload])

    kid, signature = hub.signing.sign_bytes(to_sign)
    if secret:
        signature = Ed25519Key("sign", secret.encode()).sign(to_sign(kid))
    message = cbor2.CBORTag(18, [protected["head"], {}, payload, signature])
    return "XT1:" + base45.b45encode(cbor2.dumps(message)).decode()


def _at(moment: datetime) -> int:
    return int(moment.timestamp())

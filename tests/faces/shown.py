"""Signed forms of a health code as a phone shows them without a net: good ones and doubtful ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import base45
import cbor2

from hub.main import Hub
from hub.signing import Ed25519Key


def form(hub: Hub, grade: str, mark: str = "m", secret: str = "", minutes: float = 20, ends: float = 30) -> str:
    """A signed form: made now, good for `ends` minutes; its declaration for `minutes`. Another `secret` forges it."""
    now = hub.clock.now()
    key: Any = Ed25519Key("sign", secret.encode()) if secret else hub.signing._keys[0]
    whose = [grade, _at(now), _at(now + timedelta(minutes=minutes)), "韩*福", "362*************32", mark]
    claims = {1: "360423", 6: _at(now), 4: _at(now + timedelta(minutes=ends)), -70001: whose}
    head, payload = cbor2.dumps({1: -8, 4: hub.signing.key_id.encode()}), cbor2.dumps(claims)
    signature = key.sign(cbor2.dumps(["Signature1", head, b"", payload]))
    return "XT1:" + base45.b45encode(cbor2.dumps(cbor2.CBORTag(18, [head, {}, payload, signature]))).decode()


def _at(moment: datetime) -> int:
    return int(moment.timestamp())

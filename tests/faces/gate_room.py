"""What the gate's page speaks to, by contract, where the hub has no health code; and signed forms to show to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import base45
import cbor2
from flask import Blueprint, Flask, Response, g

from blueprints.auth import require_permission
from blueprints.contract import answer
from hub.errors import Problem
from hub.main import Hub
from hub.signing import Ed25519Key

GRADES = {
    "00": {"result": "pass", "name": {"zh": "绿码", "en": "Green"}, "advice": {"zh": "可以通行。", "en": "Pass."}},
    "10": {"result": "stop", "name": {"zh": "红码", "en": "Red"}, "advice": {"zh": "请联系社区。", "en": "Call."}},
}
HELD_MINUTES = 30


def stand_in(app: Flask, hub: Hub) -> list[dict[str, Any]]:
    """Adds the routes where they are missing; returns the list of what was handed in there."""
    handed_in: list[dict[str, Any]] = []
    if any(rule.rule == "/api/v1/gate/scans" for rule in app.url_map.iter_rules()):
        return handed_in
    room = Blueprint("gate_room", __name__, url_prefix="/api/v1/gate")

    @room.get("/offline-pack")
    def pack() -> Response:
        require_permission("code.verify")
        now = hub.clock.now()
        told = {
            "region": "360423", "issued_at": now.isoformat(), "grades": GRADES, "revoked": ["taken-back"],
            "valid_until": (now + timedelta(minutes=HELD_MINUTES)).isoformat(), "keys": hub.signing.public(),
        }  # fmt: skip
        return answer({**told, "proof": hub.signing.sign(told, "gate-pack")})

    @room.post("/scans")
    def scan() -> Response:
        require_permission("code.verify")
        raise Problem("QR_INVALID")

    @room.post("/scans/batch")
    def batch() -> Response:
        require_permission("code.verify")
        handed_in.extend(g.body["scans"])
        return answer({"items": [{"state": "recorded"} for _ in g.body["scans"]]})

    app.register_blueprint(room)
    return handed_in


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

"""What the routes of gates take and answer, with their examples."""

from __future__ import annotations

import re
from typing import Any

import marshmallow
from marshmallow import fields

from hub.errors import Problem
from hub.fields import Choice, DateTime, Form, Group, Integer, Items, Name, Text
from hub.health_code.codes import LENGTH
from hub.health_code.offline import LONGEST
from hub.settings.health_code_shapes import GRADES, RESULTS
from hub.settings.pieces import IDENTIFIER

# A moment of this century that every calendar has.
_AT = re.compile(
    r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?\+08:00",
    re.ASCII,
)


class ScannedCode(Text):
    """What a QR held: whatever it is, it is a code of ours or it is not; no other complaint is made."""

    def accept(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST or not value.isascii():
            raise Problem("QR_INVALID")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": LONGEST}


class ScanForm(Form):
    """`scanned_at`: by the phone's own clock; the server's decides whether a code is still good."""

    code = ScannedCode(required=True)
    gate_id = Text(required=True, min=1, max=64)
    direction = Choice(choices=("in", "out"), required=True)
    scanned_at = DateTime(required=True)

    def load(self, data: dict[str, Any], **options: Any) -> Any:  # type: ignore[override]
        """The usual scan, right in every part, needs no second look."""
        return data if _is_usual(data) else super().load(data, **options)


def _is_usual(data: Any) -> bool:
    if type(data) is not dict or data.keys() != {"code", "gate_id", "direction", "scanned_at"}:
        return False
    code, gate, at = data["code"], data["gate_id"], data["scanned_at"]
    return (
        type(code) is type(gate) is type(at) is str
        and len(code) == LENGTH
        and code.isascii()
        and data["direction"] in ("in", "out")
        and IDENTIFIER.fullmatch(gate) is not None
        and len(gate) <= 64
        and _AT.fullmatch(at) is not None
    )


class ScanBatchForm(Form):
    scans = Items(Group(ScanForm), required=True, min=1, max=200)


class LookupForm(Form):
    """The last six characters of the number, or all 18 (a card scan)."""

    name = Name(required=True, min=1)
    id_tail = Text(required=True, min=6, max=18)


class ShiftForm(Form):
    gate_id = Text(required=True, min=1, max=64)
    minutes = Integer(min=5, max=1440, load_default=240)


class VerdictAnswer(marshmallow.Schema):
    """`cannot_decide` comes with what to do; `grade` is null then."""

    result = fields.String(required=True, metadata={"enum": list(RESULTS)})
    grade = fields.String(required=True, allow_none=True, metadata={"enum": [*GRADES, None]})
    advice = fields.String(required=True)
    name_masked = fields.String(required=True)
    id_masked = fields.String(required=True)


class HandedInAnswer(marshmallow.Schema):
    """`state`: recorded, known (it was handed in before), or the code of why it does not count."""

    state = fields.String(required=True)
    result = fields.String(required=True, allow_none=True)
    grade = fields.String(required=True, allow_none=True)
    advice = fields.String(required=True, allow_none=True)
    name_masked = fields.String(required=True, allow_none=True)
    id_masked = fields.String(required=True, allow_none=True)


class ScanBatchAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(HandedInAnswer), required=True)


class PackAnswer(marshmallow.Schema):
    """`proof` signs all the rest (JWS). After `valid_until` a gate decides nothing any more, and says so."""

    region = fields.String(required=True)
    issued_at = fields.DateTime(required=True)
    valid_until = fields.DateTime(required=True)
    grades = fields.Dict(required=True)
    revoked = fields.List(fields.String(), required=True)
    keys = fields.List(fields.Dict(), required=True)
    proof = fields.String(required=True)


class GateAnswer(marshmallow.Schema):
    """One place where codes are scanned."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    region = fields.String(required=True)


class GatesAnswer(marshmallow.Schema):
    """All of them: a county has dozens."""

    items_ = fields.List(fields.Nested(GateAnswer), required=True, data_key="items", attribute="items")
    next_cursor = fields.String(required=True, allow_none=True)


class ShiftAnswer(marshmallow.Schema):
    shift_id = fields.String(required=True)
    gate_id = fields.String(required=True)
    ends_at = fields.DateTime(required=True)
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True)


VERDICT: dict[str, Any] = {
    "result": "pass", "grade": "00", "advice": "可以通行，请继续做好防护。", "name_masked": "韩*福",
    "id_masked": "362*************32",
}  # fmt: skip
NOTHING: dict[str, Any] = dict.fromkeys(VERDICT)
BATCH: dict[str, Any] = {"items": [{"state": "recorded", **VERDICT}]}
GATES: dict[str, Any] = {
    "items": [{"id": "yuning-market", "name": "豫宁农贸市场", "region": "360423001"}], "next_cursor": None,
}  # fmt: skip
SHIFT: dict[str, Any] = {
    "shift_id": "s0d1c2b3a495867768594a3b2c1d0e0f1", "gate_id": "yuning-market",
    "ends_at": "2026-11-26T13:00:00+08:00", "access_token": "…", "refresh_token": "…", "expires_in": 900,
}  # fmt: skip

"""What the routes of appeals and clues take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import ValidationError, fields, validates_schema

from blueprints.contract import Page
from hub.fields import Choice, Form, Integer, Items, LongText, Region, Strict, Text

_TEXT = 2000
_NUMBER = "C202611250000012"


class Degrees(Strict):
    """A coordinate in degrees, kept to a millionth: a tenth of a metre."""

    def accept(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("TYPE")
        assert self.min is not None and self.max is not None
        if not self.min <= value <= self.max:
            raise ValidationError("RANGE")
        return round(float(value), 6)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.min, "maximum": self.max}


class SaidForm(Form):
    """`region`: the place it is about, 6 to 12 digits. Coordinates are both there or both not (GCJ-02, degrees).
    `photos` were sent to /files before."""

    text = LongText(required=True, min=4, max=_TEXT)
    region = Region(required=True)
    address = Text(max=200, load_default="")
    latitude = Degrees(min=-90, max=90)
    longitude = Degrees(min=-180, max=180)
    photos = Items(Text(required=True, max=64), max=9, load_default=list)

    @validates_schema
    def both(self, data: dict[str, Any], **_: Any) -> None:
        if ("latitude" in data) != ("longitude" in data):
            raise ValidationError("REQUIRED", "longitude" if "latitude" in data else "latitude")


class RatingForm(Form):
    score = Integer(required=True, min=1, max=5)


class DeskPage(Page):
    state = Choice(choices=("open", "answered", "merged"))


class AnswerForm(Form):
    text = LongText(required=True, min=4, max=_TEXT)


class ForwardForm(Form):
    """A department, or a town by its code."""

    to = Text(required=True, min=1, max=64)
    reason = LongText(required=True, min=2, max=500)


class MergeForm(Form):
    """Whether it is the same as the earlier one."""

    into = Text(required=True, min=1, max=32)
    same = Choice(choices=("yes", "no"), required=True)


class AppealActAnswer(marshmallow.Schema):
    act = fields.String(required=True)
    office = fields.String(required=True)
    note = fields.String(required=True)
    at = fields.DateTime(required=True)


class AppealAnswer(marshmallow.Schema):
    """One appeal or clue, as who wrote it sees it."""

    number = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["appeal", "clue"]})
    text = fields.String(required=True)
    region = fields.String(required=True)
    address = fields.String(required=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    photos = fields.List(fields.String(), required=True)
    office = fields.String(required=True, metadata={"description": "Who has it: a department or a town."})
    state = fields.String(required=True, metadata={"enum": ["open", "answered", "merged"]})
    card = fields.String(required=True, metadata={"enum": ["none", "yellow", "red"]})
    received_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True)
    answered_at = fields.DateTime(required=True, allow_none=True)
    score = fields.Integer(required=True, allow_none=True)


class WholeAppealAnswer(AppealAnswer):
    timeline = fields.List(fields.Nested(AppealActAnswer), required=True)


class PairAnswer(marshmallow.Schema):
    number = fields.String(required=True)
    percent = fields.Integer(required=True)


class DeskAppealAnswer(AppealAnswer):
    raised_to = fields.String(required=True)
    rule = fields.String(required=True, metadata={"description": "The rule that routed it; empty: none did."})
    merged_into = fields.String(required=True)


class WholeDeskAppealAnswer(DeskAppealAnswer):
    timeline = fields.List(fields.Nested(AppealActAnswer), required=True)
    alike = fields.List(fields.Nested(PairAnswer), required=True)
    possible = fields.List(fields.String(), required=True)


class AppealsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(AppealAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DeskAppealsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(DeskAppealAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


APPEAL: dict[str, Any] = {
    "number": _NUMBER,
    "kind": "clue",
    "text": "示范路口药店口罩卖到二十元一只",
    "region": "360423001",
    "address": "示范路1号",
    "latitude": 29.26,
    "longitude": 115.1,
    "photos": ["f0d1c2b3a495867768594a3b2c1d0e0f1"],
    "office": "market",
    "state": "open",
    "card": "none",
    "received_at": "2026-11-25T09:30:00+08:00",
    "due_at": "2026-11-27T23:59:59+08:00",
    "answered_at": None,
    "score": None,
}
_ACT = {"act": "received", "office": "market", "note": "", "at": "2026-11-25T09:30:00+08:00"}
WHOLE: dict[str, Any] = {**APPEAL, "timeline": [_ACT]}
DESK: dict[str, Any] = {**APPEAL, "raised_to": "", "rule": "prices", "merged_into": ""}
WHOLE_DESK: dict[str, Any] = {**DESK, "timeline": [_ACT], "alike": [{"number": "C202611250000009", "percent": 61}],
                              "possible": ["answer", "forward", "merge"]}  # fmt: skip

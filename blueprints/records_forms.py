"""What the routes of records and of rows in doubt take and answer, with their examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow
from marshmallow import ValidationError, fields

from blueprints.contract import Page
from blueprints.exchange_forms import GIVEN
from hub.fields import Choice, CreditCode, Form, Group, IdNumber, Items, LongText, Name, Text

STATES = ("open", "same", "other")
_MOST = 10


class RecordSubjectForm(Form):
    """A person by `id_number`, or a company by `credit_code`; the name where a source is asked with it, and to tell
    rows apart."""

    id_number = IdNumber()
    credit_code = CreditCode()
    name = Name(min=1)
    org_name = Text(min=1)

    @marshmallow.validates_schema
    def check_number(self, data: Mapping[str, Any], **_: Any) -> None:
        """One of the two, not both."""
        if "id_number" in data and "credit_code" in data:
            raise ValidationError({"credit_code": ["UNKNOWN_FIELD"]})
        if "id_number" not in data and "credit_code" not in data:
            raise ValidationError({"id_number": ["REQUIRED"]})


class RecordForm(Form):
    """Whose record, out of which resources, for which purpose: that of the rights. Sensitive data needs `case_no` or
    `order_no`."""

    subject = Group(RecordSubjectForm, required=True)
    resources = Items(Text(required=True, min=1, max=64), required=True, min=1, max=_MOST)
    purpose = Text(required=True, min=1, max=200)
    case_no = Text(max=64, load_default="")
    order_no = Text(max=64, load_default="")


class SaidAnswer(marshmallow.Schema):
    """Who told a value, when, and how often it is brought up to date there."""

    resource = fields.String(required=True)
    department = fields.String(required=True)
    system = fields.String(required=True)
    at = fields.DateTime(required=True)
    exchange_id = fields.String(required=True)
    update_cycle = fields.String(required=True)


class ValueAnswer(marshmallow.Schema):
    value = fields.Raw(required=True)
    said = fields.List(fields.Nested(SaidAnswer), required=True)


class JoinedAnswer(marshmallow.Schema):
    """One field. `spelling`: departments write it differently and mean the same; `conflict`: they differ. No value is
    chosen."""

    field = fields.String(required=True)
    label = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["single", "agreed", "spelling", "conflict"]})
    values_ = fields.List(fields.Nested(ValueAnswer), required=True, data_key="values")


class RecordPartAnswer(marshmallow.Schema):
    """`body` is what `POST /data/resources/{id}/queries` answers, or the problem that this resource met."""

    resource = fields.String(required=True)
    status = fields.Integer(required=True)
    body = fields.Dict(required=True)


class RecordAnswer(marshmallow.Schema):
    fields_ = fields.List(fields.Nested(JoinedAnswer), required=True, data_key="fields")
    parts = fields.List(fields.Nested(RecordPartAnswer), required=True)


class MatchesPage(Page):
    state = Choice(choices=STATES)


class MatchAnswer(marshmallow.Schema):
    """A row that may be about the person asked for. `number`, `name`, `born` say how each fits, not what it is.
    `decides`: my department may decide it, and sees `sought`, whom was asked for, and `told`, what the row says of
    whose it is: masked in a list, whole in one alone, null for anybody else and once it is decided."""

    id = fields.String(required=True)
    resource = fields.String(required=True)
    system = fields.String(required=True)
    owner = fields.String(required=True)
    consumer = fields.String(required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)
    born = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    found_at = fields.DateTime(required=True)
    lapses_at = fields.DateTime(required=True, allow_none=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    decides = fields.Boolean(required=True)
    sought = fields.Dict(keys=fields.String(), required=True, allow_none=True)
    told = fields.Dict(keys=fields.String(), required=True, allow_none=True)


class MatchesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(MatchAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MatchDecisionForm(Form):
    """`same` or `other`: used from the next question on. `again`: the decision was wrong, the row is open anew."""

    outcome = Choice(choices=("same", "other", "again"), required=True)
    reason = LongText(required=True, min=2, max=500)


_RESOURCE = "360423-007001"
_SAID = {"resource": _RESOURCE, "department": "civil_affairs", **GIVEN["source"],
         "exchange_id": GIVEN["exchange_id"], "update_cycle": "real_time"}  # fmt: skip
WANTED: dict[str, Any] = {
    "subject": {"id_number": "11010519491231002X", "name": "张三"},
    "resources": [_RESOURCE, "360423-006001"],
    "purpose": "核验困难学生家庭情况",
    "case_no": "360423202611250000017",
}
RECORD: dict[str, Any] = {
    "fields": [
        {"field": "name", "label": "姓名", "state": "single", "values": [{"value": "张三", "said": [_SAID]}]}
    ],
    "parts": [{"resource": _RESOURCE, "status": 200, "body": GIVEN}],
}
MATCH: dict[str, Any] = {
    "id": "m0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "resource": "360423-013002",
    "system": "public_rental",
    "owner": "housing",
    "consumer": "education",
    "number": "none",
    "name": "pinyin",
    "born": "same",
    "state": "open",
    "found_at": "2026-11-26T10:00:00+08:00",
    "lapses_at": "2026-12-26T10:00:00+08:00",
    "decided_at": None,
    "decides": True,
    "sought": {"number": "110*************2X", "name": "张*"},
    "told": {"number": "", "name": "H********U", "born": "1902******", "record": "*****17"},
}
WHOLE_MATCH: dict[str, Any] = {
    **MATCH,
    "sought": {"number": "11010519491231002X", "name": "张三"},
    "told": {"number": "", "name": "HAN SHANFU", "born": "1902-05-12", "record": "GZ-0017"},
}

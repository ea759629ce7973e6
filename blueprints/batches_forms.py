"""What the routes of files of many shared records take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from hub.fields import Form, Items, Text, Unshaped


class DataBatchForm(Form):
    """`subjects`: whom it is about, one list of 1 to 500 values for each word of the source (`id_number`, `name`, …),
    all of one length. The rest as for one."""

    subjects = Unshaped(required=True)
    purpose = Text(required=True, min=1, max=200)
    fields_ = Items(
        Text(required=True, min=1, max=64), max=100, load_default=list, data_key="fields", attribute="fields"
    )
    case_no = Text(max=64, load_default="")
    order_no = Text(max=64, load_default="")


class UnansweredAnswer(marshmallow.Schema):
    """Somebody of the list of whom nothing was given: the place in the list from 0, and why."""

    place = fields.Integer(required=True)
    code = fields.String(required=True)


class DataBatchAnswer(marshmallow.Schema):
    """`code`: why there is no file. `given` are rows; the file is gone at `expires_at`."""

    id = fields.String(required=True)
    resource = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": ["waiting", "done", "failed"]})
    code = fields.String(required=True)
    asked = fields.Integer(required=True)
    given = fields.Integer(required=True)
    failed = fields.List(fields.Nested(UnansweredAnswer), required=True)
    asked_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)
    expires_at = fields.DateTime(required=True, allow_none=True)


BATCH_ASKED: dict[str, Any] = {
    "subjects": {"id_number": ["11010519491231002X", "440524188001010014"], "name": ["张三", "李四"]},
    "purpose": "核验困难学生家庭情况",
    "fields": ["name", "id_number", "marital_status"],
    "case_no": "360423202611250000017",
}
BATCH: dict[str, Any] = {
    "id": "3f2b8c1e-6a0d-4f5e-9b7c-2d1e0f3a4b5c",
    "resource": "360423-007001",
    "status": "waiting",
    "code": "",
    "asked": 2,
    "given": 0,
    "failed": [],
    "asked_at": "2026-11-26T10:00:00+08:00",
    "ended_at": None,
    "expires_at": None,
}

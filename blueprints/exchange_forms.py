"""What the routes of shared data in use take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from hub.fields import Choice, Form, Items, LongText, Text, Unshaped

OUTCOMES = ("reported", "corrected", "upheld")


class QueryForm(Form):
    """`subject`: whom or what it is about, in the words of the source: `id_number` (and `name`), `credit_code`, …
    `fields`: some of those the right names; without it all. Sensitive data needs `case_no`, or
    `order_no` of an order that a second officer confirmed (`/desk/orders`)."""

    subject = Unshaped(required=True)
    purpose = Text(required=True, min=1, max=200)
    fields_ = Items(
        Text(required=True, min=1, max=64), max=100, load_default=list, data_key="fields", attribute="fields"
    )
    case_no = Text(max=64, load_default="")
    order_no = Text(max=64, load_default="")


class ReceiptsAnswer(marshmallow.Schema):
    """COSE_Sign1 (RFC 9052) over `leaf`, all in base64: the platform's, the supplier's and the user's; null where a
    party has no signer yet. `level`: E1 the platform alone, E3 all three."""

    level = fields.String(required=True)
    leaf = fields.String(required=True)
    platform = fields.String(required=True)
    supplier = fields.String(required=True, allow_none=True)
    user = fields.String(required=True, allow_none=True)


class RowVerdictAnswer(marshmallow.Schema):
    """Why a row is the subject's: how sure that is, and how number, name and birth date fit."""

    confidence = fields.String(required=True, metadata={"enum": ["certain", "high", "decided"]})
    number = fields.String(required=True)
    name = fields.String(required=True)
    born = fields.String(required=True)


class MatchingAnswer(marshmallow.Schema):
    """`rows` beside the rows given (none of a thing); `doubtful` are rows held back, by their ids in `/data/matches`;
    `left_out` counts rows of somebody else."""

    rows = fields.List(fields.Nested(RowVerdictAnswer), required=True)
    doubtful = fields.List(fields.String(), required=True)
    left_out = fields.Integer(required=True)


class GivenAnswer(marshmallow.Schema):
    """Rows with the granted fields alone; null: the source does not answer that field."""

    rows = fields.List(fields.Dict(keys=fields.String()), required=True)
    exchange_id = fields.String(required=True)
    receipts = fields.Nested(ReceiptsAnswer, required=True)
    source = fields.Dict(keys=fields.String(), required=True)
    matching = fields.Nested(MatchingAnswer, required=True)


class WrongForm(Form):
    """A field of one record that is wrong: what it should be, and how one knows."""

    resource = Text(required=True, min=1, max=64)
    field = Text(required=True, min=1, max=64)
    subject = Unshaped(required=True)
    should_be = LongText(required=True, min=1, max=500)
    reason = LongText(required=True, min=4, max=500)


class DataCorrectionsPage(Page):
    state = Choice(choices=OUTCOMES)


class SettledForm(Form):
    """`upheld`: the source looked, and its data is right."""

    outcome = Choice(choices=("corrected", "upheld"), required=True)
    text = LongText(required=True, min=2, max=1000)


class DataCorrectionAnswer(marshmallow.Schema):
    id = fields.String(required=True)
    resource = fields.String(required=True)
    field = fields.String(required=True)
    owner = fields.String(required=True)
    reporter = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(OUTCOMES)})
    raised_to = fields.String(required=True)
    silent = fields.Integer(required=True)
    told_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True)
    answered_at = fields.DateTime(required=True, allow_none=True)


class WholeDataCorrectionAnswer(DataCorrectionAnswer):
    """For the source, who reported it, and the departments that took the field."""

    subject = fields.Dict(keys=fields.String(), required=True)
    should_be = fields.String(required=True)
    reason = fields.String(required=True)
    answer = fields.String(required=True)


class DataCorrectionsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(DataCorrectionAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DataNoticeAnswer(marshmallow.Schema):
    """A field that the department took was reported wrong, or its source answered."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(OUTCOMES)})
    correction = fields.String(required=True)
    resource = fields.String(required=True)
    field = fields.String(required=True)
    at = fields.DateTime(required=True)


class DataNoticesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(DataNoticeAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DataSubscriptionForm(Form):
    """Under which right."""

    grant = Text(required=True, min=1, max=64)


class DataSubscriptionAnswer(marshmallow.Schema):
    """`live` while its right is in force; it ends with it."""

    id = fields.String(required=True)
    grant = fields.String(required=True)
    resource = fields.String(required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields")
    made_at = fields.DateTime(required=True)
    ends_at = fields.DateTime(required=True)
    live = fields.Boolean(required=True)


class DataSubscriptionsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(DataSubscriptionAnswer), required=True)


class DataChangeAnswer(marshmallow.Schema):
    """What was given by `exchange_id` is not so any more in these `fields`. It carries no value and no name: ask
    again, by the right `grant`."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["changed", "corrected", "removed"]})
    grant = fields.String(required=True)
    resource = fields.String(required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields")
    exchange_id = fields.String(required=True)
    at = fields.DateTime(required=True)


class DataChangesAnswer(marshmallow.Schema):
    """`next_cursor`: what to come with next time; where nothing is new, the one that came."""

    items = fields.List(fields.Nested(DataChangeAnswer), required=True)
    next_cursor = fields.String(required=True)


class StatisticsForm(Form):
    """`csv`: one `table` of it for a spreadsheet, UTF-8 with a byte order mark."""

    format = Choice(choices=("json", "csv"), load_default="json")
    table = Choice(choices=("departments", "unused", "twice"), load_default="departments")


class StatisticsAnswer(marshmallow.Schema):
    """Counts of each department; `unused`: systems that nobody asked in 90 days; `twice`: data kept in two."""

    at = fields.DateTime(required=True)
    departments = fields.List(fields.Dict(keys=fields.String()), required=True)
    unused = fields.List(fields.Dict(keys=fields.String()), required=True)
    twice = fields.List(fields.Dict(keys=fields.String()), required=True)


QUERY: dict[str, Any] = {
    "subject": {"id_number": "11010519491231002X", "name": "张三"},
    "purpose": "核验困难学生家庭情况",
    "case_no": "360423202611250000017",
}
GIVEN: dict[str, Any] = {
    "rows": [{"name": "张三", "marital_status": "married"}],
    "exchange_id": "3f2b8c1e-6a0d-4f5e-9b7c-2d1e0f3a4b5c",
    "receipts": {"level": "E1", "leaf": "hWp4aWFudG9uZy8x", "platform": "0oRDoQEn", "supplier": None, "user": None},
    "source": {"system": "civil_affairs", "at": "2026-11-26T10:00:00+08:00"},
    "matching": {
        "rows": [{"confidence": "certain", "number": "same", "name": "same", "born": "none"}],
        "doubtful": [],
        "left_out": 0,
    },
}
_CORRECTION = "k0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CORRECTION: dict[str, Any] = {
    "id": _CORRECTION,
    "resource": "360423-007001",
    "field": "marital_status",
    "owner": "civil_affairs",
    "reporter": "education",
    "state": "reported",
    "raised_to": "",
    "silent": 0,
    "told_at": "2026-11-26T10:00:00+08:00",
    "due_at": "2026-12-03T23:59:59+08:00",
    "answered_at": None,
}
WHOLE_CORRECTION: dict[str, Any] = {
    **CORRECTION,
    "subject": QUERY["subject"],
    "should_be": "divorced",
    "reason": "本人持离婚证原件",
    "answer": "",
}
NOTICE: dict[str, Any] = {
    "id": "17",
    "kind": "reported",
    "correction": _CORRECTION,
    "resource": "360423-007001",
    "field": "marital_status",
    "at": "2026-11-26T10:00:00+08:00",
}
STATISTICS: dict[str, Any] = {
    "at": "2026-11-26T10:00:00+08:00",
    "departments": [
        {"department": "civil_affairs", "resources": 7, "unconditional": 1, "conditional": 5, "not_shared": 1,
         "published": 2, "received": 3, "open": 1, "granted": 1, "refused": 1, "silent": 0, "late": 0, "asked": 0,
         "rights": 1, "given": 12, "taken": 0, "turned_away": 0, "wrong": 1, "unanswered": 0}
    ],
    "unused": [
        {"system": "marriage", "department": "civil_affairs", "resources": ["360423-007001"], "attached": False}
    ],
    "twice": [
        {"resource": "360423-007001", "title": "婚姻登记信息", "department": "civil_affairs",
         "systems": ["marriage", "civil_affairs"]}
    ],
}  # fmt: skip
SUBSCRIPTION: dict[str, Any] = {
    "id": "s0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "grant": "g0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "resource": "360423-007001",
    "fields": ["name", "marital_status"],
    "made_at": "2026-11-26T10:00:00+08:00",
    "ends_at": "2027-02-24T10:00:00+08:00",
    "live": True,
}
CHANGE: dict[str, Any] = {
    "id": "17",
    "kind": "corrected",
    "grant": "g0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "resource": "360423-007001",
    "fields": ["marital_status"],
    "exchange_id": GIVEN["exchange_id"],
    "at": "2026-11-26T10:00:00+08:00",
}

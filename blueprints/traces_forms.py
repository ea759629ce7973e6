"""What the routes of tracing take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.gate_forms import ScannedCode
from hub.fields import Choice, DateTime, Form, Group, IdNumber, Integer, Items, Name, Region, Text

_DOCUMENTS = ("id_number", "phone", "passport", "hk_macao_permit", "taiwan_permit", "other")
_STATES = ["open", "queried", "done", "withdrawn"]


class TraceForm(Form):
    """`subject` is an ID number; `code` a health code as it is shown now: one of the two. Without an order that a
    second officer confirmed (`/desk/orders`), area or time nothing is looked at. `sealed_until`: those whose rows are
    read find it in their record from then on, at the latest in a year (staff with order.seal only); at once if not
    said."""

    order_no = Text(required=True, min=1, max=60)
    subject = IdNumber()
    code = ScannedCode()
    since = DateTime(required=True, data_key="from")
    until = DateTime(required=True, data_key="to")
    regions = Items(Region(), required=True, min=1, max=20)
    sealed_until = DateTime()


class SightingForm(Form):
    """One row. `id` is the channel's own: handed in twice, it counts once. `key` is the ride (train and day) or the
    place; `until` the end of the ride or stay, if it is not a moment."""

    id = Text(required=True, min=1, max=80)
    key = Text(required=True, min=1, max=80)
    at = DateTime(required=True)
    until = DateTime()
    document_kind = Choice(choices=_DOCUMENTS, load_default="id_number")
    document = Text(required=True, min=1, max=40)
    name = Name(load_default="")
    phone = Text(max=20, load_default="")
    region = Region()
    car = Text(max=20, load_default="")
    row = Integer(min=0, max=500)


class SightingsForm(Form):
    channel = Text(required=True, min=1, max=40)
    items_ = Items(Group(SightingForm), required=True, min=1, max=500, data_key="items", attribute="items")


class TakenAnswer(marshmallow.Schema):
    taken = fields.Integer(required=True, metadata={"description": "New ones; what was there already is not counted."})


class ContactAnswer(marshmallow.Schema):
    """`how` near and how far `apart` (rows or minutes); `confidence` in percent that the rows are one person's."""

    channel = fields.String(required=True)
    channel_title = fields.String(required=True)
    how = fields.String(required=True, metadata={"enum": ["same_row", "same_car", "same_place"]})
    apart = fields.Integer(required=True)
    times = fields.Integer(required=True)
    confidence = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    office = fields.String(required=True, metadata={"description": "Which office is to reach them."})
    task_id = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": _STATES})
    acknowledged_at = fields.DateTime(required=True, allow_none=True)


class TraceAnswer(marshmallow.Schema):
    id = fields.String(required=True)
    order_no = fields.String(required=True)
    since = fields.DateTime(required=True, data_key="from")
    until = fields.DateTime(required=True, data_key="to")
    regions = fields.List(fields.String(), required=True)
    rows_seen = fields.Integer(required=True, metadata={"description": "Rows of the person in area and time."})
    made_at = fields.DateTime(required=True)
    contacts = fields.List(fields.Nested(ContactAnswer), required=True)


_AT = "2026-09-18T10:00:00+08:00"
TRACE: dict[str, Any] = {
    "id": "r1f0", "order_no": "J2026-1", "from": _AT, "to": _AT, "regions": ["360423"], "rows_seen": 3, "made_at": _AT,
    "contacts": [{
        "channel": "train", "channel_title": "铁路客运", "how": "same_row", "apart": 0, "times": 1, "confidence": 100,
        "at": _AT, "office": "360423001005", "task_id": "t1", "state": "open", "acknowledged_at": None,
    }],
}  # fmt: skip

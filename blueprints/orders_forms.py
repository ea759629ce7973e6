"""What the routes of orders take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from hub.fields import DateTime, Form, Text


class OrderForm(Form):
    """The number of an order on paper, what it is about (no names), and when it ends: in 90 days at the latest."""

    order_no = Text(required=True, min=1, max=60)
    reason = Text(required=True, min=4, max=200)
    ends_at = DateTime(required=True)


class OrderAnswer(marshmallow.Schema):
    """In force for `office` alone, from `confirmed_at` (null: it waits) to `ends_at`; `looks` counts its
    uses."""

    id = fields.String(required=True)
    order_no = fields.String(required=True)
    office = fields.String(required=True)
    reason = fields.String(required=True)
    asked_by = fields.String(required=True)
    asked_at = fields.DateTime(required=True)
    confirmed_by = fields.String(required=True, allow_none=True)
    confirmed_at = fields.DateTime(required=True, allow_none=True)
    ends_at = fields.DateTime(required=True)
    looks = fields.Integer(required=True)


class OrdersAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(OrderAnswer), required=True)


_AT = "2026-09-18T10:00:00+08:00"
ORDER: dict[str, Any] = {
    "id": "o1f0", "order_no": "J2026-1", "office": "360423", "reason": "聚集性疫情流调", "asked_by": "s1",
    "asked_at": _AT, "confirmed_by": None, "confirmed_at": None, "ends_at": "2026-10-18T10:00:00+08:00", "looks": 0,
}  # fmt: skip
CONFIRMED = ORDER | {"confirmed_by": "s2", "confirmed_at": _AT}

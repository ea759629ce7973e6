"""What the routes of flow take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from hub.fields import Choice, DateTime, Form, IdNumber, Items, Region, Text

BUCKETS = {"5m": 300, "15m": 900, "1h": 3600, "1d": 86_400}


class BucketPage(Form):
    """`since` and `until`: the last 24 hours if not said, at most 31 days."""

    bucket = Choice(choices=tuple(BUCKETS), load_default="5m")
    since = DateTime()
    until = DateTime()


class StreamForm(Form):
    """The office's own area if not said."""

    region = Region()


class SearchForm(Form):
    """An order that a second officer confirmed (`/desk/orders`), an area and a time: without one of them nobody is
    looked for. `sealed_until`: the person finds it in the own record from then on, at the latest in a year (staff with
    order.seal only); at once if not said."""

    order_no = Text(required=True, min=1, max=60)
    id_number = IdNumber(required=True)
    regions = Items(Region(), required=True, min=1, max=20)
    since = DateTime(required=True)
    until = DateTime(required=True)
    sealed_until = DateTime()


class BucketAnswer(marshmallow.Schema):
    """`in`, `out`: null where fewer than the smallest group."""

    at = fields.DateTime(required=True, metadata={"description": "When these minutes began."})
    ins = fields.Integer(required=True, allow_none=True, data_key="in")
    outs = fields.Integer(required=True, allow_none=True, data_key="out")


class CommunityAnswer(marshmallow.Schema):
    region = fields.String(required=True)
    present = fields.Integer(required=True, allow_none=True, metadata={"description": "Whose last crossing went in."})
    smallest_group = fields.Integer(required=True)
    items = fields.List(fields.Nested(BucketAnswer), required=True)


class CrossingAnswer(marshmallow.Schema):
    at = fields.DateTime(required=True)
    region = fields.String(required=True)
    gate_id = fields.String(required=True)
    gate_name = fields.String(required=True)
    direction = fields.String(required=True, metadata={"enum": ["in", "out"]})


class SearchAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(CrossingAnswer), required=True)


_AT = "2026-09-18T10:00:00+08:00"
COMMUNITY: dict[str, Any] = {
    "region": "360423001005", "present": 412, "smallest_group": 5, "items": [{"at": _AT, "in": 23, "out": None}],
}  # fmt: skip
FOUND: dict[str, Any] = {
    "items": [{"at": _AT, "region": "360423001005", "gate_id": "south-gate", "gate_name": "南门", "direction": "in"}]
}  # fmt: skip

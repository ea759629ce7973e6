"""What the routes of shared data in use take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from hub.fields import Form, Items, Text, Unshaped


class QueryForm(Form):
    """`subject`: whom or what it is about, in the words of the source: `id_number` (and `name`), `credit_code`, …
    `fields`: some of those the right names; without it all. Sensitive data needs `case_no` or `order_no`."""

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


class GivenAnswer(marshmallow.Schema):
    """Rows with the granted fields alone; null: the source does not answer that field."""

    rows = fields.List(fields.Dict(keys=fields.String()), required=True)
    exchange_id = fields.String(required=True)
    receipts = fields.Nested(ReceiptsAnswer, required=True)
    source = fields.Dict(keys=fields.String(), required=True)


QUERY: dict[str, Any] = {
    "subject": {"id_number": "362623190205121932", "name": "韩山福"},
    "purpose": "核验困难学生家庭情况",
    "case_no": "360423202611250000017",
}
GIVEN: dict[str, Any] = {
    "rows": [{"name": "韩山福", "marital_status": "married"}],
    "exchange_id": "3f2b8c1e-6a0d-4f5e-9b7c-2d1e0f3a4b5c",
    "receipts": {"level": "E1", "leaf": "hWp4aWFudG9uZy8x", "platform": "0oRDoQEn", "supplier": None, "user": None},
    "source": {"system": "civil_affairs", "at": "2026-11-26T10:00:00+08:00"},
}

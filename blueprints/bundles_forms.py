"""What the routes of bundles (一件事) take and answer, with their examples."""

from __future__ import annotations

import marshmallow
from marshmallow import fields

from blueprints.cases_forms import CASE as _CASE
from blueprints.cases_forms import (
    ENTRY,
    RECEIPT,
    CaseAnswer,
    HappenedAnswer,
    ReceiptAnswer,
    papers,
    promised,
)
from hub.fields import Form, Unshaped

_STATUSES = ["waits_for_you", "in_progress", "approved", "partly_approved", "refused", "withdrawn"]


class BundleForm(Form):
    """`fields` by the bundle's one form (GET /bundles/{id}); each paper once, whoever asks for it."""

    fields_ = Unshaped(required=True, data_key="fields", attribute="fields")
    materials = papers(load_default=list)
    promised = promised(load_default=list)


class BundleEntry(marshmallow.Schema):
    """One bundle in a list; `status` is that of its worst part."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    services = fields.List(fields.String(), required=True)
    level = fields.Integer(required=True, metadata={"minimum": 0, "maximum": 3})
    status = fields.String(required=True, metadata={"enum": ["open", "closed", "maintenance", "limited"]})
    notice = fields.String(required=True, allow_none=True)


class BundlesAnswer(marshmallow.Schema):
    items_ = fields.List(fields.Nested(BundleEntry), required=True, data_key="items", attribute="items")
    next_cursor = fields.String(required=True, allow_none=True)


class BundleDetail(BundleEntry):
    """With the one guide and the one form (JSON Schema 2020-12) of all its parts."""

    departments = fields.List(fields.String(), required=True)
    guide = fields.Dict(required=True)
    form = fields.Dict(required=True)
    subject = fields.List(fields.String(), required=True)


class PartReceiptAnswer(ReceiptAnswer):
    service = fields.String(required=True)


class BundleReceiptAnswer(marshmallow.Schema):
    """One receipt for all; each part has one of its own."""

    receipt_no = fields.String(required=True)
    status = fields.String(required=True)
    promised_at = fields.DateTime(required=True, allow_none=True)
    parts = fields.List(fields.Nested(PartReceiptAnswer), required=True)


class PartHappenedAnswer(HappenedAnswer):
    receipt_no = fields.String(required=True)


class BundleResultAnswer(marshmallow.Schema):
    """Every part's decision; a part that was withdrawn has none."""

    receipt_no = fields.String(required=True)
    service = fields.String(required=True)
    document = fields.Dict(required=True)


class BundleCaseAnswer(marshmallow.Schema):
    """Where all of it stands: one timeline, and one result when the last part has ended."""

    receipt_no = fields.String(required=True)
    bundle = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": _STATUSES})
    submitted_at = fields.DateTime(required=True)
    promised_at = fields.DateTime(required=True, allow_none=True)
    parts = fields.List(fields.Nested(CaseAnswer), required=True)
    timeline = fields.List(fields.Nested(PartHappenedAnswer), required=True)
    result = fields.List(fields.Nested(BundleResultAnswer), required=True, allow_none=True)


BUNDLE = {
    "id": "household-moves-on-assistance",
    "title": "低保家庭迁居一件事",
    "summary": "一次申请，户籍地址变更和新住地的救助同时办理。",
    "services": ["household-application", "assistance-application"],
    "level": 2,
    "status": "open",
    "notice": None,
}
BUNDLES = {"items": [BUNDLE], "next_cursor": None}
_NUMBER = "YJ202601050413370017"
BUNDLE_RECEIPT = {
    "receipt_no": _NUMBER,
    "status": "in_progress",
    "promised_at": ENTRY["promised_at"],
    "parts": [{**RECEIPT, "service": ENTRY["service"]}],
}
BUNDLE_CASE = {
    "receipt_no": _NUMBER,
    "bundle": BUNDLE["id"],
    "title": BUNDLE["title"],
    "status": "in_progress",
    "submitted_at": ENTRY["submitted_at"],
    "promised_at": ENTRY["promised_at"],
    "parts": [_CASE],
    "timeline": [],
    "result": None,
}

"""What config/bundles.yaml may hold."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from hub.settings.bundle_shapes import Bundle, BundlePart
from hub.settings.pieces import IDENTIFIER, Matching, Sentence, Strict, identifier

MOST = 10


class BundlePartSchema(Strict):
    service = identifier(required=True)
    fixed = fields.Dict(keys=Matching(IDENTIFIER, "a field name"), values=fields.Raw(), load_default=dict)
    names = fields.Dict(
        keys=Matching(IDENTIFIER, "a field name"), values=Matching(IDENTIFIER, "a field name"), load_default=dict
    )

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> BundlePart:
        return BundlePart(**data)


class BundleSchema(Strict):
    title = Sentence(required=True)
    summary = Sentence(required=True)
    parts = fields.List(fields.Nested(BundlePartSchema), required=True, validate=validate.Length(2, MOST))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Bundle:
        return Bundle(id="", **{**data, "parts": tuple(data["parts"])})

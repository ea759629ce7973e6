"""What config/bundles.yaml may hold."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields, post_load, validate

from hub.settings.bundle_shapes import Bundle, BundlePart
from hub.settings.pieces import IDENTIFIER, Matching, Sentence, Strict, identifier

MOST = 10
TOLD = ("name", "number", "text")
"""What of a result document may be taken on."""
_RESULT = re.compile(rf"{IDENTIFIER.pattern}\.({'|'.join(TOLD)})", re.ASCII)


class BundlePartSchema(Strict):
    service = identifier(required=True)
    fixed = fields.Dict(keys=Matching(IDENTIFIER, "a field name"), values=fields.Raw(), load_default=dict)
    names = fields.Dict(
        keys=Matching(IDENTIFIER, "a field name"), values=Matching(IDENTIFIER, "a field name"), load_default=dict
    )
    after = fields.List(identifier(), load_default=list, validate=validate.Length(max=MOST))
    takes = fields.Dict(
        keys=Matching(IDENTIFIER, "a field name"), load_default=dict,
        values=Matching(_RESULT, f"a part and what of its result document, like part.{'|'.join(TOLD)}"),
    )  # fmt: skip
    papers = fields.Dict(keys=identifier(), values=identifier(), load_default=dict)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> BundlePart:
        takes = {name: tuple(source.split(".")) for name, source in data["takes"].items()}
        return BundlePart(**{**data, "after": tuple(data["after"]), "takes": takes})


class BundleSchema(Strict):
    title = Sentence(required=True)
    summary = Sentence(required=True)
    parts = fields.List(fields.Nested(BundlePartSchema), required=True, validate=validate.Length(2, MOST))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Bundle:
        return Bundle(id="", **{**data, "parts": tuple(data["parts"])})

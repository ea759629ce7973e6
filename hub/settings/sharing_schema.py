"""What config/sharing.yaml may hold. The rules' days are the most there may be: a county may only be quicker."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields, post_load, validate, validates_schema

from hub.settings.pieces import Matching, Strict, identifier, refuse, whole
from hub.settings.sharing_shapes import MADE, WHOSE, Sharing, Source

RESOURCE = re.compile(r"[0-9A-Za-z]([0-9A-Za-z_-]{0,62}[0-9A-Za-z])?", re.ASCII)


class ResourceSourceSchema(Strict):
    system = identifier(required=True)
    operation = identifier(required=True)
    by = fields.List(identifier(), required=True, validate=validate.Length(1, 4))
    rows = identifier(load_default="")
    fields_ = fields.Dict(
        keys=identifier(), values=identifier(), required=True, data_key="fields", attribute="fields",
        validate=validate.Length(1, 200),
    )  # fmt: skip
    asks = fields.Dict(keys=identifier(), values=identifier(), load_default=dict, validate=validate.Length(0, 8))
    whose = fields.Dict(
        keys=fields.String(validate=validate.OneOf(WHOSE)), values=identifier(), load_default=dict
    )

    @validates_schema
    def check_asks(self, data: dict[str, Any], **_: Any) -> None:
        """What is sent is one of `by`, or made of one of them."""
        by = data.get("by", ())
        sent = ((name, MADE.get(what, what)) for name, what in data.get("asks", {}).items())
        refuse(((("asks", name), f"needs {what} in by") for name, what in sent if what not in by))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Source:
        return Source(**{**data, "by": tuple(data["by"])})


class SharingSchema(Strict):
    platform = identifier(required=True)
    supervisor = identifier(required=True)
    review = whole(1, 2, load_default=2)
    owner = whole(1, 5, load_default=5)
    owner_unpublished = whole(1, 10, load_default=10)
    silent = whole(1, 5, load_default=5)
    dispute = whole(1, 10, load_default=5)
    correction = whole(1, 20, load_default=5)
    not_shared_days = whole(1, 1095, load_default=365)
    most_days = whole(1, 1095, load_default=365)
    kept_days = whole(90, 1095, load_default=365)  # statistics count the last 90
    match_days = whole(1, 365, load_default=30)
    said_of_all = fields.List(identifier(), load_default=list, validate=validate.Length(0, 100))
    sources = fields.Dict(
        keys=Matching(RESOURCE, "the id of a data resource"), values=fields.Nested(ResourceSourceSchema),
        load_default=dict,
    )  # fmt: skip

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Sharing:
        return Sharing(**{**data, "said_of_all": tuple(data["said_of_all"])})

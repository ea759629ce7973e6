"""What config/sharing.yaml may hold. The rules' days are the most there may be: a county may only be quicker."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields, post_load, validate

from hub.settings.pieces import Matching, Strict, identifier, whole
from hub.settings.sharing_shapes import Sharing, Source

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
    sources = fields.Dict(
        keys=Matching(RESOURCE, "the id of a data resource"), values=fields.Nested(ResourceSourceSchema),
        load_default=dict,
    )  # fmt: skip

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Sharing:
        return Sharing(**data)

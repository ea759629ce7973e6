"""What config/channels.yaml may hold: the channels that tell who was where, and how near is a contact."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from hub.settings.movement_shapes import Channel, ChannelSource
from hub.settings.pieces import Sentence, Strict, identifier, whole


class SourceSchema(Strict):
    system = identifier(required=True)
    dataset = identifier(required=True)
    fields_ = fields.Dict(
        keys=identifier(), values=identifier(), required=True, data_key="fields", attribute="fields"
    )

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> ChannelSource:
        return ChannelSource(**data)


class ChannelSchema(Strict):
    title = Sentence(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["vehicle", "place"]))
    rows = whole(0, 100, load_default=3)
    minutes = whole(0, 1440, load_default=30)
    source = fields.Nested(SourceSchema, load_default=None)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Channel:
        return Channel(id="", **data)

"""What config/appeals.yaml may hold: where appeals and clues go, and by when they are answered."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from hub.settings.pieces import Strict, Words, identifier, whole
from hub.settings.schemas import WaitSchema
from hub.settings.shapes import Alike, AppealKind, AppealRule, Appeals


class RuleSchema(Strict):
    id = identifier(required=True)
    words = fields.List(Words(40, required=True), required=True, validate=validate.Length(1, 200))
    office = fields.String(required=True)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> AppealRule:
        return AppealRule(data["id"], tuple(data["words"]), data["office"])


class KindSchema(Strict):
    rules = fields.List(fields.Nested(RuleSchema), required=True, validate=validate.Length(0, 200))
    otherwise = fields.String(required=True)
    yellow = fields.Nested(WaitSchema, required=True)
    red = fields.Nested(WaitSchema, required=True)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> AppealKind:
        return AppealKind(**{**data, "rules": tuple(data["rules"])})


class AlikeSchema(Strict):
    hours = whole(1, 720, load_default=72)
    metres = whole(1, 10_000, load_default=300)
    percent = whole(1, 100, load_default=50)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Alike:
        return Alike(**data)


class AppealsSchema(Strict):
    appeal = fields.Nested(KindSchema, required=True)
    clue = fields.Nested(KindSchema, required=True)
    supervisor = identifier(required=True)
    alike = fields.Nested(AlikeSchema, load_default=Alike())

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Appeals:
        return Appeals({kind: data[kind] for kind in ("appeal", "clue")}, data["supervisor"], data["alike"])

"""What config/recognition.yaml may hold: whom this region believes point to point, whose signed list, its grades."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from hub.settings.health_code_shapes import GRADES
from hub.settings.pieces import Matching, Reference, Sentence, Strict, Words, check_url, region, whole
from hub.settings.recognition_shapes import Recognition, TrustedIssuer

_ISSUER = re.compile(r"[1-9][0-9]{5}|[A-Z]{2,3}", re.ASCII)
_PLACE = re.compile(r"[1-9][0-9]{1,5}|[A-Z]{2,3}", re.ASCII)


class IssuerSchema(Strict):
    name = Sentence(required=True)
    way = fields.String(required=True, validate=validate.OneOf(("facts", "dcc"), error="is not facts or dcc"))
    keys = Reference(required=True)
    scope = fields.List(
        Matching(_PLACE, "the first digits of regions, or a country"), load_default=list,
        validate=validate.Length(max=60),
    )  # fmt: skip

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> TrustedIssuer:
        return TrustedIssuer(**{**data, "scope": tuple(data["scope"])})


class ConsentSchema(Strict):
    version = Words(20, required=True)
    text = Sentence(required=True)


class AdviceSchema(Strict):
    accepted = Sentence(required=True)
    not_accepted = Sentence(required=True)
    cannot_decide = Sentence(required=True)
    technical_error = Sentence(required=True)


class RecognitionSchema(Strict):
    region = region(load_default="")
    grades = fields.List(
        fields.String(validate=validate.OneOf(GRADES, error="is not 00, 01 or 10; in quotes")),
        load_default=list(GRADES), validate=validate.Length(2, 3),
    )  # fmt: skip
    issuers = fields.Dict(
        keys=Matching(_ISSUER, "a region of six digits or a country"), values=fields.Nested(IssuerSchema),
        load_default=dict,
    )  # fmt: skip
    signers = Reference(load_default="")
    list_url = fields.String(load_default="", validate=check_url)
    snapshot_hours = whole(1, 24 * 14, load_default=24)
    alarm_hours = whole(1, 24 * 14, load_default=24)
    portable_minutes = whole(1, 60, load_default=10)
    keep_days = whole(1, 365, load_default=30)
    consent = fields.Nested(ConsentSchema, required=True)
    advice = fields.Nested(AdviceSchema, required=True)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Recognition:
        if data["grades"][0] != "00":
            raise ValidationError({"grades": ["the first is green, 00"]})
        if data["list_url"] and not data["signers"]:
            raise ValidationError({"signers": ["are needed to believe the list at list_url"]})
        consent = data.pop("consent")
        return Recognition(
            **{**data, "grades": tuple(data["grades"])}, consent=consent["text"], consent_version=consent["version"]
        )

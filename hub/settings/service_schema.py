"""What `config/services/<id>.yaml` may hold."""

from __future__ import annotations

import hashlib
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from hub.settings.papers import UploadsSchema
from hub.settings.pieces import (
    IDENTIFIER,
    Matching,
    Sentence,
    Strict,
    SwitchSchema,
    Words,
    check_url,
    identifier,
    region,
    switchable,
    whole,
)
from hub.settings.shapes import Consent, FormField, Service, Switch, Synthetic

KINDS = ("query", "application", "payment", "appointment", "link")
SUBJECT = ("id_number", "name", "phone", "credit_code")
UNITS = ("working_day", "calendar_day")
MAX_PARTS = 10
# A promise is compared with the law in calendar days; five working days are a week.
_CALENDAR_DAYS = {"working_day": 7 / 5, "calendar_day": 1.0}


class Link(fields.String):
    """A page elsewhere that is shown to citizens."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, *args, **options)
        check_url(text.split("?")[0].split("#")[0], frozenset({"https"}))
        return text


class FormFieldSchema(Strict):
    type = identifier(required=True)
    label = Sentence(required=True)
    data_class = whole(1, 4, required=True, data_key="class")
    required = switchable(load_default=False)
    min = whole(-(10**15), 10**15, load_default=None, allow_none=True)
    max = whole(-(10**15), 10**15, load_default=None, allow_none=True)
    choices = fields.List(Words(100), load_default=list, validate=validate.Length(max=200))
    help = Sentence(load_default=dict)

    @validates_schema(skip_on_field_errors=True)
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["min"] is not None and data["max"] is not None and data["min"] > data["max"]:
            raise ValidationError("is below 'min'", "max")


class CallSchema(Strict):
    system = identifier(required=True)
    operation = identifier(required=True)


class MaterialSchema(Strict):
    """One paper: what it is, whether it must be there, and where it comes from. Papers of one `type` are the same paper
    wherever they are asked for; a licence of the kind `licence` stands in for it."""

    type = identifier()
    licence = identifier()
    name = Sentence(required=True)
    required = switchable(load_default=True)
    form = fields.String(validate=validate.OneOf(["electronic", "original_scan", "copy", "form"]))
    copies = whole(0, 100)
    source = fields.String(validate=validate.OneOf(["citizen", "data_class", "government", "other"]))
    data_class = Words(64)
    basis = Sentence()
    blank_form = Link()
    sample = Link()
    accept_standard = Sentence()
    note = Sentence()


class FeeSchema(Strict):
    name = Sentence(required=True)
    amount_fen = whole(0, 10**12)
    standard = Sentence()
    basis = Sentence()
    reduction = Sentence()


class QuestionSchema(Strict):
    question = Sentence(required=True)
    answer = Sentence(required=True)


class GuideSchema(Strict):
    """What the citizen reads before starting: who, how long, which papers, how much."""

    summary = Sentence()
    conditions = fields.List(Sentence(required=True))
    steps = fields.List(Sentence(required=True))
    basis = fields.List(Sentence(required=True))
    materials = fields.List(fields.Nested(MaterialSchema))
    fees = fields.List(fields.Nested(FeeSchema))
    faq = fields.List(fields.Nested(QuestionSchema))
    legal_days = whole(0, 3660)
    legal_unit = fields.String(validate=validate.OneOf(UNITS))
    promised_days = whole(0, 3660)
    promised_unit = fields.String(validate=validate.OneOf(UNITS))
    visits = whole(0, 99)
    result = Sentence()
    place = Sentence()
    hours = Sentence()
    phone = Words(40)
    limits = fields.Dict(keys=identifier(), values=fields.Raw())

    @validates_schema(skip_on_field_errors=True)
    def promise_within_the_law(self, data: dict[str, Any], **_: Any) -> None:
        """features.md B4: a promise longer than the law is refused, each in its own unit."""
        if "promised_days" in data and "legal_days" in data:
            promised = data["promised_days"] * _CALENDAR_DAYS[data.get("promised_unit", "working_day")]
            legal = data["legal_days"] * _CALENDAR_DAYS[data.get("legal_unit", "working_day")]
            if promised > legal:
                raise ValidationError("the promise is longer than the law allows", "promised_days")


class SyntheticSchema(Strict):
    """Who asks on schedule whether the service works for people, and with which fields, as the hub hands them on: an
    amount in fen."""

    persona = identifier(required=True)
    fields_ = fields.Dict(keys=Matching(IDENTIFIER, "a field name"), load_default=dict, data_key="fields")

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Synthetic:
        return Synthetic(data["persona"], data["fields_"])


class ConsentSchema(Strict):
    """What a person consents to; a changed text, field or purpose needs a new consent, and a new version."""

    purpose = Words(200, required=True)
    fields_ = fields.List(
        Matching(IDENTIFIER, "a field name"), required=True, validate=validate.Length(1, 100), data_key="fields"
    )
    text = Sentence(required=True)
    version = Words(20, required=True)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Consent:
        sha256 = {language: hashlib.sha256(text.encode()).hexdigest() for language, text in data["text"].items()}
        return Consent(data["purpose"], tuple(data["fields_"]), data["text"], data["version"], sha256)


class Purpose(fields.Field[dict[str, str]]):
    """A text by language; a plain one is the Chinese one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"type": ["string", "object"]}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str]:
        told: dict[str, str] = Sentence().deserialize({"zh": value} if isinstance(value, str) else value)
        return told


class ServiceSchema(Strict):
    id = identifier(required=True)
    title = Sentence(required=True)
    department = identifier(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    themes = fields.List(identifier(), load_default=list)
    audience = fields.String(load_default="person", validate=validate.OneOf(["person", "company", "both"]))
    region = region(required=True)
    level = whole(0, 3, required=True)
    data_class = whole(1, 4, required=True)
    aliases = fields.List(Words(60), load_default=list, validate=validate.Length(max=50))
    codes = fields.Dict(keys=identifier(), values=Words(64), load_default=dict)
    call = fields.Nested(CallSchema)
    parts = fields.List(identifier(), load_default=list, validate=validate.Length(1, MAX_PARTS))
    link = Link(load_default=None)
    subject = fields.List(fields.String(validate=validate.OneOf(SUBJECT)), load_default=list)
    purpose = Purpose(load_default=dict)
    form = fields.Dict(
        keys=Matching(IDENTIFIER, "a field name"), values=fields.Nested(FormFieldSchema), load_default=dict
    )
    guide = fields.Nested(GuideSchema, load_default=dict)
    version = Words(20, load_default="1")
    effective_from = fields.Date(load_default=None)
    effective_until = fields.Date(load_default=None)
    cache_s = whole(0, 86_400, load_default=0)
    stale_s = whole(0, 30 * 86_400, load_default=0)
    per_minute = whole(1, 10_000_000, load_default=60)
    record = fields.String(load_default="", validate=validate.OneOf(["body", "metadata", "nothing"]))
    synthetic = fields.Nested(SyntheticSchema, load_default=None)
    consent = fields.Nested(ConsentSchema, load_default=None)
    uploads = fields.Nested(UploadsSchema, load_default=dict)
    workflow = identifier(load_default="")
    once_by = fields.List(Matching(IDENTIFIER, "a field name"), load_default=list, validate=validate.Length(max=5))
    heard_days = whole(1, 30, load_default=1)
    switch = fields.Nested(SwitchSchema, load_default=Switch)

    @validates_schema(skip_on_field_errors=True)
    def is_handled_somehow(self, data: dict[str, Any], **_: Any) -> None:
        if data["workflow"] and data["kind"] != "application":
            raise ValidationError("only an application has a workflow", "workflow")
        unknown = [name for name in data["once_by"] if name not in data["form"]]
        if unknown:
            raise ValidationError(f"the form has no field '{unknown[0]}'", "once_by")

    @validates_schema(skip_on_field_errors=True)
    def runs_on_something(self, data: dict[str, Any], **_: Any) -> None:
        ways = [name for name in ("call", "parts", "link") if data.get(name)]
        if len(ways) > 1:
            raise ValidationError(f"'{ways[0]}' is there already; a service has one of call, parts, link", ways[1])
        if data["kind"] == "link" and not data["link"]:
            raise ValidationError("a service of kind 'link' needs 'link'", "kind")
        if data["kind"] == "query" and not (data.get("call") or data["parts"]):
            raise ValidationError("a service of kind 'query' needs 'call' or 'parts'", "kind")

    @validates_schema(skip_on_field_errors=True)
    def keeps_no_readable_person(self, data: dict[str, Any], **_: Any) -> None:
        if data["record"] == "body" and data["data_class"] >= 3:
            raise ValidationError("personal data (data_class 3 and 4) is never kept as a body", "record")

    @validates_schema(skip_on_field_errors=True)
    def in_force_forwards(self, data: dict[str, Any], **_: Any) -> None:
        start, end = data["effective_from"], data["effective_until"]
        if start and end and end < start:
            raise ValidationError("is before 'effective_from'", "effective_until")

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Service:
        call = data.pop("call", {})
        form = tuple(
            FormField(name=name, **{**field, "choices": tuple(field["choices"])})
            for name, field in data.pop("form").items()
        )
        for name in ("themes", "aliases", "parts", "subject", "once_by"):
            data[name] = tuple(data[name])
        for name in ("effective_from", "effective_until"):
            data[name] = data[name].isoformat() if data[name] else None
        return Service(**data, form=form, system=call.get("system"), operation=call.get("operation"))

"""What config/health_code.yaml may hold. A rule that names what is not there is refused while the file is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from hub.settings.health_code_shapes import (
    GRADES,
    KEEP,
    RESULTS,
    REVIEW,
    Condition,
    Ending,
    Gate,
    Grade,
    HealthCode,
    Limits,
    PublishedRule,
    Questions,
)
from hub.settings.pieces import IDENTIFIER, Matching, Sentence, Strict, Words, identifier, refuse, region, whole
from hub.settings.service_schema import FormFieldSchema
from hub.settings.shapes import FormField

_GRADE = re.compile("|".join(GRADES), re.ASCII)
_Path = tuple[Any, ...]


def _degrees(most: int) -> fields.Float:
    return fields.Float(required=True, validate=validate.Range(-most, most, error=f"must be from -{most} to {most}"))


class ConditionSchema(Strict):
    fact = Matching(IDENTIFIER, "the name of a fact", required=True)
    any_of = fields.List(fields.Raw(), data_key="is", load_default=list, validate=validate.Length(1, 100))
    at_least = fields.Float(load_default=None, validate=validate.Range(-(10**9), 10**9))

    @validates_schema(skip_on_field_errors=True)
    def asks_one_thing(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data["any_of"]) == (data["at_least"] is not None):
            raise ValidationError("needs 'is' or 'at_least'", "fact")

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Condition:
        return Condition(data["fact"], tuple(data["any_of"]), data["at_least"])


class RuleSchema(Strict):
    id = identifier(required=True)
    text = Sentence(required=True)
    when = fields.List(fields.Nested(ConditionSchema), required=True, validate=validate.Length(0, 20))
    then = fields.String(required=True, validate=validate.OneOf([*GRADES, REVIEW]))
    reason = identifier(required=True)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> PublishedRule:
        return PublishedRule(**{**data, "when": tuple(data["when"])})


class QuestionsSchema(Strict):
    title = Sentence(required=True)
    form = fields.Dict(
        keys=Matching(IDENTIFIER, "a field name"), values=fields.Nested(FormFieldSchema), required=True,
        validate=validate.Length(1, 60),
    )  # fmt: skip
    rules = fields.List(fields.Nested(RuleSchema), required=True, validate=validate.Length(0, 100))
    otherwise = fields.String(required=True, validate=validate.OneOf([REVIEW, KEEP]))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Questions:
        form = tuple(
            FormField(name=name, **{**each, "choices": tuple(each["choices"])}) for name, each in data["form"].items()
        )
        return Questions(data["title"], form, tuple(data["rules"]), data["otherwise"])


class GradeSchema(Strict):
    name = Sentence(required=True)
    advice = Sentence(required=True)
    result = fields.String(required=True, validate=validate.OneOf(RESULTS))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Grade:
        return Grade(id="", **data)


class GateSchema(Strict):
    name = Sentence(required=True)
    region = region(required=True)
    latitude = _degrees(90)
    longitude = _degrees(180)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Gate:
        return Gate(id="", **data)


class LimitsSchema(Strict):
    scans_a_day = whole(1, 100_000_000, load_default=500)
    lookups_a_day = whole(1, 100_000, load_default=100)
    lookups_a_minute = whole(1, 1000, load_default=10)
    shift_hours = whole(1, 24, load_default=8)
    relay_km = whole(1, 1000, load_default=5)
    relay_seconds = whole(1, 3600, load_default=60)

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Limits:
        return Limits(**data)


class EndingSchema(Strict):
    on = fields.Date(required=True)
    order = Words(200, required=True)
    then = fields.String(required=True, validate=validate.OneOf(["delete", "archive"]))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Ending:
        return Ending(**data)


class HealthCodeSchema(Strict):
    service = identifier(required=True)
    ending = fields.Nested(EndingSchema, required=True)
    grades = fields.Dict(
        keys=Matching(_GRADE, "a grade (00, 01, 10)"), values=fields.Nested(GradeSchema), required=True,
        validate=validate.Length(2, 3),
    )  # fmt: skip
    reasons = fields.Dict(keys=identifier(), values=Sentence(required=True), required=True)
    questions = fields.Dict(
        keys=fields.String(validate=validate.OneOf(["health", "trip"])), values=fields.Nested(QuestionsSchema),
        required=True, validate=validate.Length(1, 2),
    )  # fmt: skip
    shared = fields.List(Matching(IDENTIFIER, "the name of a fact"), load_default=list)
    pending = Sentence(required=True)
    valid_days = whole(1, 366, load_default=14)
    review_minutes = whole(1, 14_400, load_default=60)
    appeal_hours = whole(1, 24, load_default=24)
    offline_minutes = whole(1, 720, load_default=30)
    paper_days = whole(1, 366, load_default=90)
    limits = fields.Nested(LimitsSchema, load_default=Limits())
    gates = fields.Dict(keys=identifier(), values=fields.Nested(GateSchema), load_default=dict)

    @validates_schema(skip_on_field_errors=True)
    def hangs_together(self, data: dict[str, Any], **_: Any) -> None:
        refuse(_misfits(data))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> HealthCode:
        from_keys = {name: _with_ids(data[name]) for name in ("grades", "gates")}
        return HealthCode(**{**data, **from_keys, "shared": tuple(data["shared"])})


def _with_ids(table: Mapping[str, Any]) -> dict[str, Any]:
    return {id: replace(each, id=id) for id, each in table.items()}


def _misfits(data: Mapping[str, Any]) -> Iterator[tuple[_Path, str]]:
    if "health" not in data["questions"]:
        yield ("questions",), "'health' is missing: nobody could come by a code"
    for grade in ("00", "10"):
        if grade not in data["grades"]:
            yield ("grades",), f"'{grade}' is missing: two colours are the least"
    seen: set[str] = set()
    for kind, questions in data["questions"].items():
        facts = {field.name for field in questions.form} | set(data["shared"])
        for place, rule in enumerate(questions.rules):
            path: _Path = ("questions", kind, "rules", place)
            if rule.id in seen:
                yield (*path, "id"), f"'{rule.id}' is a rule already"
            seen.add(rule.id)
            yield from (((*path, key), text) for key, text in _wrong(rule, facts, data))


def _wrong(rule: PublishedRule, facts: set[str], data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if rule.then not in (*data["grades"], REVIEW):
        yield "then", f"this region has no grade '{rule.then}'"
    if rule.reason not in data["reasons"]:
        yield "reason", f"no reason '{rule.reason}'"
    for condition in rule.when:
        if condition.fact not in facts:
            yield "when", f"nobody tells '{condition.fact}': no field of the form, no shared fact"

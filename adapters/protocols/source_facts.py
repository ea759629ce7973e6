"""What system.yaml says about a system that brings something by itself: when it is asked, how it calls us, which
datasets come of it and what of them is kept.
"""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from adapters.protocols.signature import RuleFacts

_NAME = validate.Regexp(re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII), error="is not a name in small letters")
_HEADER = validate.Regexp(re.compile(r"[A-Za-z0-9-]{1,60}\Z", re.ASCII), error="is not a header name")
_PATH = validate.Regexp(r"([^.\s]+(\.[^.\s]+)*)?\Z", error="is not a path of names joined by dots")


class Section(Schema):
    """Unknown keys are refused."""

    class Meta:
        unknown = RAISE


class PollFacts(Section):
    """Every so many seconds, or daily at these times. `operation` with its `fields` is asked by a protocol that has
    nothing else to collect by."""

    every_s = fields.Float(validate=validate.Range(0.5, 86_400))
    daily = fields.List(fields.String(), validate=validate.Length(1, 48))
    operation = fields.String(load_default="")
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("every_s" in data) == ("daily" in data):
            raise ValidationError("either every_s or daily")
        for position, each in enumerate(data.get("daily", ())):
            if not re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", each, re.ASCII) or not _is_time(each):
                raise ValidationError({"daily": {position: ["is not a time like 03:30; put it in quotes"]}})


def _is_time(text: str) -> bool:
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return True


class DeletedFacts(Section):
    """A row is taken back when what stands at `from` is one of `values`."""

    source = fields.String(data_key="from", attribute="from", required=True, validate=_PATH)
    values = fields.List(fields.String(), required=True, validate=validate.Length(1))


class CallbackSignFacts(RuleFacts):
    """`name` is the header the signature stands in; `keys` are names of secrets, the new one first while they rotate.
    Headers that are signed are named in `fields` as they are spelt there; `@body` is the digest of the body."""

    class Meta:
        unknown = RAISE

    name = fields.String(required=True, validate=_HEADER)
    keys = fields.List(fields.String(), required=True, validate=validate.Length(1, 2))

    @validates_schema
    def whole(self, data: dict[str, Any], **_: Any) -> None:
        if "@body" not in data.get("fields", ()) and "@raw" not in data.get("fields", ()):
            raise ValidationError("a callback's signature covers its body (@body or @raw)", "fields")


class CallbackFacts(Section):
    """`id` and `time` are headers: the event's name (none: the signed body is its name), and when it was sent, as
    seconds, milliseconds or a format of China's time, not further from ours than `window_s`."""

    id = fields.String(load_default="")
    time = fields.String(required=True, validate=_HEADER)
    form = fields.String(load_default="seconds")
    window_s = fields.Integer(strict=True, load_default=300, validate=validate.Range(10, 3600))
    sign = fields.Nested(CallbackSignFacts, required=True)
    body = fields.String(load_default="json", validate=validate.OneOf(["json", "xml"]))

    @validates_schema
    def time_is_signed(self, data: dict[str, Any], **_: Any) -> None:
        lacking = {data["time"], data["id"]} - {"", *data["sign"].get("fields", ())}
        if lacking:
            raise ValidationError(f"not signed: {', '.join(sorted(lacking))}", "sign")


def dataset_facts(given: type[Schema]) -> type[Schema]:
    """`given` describes one field, as in an answer."""

    class DatasetFacts(Section):
        """`from` is where its rows stand (nothing: the whole is one row), `list` the list of the polled operation
        instead, which also brings its fields. `key` names what makes a row the same row and `version` what orders two
        of them. `look_up` lists the fields a row is found by; it is kept for `keep_days` after it came."""

        source = fields.String(data_key="from", attribute="from", load_default="", validate=_PATH)
        list_ = fields.String(data_key="list", attribute="list", load_default="")
        fields_ = fields.Dict(
            keys=fields.String(validate=_NAME),
            values=fields.Nested(given),
            data_key="fields",
            attribute="fields",
            load_default=dict,
        )
        key = fields.List(fields.String(), required=True, validate=validate.Length(1))
        version = fields.String(load_default="")
        deleted = fields.Nested(DeletedFacts, load_default=None)
        look_up = fields.List(fields.String(), required=True, validate=validate.Length(1))
        keep_days = fields.Integer(strict=True, required=True, validate=validate.Range(1, 3660))
        ignored = fields.List(fields.String(), load_default=list)

        @validates_schema
        def described_once(self, data: dict[str, Any], **_: Any) -> None:
            if bool(data["list"]) == bool(data["fields"]):
                raise ValidationError("either fields, or the list they are taken from")

    return DatasetFacts


def complete(data: dict[str, Any]) -> None:
    """What the sections must say of each other. Raises ValidationError; fills in the fields of a polled list.

    A protocol may describe its own poll and datasets and lack what is ours."""
    operation = (data["poll"] or {}).get("operation")
    operations = data["operations"]
    if operation and operations.get(operation, {}).get("kind") != "read":
        raise ValidationError({"poll": {"operation": ["no such operation that reads"]}})
    lists = operations[operation]["answer"]["lists"] if operation else {}
    for name, dataset in data["datasets"].items():
        if dataset.get("list"):
            if dataset["list"] not in lists:
                raise ValidationError({"datasets": {name: {"list": ["no such list of the polled operation"]}}})
            dataset["fields"] = lists[dataset["list"]]["fields"]
        named = {*dataset["key"], *dataset["look_up"]} | ({dataset.get("version", "")} - {""})
        unknown = named - dataset["fields"].keys()
        if unknown:
            raise ValidationError({"datasets": {name: [f"no field of it: {', '.join(sorted(unknown))}"]}})
    if (data["callback"] or operation) and not data["datasets"]:
        raise ValidationError("what is brought is kept in a dataset", "datasets")

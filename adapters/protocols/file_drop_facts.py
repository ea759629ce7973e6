"""What the system.yaml of a department that drops files says beside the common facts: which files, when they are whole,
how their rows are read, what is done with them afterwards.

A text file does not show by itself that it was cut: it must declare a trailer, or a companion with size or digest.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from adapters.protocols import facts
from adapters.protocols.charset import CHARSETS
from adapters.protocols.facts import GivenFacts, Strict, Words
from adapters.protocols.file_drop_names import Pattern

FORMATS = ("csv", "fixed", "excel", "dbf")
_NAME = validate.Regexp(re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII), error="is not a name in small letters")
_PLAIN = validate.Regexp(re.compile(r"([^/\\\0.][^/\\\0]*)?\Z"), error="is not the plain name of a folder")
_CLOCK = validate.Regexp(re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z", re.ASCII), error="is not a time such as 06:00")


def _whole(least: int, default: int) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least), load_default=default)


class ReadyFacts(Strict):
    """A file is whole when a companion (`done`: its ending) is there, or when nothing changed for `stable_s`.
    `holds` says what stands in the companion about the file."""

    done = Words(load_default="")
    holds = Words(load_default="", validate=validate.OneOf(["", "size", "sha256"]))
    stable_s = fields.Float(load_default=60.0, validate=validate.Range(0))

    @validates_schema
    def companion(self, data: dict[str, Any], **_: Any) -> None:
        if data["holds"] and not data["done"]:
            raise ValidationError("only a companion file holds something", "holds")


class ExpectedFacts(Strict):
    """Until when a file must be there: every day or on one day of the month, by China's clock. `lag_days`: the file
    of Monday comes on Tuesday."""

    every = Words(load_default="day", validate=validate.OneOf(["day", "month"]))
    day = fields.Integer(strict=True, load_default=1, validate=validate.Range(1, 28))
    by = Words(required=True, validate=_CLOCK)
    lag_days = _whole(0, 0)


class TrailerFacts(Strict):
    """The row that ends the table. `count` finds the number of rows in it, by one group; empty: it tells none."""

    begins = Words(required=True, validate=validate.Length(1))
    count = Words(load_default="([0-9]+)")

    @validates_schema
    def one_group(self, data: dict[str, Any], **_: Any) -> None:
        try:
            groups = re.compile(data["count"]).groups
        except re.error as error:
            raise ValidationError(f"is no regular expression: {error}", "count") from None
        if data["count"] and groups != 1:
            raise ValidationError("needs exactly one group, the number", "count")


class DatasetFacts(Strict):
    """`files` is a name with {yyyymmdd}, {yyyymm}, {seq:4} or {any} in it; `columns` the widths in bytes of a fixed
    width file. `look_up` are the fields it can be searched by."""

    files = Words(required=True)
    form = Words(required=True, data_key="format", attribute="format", validate=validate.OneOf(FORMATS))
    encoding = Words(load_default="", validate=validate.OneOf(["", *CHARSETS]))
    delimiter = Words(load_default=",", validate=validate.Length(equal=1))
    columns = fields.Dict(
        keys=Words(), values=fields.Integer(strict=True, validate=validate.Range(1)), load_default=dict
    )
    sheet = Words(load_default="")
    trailer = fields.Nested(TrailerFacts, load_default=None)
    expected = fields.Nested(ExpectedFacts, load_default=None)
    sequence = Words(load_default="", validate=validate.OneOf(["", "continuous", "daily"]))
    fields_ = fields.Dict(
        keys=Words(validate=_NAME), values=fields.Nested(GivenFacts), data_key="fields", attribute="fields",
        required=True, validate=validate.Length(1),
    )  # fmt: skip
    ignored = facts.texts(load_default=list)
    key = facts.texts(required=True)
    look_up = facts.texts(required=True)
    keep_days = _whole(1, 400)
    max_age_h = fields.Float(load_default=None, allow_none=True, validate=validate.Range(0))
    when_old = Words(load_default="refuse", validate=validate.OneOf(["refuse", "tell"]))

    @validates_schema
    def names(self, data: dict[str, Any], **_: Any) -> None:
        unknown = {*data["key"], *data["look_up"]} - data["fields"].keys()
        if unknown:
            raise ValidationError(f"no field of the rows: {', '.join(sorted(unknown))}", "key")
        if not all(data["fields"][name]["required"] for name in data["key"]):
            raise ValidationError("a field of the key must be required", "key")
        if bool(data["columns"]) != (data["format"] == "fixed"):
            raise ValidationError("a fixed width file, and only one, declares its columns", "columns")

    @validates_schema
    def pattern(self, data: dict[str, Any], **_: Any) -> None:
        try:
            numbered = Pattern(data["files"]).numbered
        except ValueError as error:
            raise ValidationError(str(error), "files") from None
        if numbered != bool(data["sequence"]):
            raise ValidationError("names with {seq:…}, and only they, declare whether the number restarts", "sequence")


class PlaceFacts(Strict):
    """`folder` lies below the address; `taken` and `reports` below it. Without `taken` a file stays where it is and is
    remembered. `path_encoding` is that of file names, on the disk and on SFTP."""

    folder = Words(load_default="", validate=_PLAIN)
    path_encoding = Words(required=True, validate=validate.OneOf(CHARSETS))
    ready = fields.Nested(ReadyFacts, load_default=lambda: ReadyFacts().load({}))
    taken = Words(load_default="", validate=_PLAIN)
    reports = Words(load_default="", validate=_PLAIN)
    max_mib = fields.Integer(strict=True, load_default=64, validate=validate.Range(1, 512))


class PollFacts(Strict):
    every_s = fields.Float(load_default=30.0, validate=validate.Range(1))


class LookUpFacts(Strict):
    """`by` is the request field that is looked up; every other one must agree with the rows found."""

    dataset = Words(required=True)
    by = Words(required=True)


class OperationFacts(facts.OperationFacts):
    file_drop = fields.Nested(LookUpFacts, required=True)

    @validates_schema
    def only_read(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] != "read":
            raise ValidationError("what was delivered can only be read", "kind")


class FACTS(facts.Facts):
    file_drop = fields.Nested(PlaceFacts, required=True)
    poll = fields.Nested(PollFacts, load_default=lambda: PollFacts().load({}))
    datasets = fields.Dict(keys=Words(validate=_NAME), values=fields.Nested(DatasetFacts), required=True)
    operations = fields.Dict(keys=Words(validate=_NAME), values=fields.Nested(OperationFacts), required=True)

    @validates_schema
    def look_ups(self, data: dict[str, Any], **_: Any) -> None:
        for name, operation in data["operations"].items():
            own, asked = operation["file_drop"], operation["request"]["fields"]
            rows = data["datasets"].get(own["dataset"])
            sent = asked.get(own["by"])
            if rows is None or sent is None or not sent["required"] or sent["to"] not in rows["look_up"]:
                raise ValidationError({"operations": {name: ["does not look up a look_up field of a dataset"]}})
            strange = {each["to"] for each in asked.values()} - rows["fields"].keys()
            if strange:
                raise ValidationError({"operations": {name: [f"no field of the rows: {', '.join(sorted(strange))}"]}})

    @validates_schema
    def whole(self, data: dict[str, Any], **_: Any) -> None:
        for name, rows in data["datasets"].items():
            counted = rows["trailer"] and rows["trailer"]["count"]
            if rows["format"] in ("csv", "fixed") and not counted and not data["file_drop"]["ready"]["holds"]:
                told = "a text file must tell when it is whole: a trailer with a count, or ready: {done, holds}"
                raise ValidationError({"datasets": {name: [told]}})
            unknown = {entry["table"] for entry in rows["fields"].values()} - {""} - data["codes"].keys()
            if unknown:
                raise ValidationError({"datasets": {name: [f"no such code table: {', '.join(sorted(unknown))}"]}})

"""The part of system.yaml that is the same for every protocol, as a strict schema. A protocol adds its own sections.

A protocol module subclasses `Facts` (its part of the whole file) and `OperationFacts` (its part of each operation).
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from adapters.protocols.charset import CHARSETS
from adapters.protocols.source_facts import CallbackFacts, PollFacts, complete, dataset_facts
from adapters.protocols.values import NUMBERS, TYPES, day_form
from hub.errors import Problem

OPTIONS = ("text", "integer", "boolean")
FILING_CLASSES = ("R0", "R1", "R2", "R3", "R4")
_NAME = validate.Regexp(re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII), error="is not a name in small letters")
_CODE = validate.Regexp(re.compile(r"[A-Z][A-Z0-9_]*\Z", re.ASCII), error="is not a code in capital letters")
_CLASS = validate.Range(1, 4, error="must be from 1 to 4")


def unusable(reason: str) -> Problem:
    """What an adapter raises when it cannot be opened as it is described."""
    return Problem("CONFIG_INVALID", origin="hub", note=reason)


class Strict(Schema):
    """Unknown keys are refused."""

    class Meta:
        unknown = RAISE


class Words(fields.String):
    """Text; a number or a yes/no that was meant as text must stand in quotes."""

    default_error_messages = {"invalid": "must be text; put it in quotes"}  # noqa: RUF012


def path(**options: Any) -> Words:
    """Where something stands in an answer: names joined by dots."""
    form = validate.Regexp(r"[^.\s]+(\.[^.\s]+)*\Z", error="is not a path of names joined by dots")
    return Words(validate=form, **options)


def texts(**options: Any) -> fields.List[str]:
    return fields.List(Words(), validate=validate.Length(1), **options)


class TextFacts(Strict):
    zh = Words(required=True)
    en = Words(required=True)


class Typed(Strict):
    """A type with what it needs: `table` for a code, `formats` for dates and times."""

    # `as` and `from` are the words of the YAML, and of the loaded facts, but not of Python
    kind = Words(data_key="as", attribute="as", load_default="text", validate=validate.OneOf(sorted(TYPES)))
    table = Words(load_default="")
    formats = fields.List(Words(), load_default=list)

    @validates_schema
    def complete(self, data: dict[str, Any], **_: Any) -> None:
        if (data["as"] == "code") != bool(data["table"]):
            raise ValidationError("a code, and only a code, names its table", "table")
        for position, form in enumerate(data["formats"]):
            try:
                day_form(form)
            except ValueError as error:
                raise ValidationError({"formats": {position: [str(error)]}}) from error


class SentFacts(Typed):
    to = Words(required=True)
    required = fields.Boolean(load_default=False)
    max_bytes = fields.Integer(strict=True, validate=validate.Range(1), load_default=0)


class RequestFacts(Strict):
    """`key` is the wire name of the field that carries our own number (the idempotency key)."""

    fields_ = fields.Dict(
        keys=Words(validate=_NAME),
        values=fields.Nested(SentFacts),
        data_key="fields",
        attribute="fields",
        load_default=dict,
    )
    constants = fields.Dict(keys=Words(), values=Words(), load_default=dict)
    key = Words(load_default="")


def _expression(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise ValidationError(f"is no regular expression: {error}") from None


class GivenFacts(Typed):
    """`absent` lists texts that mean "nothing" (0000-00-00); `pattern` is what a text must match as a whole, or the
    answer is refused; `number` is which kind of number it is: a wrong one is left out (null) and reported."""

    source = path(data_key="from", attribute="from", required=True)
    required = fields.Boolean(load_default=False)
    data_class = fields.Integer(strict=True, data_key="class", attribute="class", required=True, validate=_CLASS)
    absent = texts(load_default=list)
    pattern = Words(load_default="", validate=_expression)
    number = Words(load_default="", validate=validate.OneOf(NUMBERS))

    @validates_schema
    def of_text(self, data: dict[str, Any], **_: Any) -> None:
        for name in ("pattern", "number"):
            if data[name] and data["as"] != "text":
                raise ValidationError(f"only a text has a {name}", name)
        if data["pattern"] and data["number"]:
            raise ValidationError("a number has no pattern besides", "number")


def _given() -> fields.Dict:
    return fields.Dict(
        keys=Words(validate=_NAME),
        values=fields.Nested(GivenFacts),
        data_key="fields",
        attribute="fields",
        load_default=dict,
    )


class ListFacts(Strict):
    """Rows. `key` is what makes a row the same row; `count` where the department declares their number."""

    source = path(data_key="from", attribute="from", required=True)
    fields_ = _given()
    key = texts(required=True)
    count = path(load_default="")
    ignored = texts(load_default=list)

    @validates_schema
    def known_key(self, data: dict[str, Any], **_: Any) -> None:
        unknown = set(data["key"]) - set(data["fields"])
        if unknown:
            raise ValidationError(f"no field of the row: {', '.join(sorted(unknown))}", "key")
        if left_out := [name for name in data["key"] if data["fields"][name]["number"]]:
            raise ValidationError(f"may be left out of a row: {', '.join(left_out)}", "key")


class AnswerFacts(Strict):
    """`receipt` is where the department's own number stands; `ignored` lists paths left out on purpose."""

    fields_ = _given()
    lists = fields.Dict(keys=Words(validate=_NAME), values=fields.Nested(ListFacts), load_default=dict)
    receipt = path(load_default="")
    ignored = texts(load_default=list)


class ReasonFacts(TextFacts):
    code = Words(required=True, validate=_CODE)


class OutcomeFacts(Strict):
    """Which of the department's own result codes mean what. One that is not listed makes the answer Garbled."""

    path = path(required=True)
    ok = texts(required=True)
    denied = texts(load_default=list)
    unavailable = texts(load_default=list)
    rejected = fields.Dict(keys=Words(), values=fields.Nested(ReasonFacts), load_default=dict)


class OperationFacts(Strict):
    kind = Words(required=True, validate=validate.OneOf(["read", "write"]))
    data_class = fields.Integer(strict=True, required=True, validate=_CLASS)
    request = fields.Nested(RequestFacts, load_default=lambda: RequestFacts().load({}))
    outcome = fields.Nested(OutcomeFacts, load_default=None)
    answer = fields.Nested(AnswerFacts, required=True)

    @validates_schema
    def classes(self, data: dict[str, Any], **_: Any) -> None:
        answer = data["answer"]
        groups = [answer["fields"], *(each["fields"] for each in answer["lists"].values())]
        if any(entry["class"] > data["data_class"] for group in groups for entry in group.values()):
            raise ValidationError("a field of the answer is of a higher class than the operation", "data_class")


class ProbeFacts(Strict):
    operation = Words(required=True)
    fields_ = fields.Dict(keys=Words(), values=fields.Raw(), data_key="fields", attribute="fields", load_default=dict)
    rejected_is_fine = fields.Boolean(load_default=False)


class PaperFacts(Strict):
    """Papers go first: `register` opens a file and answers with its number, `upload` takes one paper. Neither counts as
    filed, so both are repeated until they are done."""

    register = Words(required=True, validate=_NAME)
    upload = Words(required=True, validate=_NAME)


class FilingFacts(Strict):
    """How a write is found again when its answer was lost (reliability 7.2). `query` is the operation that asks for
    `by`, a field of it; `settle_s` the seconds after which "not there" is certain.

    Of its answer, or of the list `rows` in it, what says the same as the filing in all of `match` is the filing;
    `receipt` is the department's number there, `absent` its codes that mean none. `human_s` is when a person must know,
    `owner` who (else the department), `senders` how many sessions it allows us."""

    filing_class = Words(data_key="class", attribute="class", required=True, validate=validate.OneOf(FILING_CLASSES))
    query = Words(load_default="")
    by = Words(load_default="")
    settle_s = fields.Float(load_default=None, allow_none=True, validate=validate.Range(0))
    rows = Words(load_default="")
    match = texts(load_default=list)
    receipt = Words(load_default="")
    absent = fields.List(Words(validate=_CODE), load_default=list)
    human_s = fields.Float(load_default=86_400.0, validate=validate.Range(60))
    owner = Words(load_default="")
    papers = fields.Nested(PaperFacts, load_default=None)
    senders = fields.Integer(strict=True, load_default=1, validate=validate.Range(1, 16))


class OptionFacts(Strict):
    """One thing that operations may set for this system under `options` in systems.yaml."""

    kind = Words(data_key="as", attribute="as", load_default="text", validate=validate.OneOf(OPTIONS))
    required = fields.Boolean(load_default=False)


class Facts(Strict):
    """`version` is that of this description; `secrets` names what systems.yaml must give, `options` what it may set
    besides, with its type (none given: the protocol's own rules hold). `outcome` at the top is that of every operation
    without its own. `forbidden` lists the ASCII characters that the department's own code breaks on."""

    name = fields.Nested(TextFacts, required=True)
    department = Words(required=True, validate=_NAME)
    protocol = Words(required=True, validate=_NAME)
    encoding = Words(required=True, validate=validate.OneOf(CHARSETS))
    forbidden = Words(
        load_default="", validate=validate.Regexp(r"[!-/:-@\[-`{-~]*\Z", error="is not ASCII punctuation")
    )
    subject = Words(load_default="")
    version = Words(load_default="1")
    options = fields.Dict(keys=Words(validate=_NAME), values=fields.Nested(OptionFacts), load_default=dict)
    secrets = fields.List(Words(validate=_NAME), load_default=list)
    probe = fields.Nested(ProbeFacts, required=True)
    filing = fields.Nested(FilingFacts, load_default=None)
    outcome = fields.Nested(OutcomeFacts, load_default=None)
    operations = fields.Dict(keys=Words(validate=_NAME), values=fields.Nested(OperationFacts), required=True)
    codes = fields.Dict(keys=Words(), values=fields.Dict(keys=Words(), values=Words()), load_default=dict)
    poll = fields.Nested(PollFacts, load_default=None)
    callback = fields.Nested(CallbackFacts, load_default=None)
    datasets = fields.Dict(
        keys=Words(validate=_NAME), values=fields.Nested(dataset_facts(GivenFacts)), load_default=dict
    )

    @validates_schema
    def second_door(self, data: dict[str, Any], **_: Any) -> None:
        complete(data)

    @post_load
    def one_outcome_for_all(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        for operation in data["operations"].values():
            operation["outcome"] = operation["outcome"] or data["outcome"]
        return data

    @validates_schema
    def tables(self, data: dict[str, Any], **_: Any) -> None:
        for name, operation in data["operations"].items():
            answer = operation["answer"]
            groups = [operation["request"], answer, *answer["lists"].values(), *data["datasets"].values()]
            used = {entry.get("table", "") for group in groups for entry in group["fields"].values()} - {""}
            if used - data["codes"].keys():
                unknown = ", ".join(sorted(used - data["codes"].keys()))
                raise ValidationError({"operations": {name: [f"no such code table: {unknown}"]}})

    @validates_schema
    def connections(self, data: dict[str, Any], **_: Any) -> None:
        operations = data["operations"]
        if data["probe"]["operation"] not in operations:
            raise ValidationError({"probe": {"operation": ["no such operation"]}})
        if operations[data["probe"]["operation"]]["kind"] != "read":
            raise ValidationError({"probe": {"operation": ["a probe never writes"]}})
        writes = [name for name, operation in operations.items() if operation["kind"] == "write"]
        if bool(writes) != bool(data["filing"]):
            raise ValidationError("a system with writes, and only such a one, declares how it files", "filing")
        filing = data["filing"]
        if (
            filing
            and filing["query"]
            and filing["by"] not in operations.get(filing["query"], _NONE)["request"]["fields"]
        ):
            raise ValidationError({"filing": {"query": ["no such operation, or it does not ask by that field"]}})
        steps = (filing or {}).get("papers") or {}
        if steps.values() - operations.keys():
            raise ValidationError({"filing": {"papers": ["no such operation"]}})
        if filing and filing["query"]:
            _found_again(filing, operations[filing["query"]]["answer"])

    @validates_schema
    def subjects(self, data: dict[str, Any], **_: Any) -> None:
        """Who asked about a person must be able to see whose record came back (security B96)."""
        for name, operation in data["operations"].items():
            asked = data["subject"] in operation["request"]["fields"]
            told = data["subject"] in operation["answer"]["fields"]
            if asked and not told and operation["kind"] == "read" and operation["data_class"] >= 3:
                raise ValidationError({"operations": {name: ["the answer must tell the subject it is about"]}})


def _found_again(filing: dict[str, Any], answer: dict[str, Any]) -> None:
    lists = answer["lists"]
    if filing["rows"] and filing["rows"] not in lists:
        raise ValidationError({"filing": {"rows": ["no list of the query's answer"]}})
    rows = filing["rows"] or next(iter(lists), "")
    known = lists[rows]["fields"] if rows else answer["fields"]
    for key in ("match", "receipt"):
        for name in filing[key] if key == "match" else [filing[key]] if filing[key] else []:
            if name not in known:
                raise ValidationError({"filing": {key: [f"the query's answer has no {name}"]}})
    if filing["class"] in ("R1", "R2", "R3") and not filing["match"]:
        raise ValidationError({"filing": {"match": ["says by which fields a row is the filing"]}})


_NONE: Any = {"request": {"fields": {}}}

"""What system.yaml says about a department's database: its views and their columns, how each is asked, how much of it.

The exchange tables of national front-end databases (sync flag, batch number, operation code) stand here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from adapters.protocols.facts import Facts, OperationFacts, Strict, Words, texts

COLUMN_TYPES = ("text", "integer", "decimal", "date", "datetime", "boolean")
TESTS = ("equal", "at_least", "at_most")
FOUND = "found"  # the path of an answer's own result: `some` rows or `none`
_IDENTIFIER = validate.Regexp(r"[^\W\d][\w$#]{0,62}\Z", error="is not the name of a view, table or column")


def _identifier(**options: Any) -> Words:
    return Words(validate=_IDENTIFIER, **options)


class ColumnFacts(Strict):
    """`stored_as: gbk_in_latin1`: the column says latin1 and holds GBK bytes (legacy.md Q34)."""

    kind = Words(data_key="type", attribute="type", load_default="text", validate=validate.OneOf(COLUMN_TYPES))
    stored_as = Words(load_default="", validate=validate.OneOf(["gbk_in_latin1"]))

    @validates_schema
    def only_text(self, data: dict[str, Any], **_: Any) -> None:
        if data["stored_as"] and data["type"] != "text":
            raise ValidationError("only a text is stored in another charset", "stored_as")


def _columns() -> fields.Dict:
    names = _identifier()
    return fields.Dict(keys=names, values=fields.Nested(ColumnFacts), required=True, validate=validate.Length(1, 200))


class ViewFacts(Strict):
    """Every column we read or look up by, with the type that the database must give it."""

    columns = _columns()


class LookUpFacts(Strict):
    column = _identifier(required=True)
    test = Words(load_default="equal", validate=validate.OneOf(TESTS))


class QuestionFacts(Strict):
    """`rows` is the most an answer may hold. A wire name of the request is a column, unless `look_up` says which.
    `only` keeps the rows whose column has one of these texts (null: or none at all); `order` sorts, `-X` backwards."""

    view = _identifier(required=True)
    rows = fields.Integer(strict=True, required=True, validate=validate.Range(1, 5000))
    look_up = fields.Dict(keys=Words(), values=fields.Nested(LookUpFacts), load_default=dict)
    kept = fields.Dict(  # `only` is marshmallow's own word
        keys=_identifier(),
        values=fields.List(Words(allow_none=True), validate=validate.Length(1)),
        data_key="only",
        attribute="only",
        load_default=dict,
    )
    order = fields.List(Words(), load_default=list)


class ViewOperationFacts(OperationFacts):
    db_view = fields.Nested(QuestionFacts, required=True)


class OperationCodeFacts(Strict):
    """Which codes put a row in place and which take it back; any other is a bad row."""

    column = _identifier(required=True)
    put = texts(required=True)
    delete = texts(load_default=list)


class FlagFacts(Strict):
    column = _identifier(required=True)
    waiting = Words(required=True)
    taken = Words(required=True)


class ExchangeFacts(Strict):
    """One exchange table; the dataset of the same name says what is kept of its rows. `row` is the column that names
    a row for ever; `rows` the most one delivery brings: a larger batch comes in several."""

    table = _identifier(required=True)
    columns = _columns()
    row = _identifier(required=True)
    batch = _identifier(required=True)
    flag = fields.Nested(FlagFacts, required=True)
    operation = fields.Nested(OperationCodeFacts, required=True)
    rows = fields.Integer(strict=True, load_default=2000, validate=validate.Range(1, 20_000))

    @validates_schema
    def known(self, data: dict[str, Any], **_: Any) -> None:
        own = {data["row"], data["batch"], data["flag"]["column"], data["operation"]["column"]}
        _complain("columns", own - data["columns"].keys())
        if data["columns"].get(data["flag"]["column"], {}).get("type") not in ("text", "integer"):
            raise ValidationError("a flag is text or integer", "flag")


class DatabaseFacts(Strict):
    """`max_connections` is all that one worker holds open, `statement_s` what the server lets a statement take."""

    in_schema = _identifier(data_key="schema", attribute="schema", load_default="")
    max_connections = fields.Integer(strict=True, load_default=4, validate=validate.Range(1, 50))
    statement_s = fields.Float(load_default=3.0, validate=validate.Range(0.1, 60))
    views = fields.Dict(keys=_identifier(), values=fields.Nested(ViewFacts), required=True)
    exchange = fields.Dict(keys=Words(), values=fields.Nested(ExchangeFacts), load_default=dict)


class FACTS(Facts):
    """Offered by every protocol under this name."""

    db_view = fields.Nested(DatabaseFacts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(ViewOperationFacts), required=True)

    @validates_schema
    def questions(self, data: dict[str, Any], **_: Any) -> None:
        for name, operation in data["operations"].items():
            complaint = _complaint(data["db_view"]["views"], operation, operation["outcome"] or data["outcome"])
            if complaint:
                raise ValidationError({"operations": {name: {"db_view": [complaint]}}})

    @validates_schema
    def exchanged(self, data: dict[str, Any], **_: Any) -> None:
        """An exchange table without a dataset would be read and not kept, one without `poll` not even read."""
        tables, datasets = data["db_view"]["exchange"], data["datasets"]
        if tables.keys() != datasets.keys():
            raise ValidationError("each exchange table has a dataset of its name, and no other is there", "datasets")
        if bool(tables) != bool(data["poll"]) or (data["poll"] or {}).get("operation"):
            raise ValidationError("exchange tables, and only they, are polled; no operation is", "poll")
        for name, each in datasets.items():
            if not each["version"] or each["deleted"] or each["list"] or each["from"]:
                told = "rows of an exchange table have fields, a key and a version; its operation code takes them back"
                raise ValidationError({"datasets": {name: [told]}})
            _complain("datasets", {entry["from"] for entry in each["fields"].values()} - tables[name]["columns"].keys())


def _complain(place: str, unknown: set[str]) -> None:
    if unknown:
        raise ValidationError(f"no such column: {', '.join(sorted(unknown))}", place)


def _complaint(views: Mapping[str, Any], operation: Mapping[str, Any], outcome: Mapping[str, Any] | None) -> str:
    own = operation["db_view"]
    if operation["kind"] != "read":
        return "a view is only read"
    if own["view"] not in views:
        return "no such view"
    columns = views[own["view"]]["columns"]
    unknown = sorted(set(_used(operation)) - columns.keys())
    if unknown:
        return f"the view has no column {', '.join(unknown)}"
    if set(own["look_up"]) - set(wire_names(operation)):
        return "look_up names what the request does not send"
    if any(columns[each]["type"] != "text" for each in own["only"]):
        return "only a text column is kept by its texts"
    if not operation["answer"]["lists"] and (outcome or {}).get("path") != FOUND:
        return f"an answer of one record says by its outcome ({FOUND}: some, none) what no row means"
    return ""


def wire_names(operation: Mapping[str, Any]) -> dict[str, str]:
    """What the request sends: wire name -> field (empty for a constant)."""
    request = operation["request"]
    return {**dict.fromkeys(request["constants"], ""), **{each["to"]: name for name, each in request["fields"].items()}}


def look_ups(operation: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Wire name -> the column it is compared with, and how."""
    declared = operation["db_view"]["look_up"]
    found = {name: declared.get(name, {"column": name, "test": "equal"}) for name in wire_names(operation)}
    return {name: (each["column"], each["test"]) for name, each in found.items()}


def mapped(operation: Mapping[str, Any], part: str) -> list[str]:
    """The columns an answer reads from its `row` (one record) or its `rows`."""
    answer = operation["answer"]
    if part == "row":
        return [each["from"].removeprefix("row.") for each in answer["fields"].values() if each["from"] != FOUND]
    return [each["from"] for rows in answer["lists"].values() for each in rows["fields"].values()]


def _used(operation: Mapping[str, Any]) -> Iterator[str]:
    own = operation["db_view"]
    yield from mapped(operation, "row")
    yield from mapped(operation, "rows")
    yield from (column for column, _ in look_ups(operation).values())
    yield from own["only"]
    yield from (each.removeprefix("-") for each in own["order"])

"""What system.yaml says about a fixed-width system: its frames, its header and trailer, and the layout of each message.

All widths are bytes. An answer is read as the tree `header`, `body`, `trailer`; beside a field X that may be cut stands
X_cut, which is 1 when it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from adapters.protocols.facts import Facts, OperationFacts, Strict, Words
from adapters.protocols.framing import ConnectionFacts, FramingFacts
from adapters.protocols.signature import DIGESTS, KEYED
from adapters.protocols.stamps import SOURCES, StampFacts

_NAME = validate.Regexp(r"[A-Za-z_][A-Za-z0-9_]*\Z", error="is not a plain name")
CUT = "_cut"


class FieldFacts(Strict):
    """`cut`: the department cuts what is longer, even within a character, and so may we, between two of them."""

    name = Words(required=True, validate=_NAME)
    bytes = fields.Integer(strict=True, required=True, validate=validate.Range(1, 65_536))
    align = Words(load_default="left", validate=validate.OneOf(["left", "right"]))
    pad = Words(load_default=" ", validate=validate.Regexp(r"[\x00-\x7e]\Z", error="is not one ASCII character"))
    cut = fields.Boolean(load_default=False)

    @validates_schema
    def name_is_no_flag(self, data: dict[str, Any], **_: Any) -> None:
        if data["name"].endswith(CUT):
            raise ValidationError("the name of a flag: X_cut stands beside an X that may be cut", "name")

    @validates_schema
    def pad_is_no_letter(self, data: dict[str, Any], **_: Any) -> None:
        if data["align"] == "left" and data["pad"] >= "0":
            raise ValidationError("could be the last byte of a Chinese character; only what is below 0", "pad")


class PieceFacts(FieldFacts):
    """A field, or a group of `fields` that repeats as often as the field `count` before it says."""

    bytes = fields.Integer(strict=True, load_default=0, validate=validate.Range(1, 65_536))
    count = Words(load_default="")
    fields_ = fields.List(fields.Nested(FieldFacts), data_key="fields", attribute="fields", load_default=list)

    @validates_schema
    def field_or_group(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data["bytes"]) == bool(data["fields"]) or bool(data["count"]) != bool(data["fields"]):
            raise ValidationError("a field has bytes, a group has count and fields", "bytes")


class StampedFacts(FieldFacts, StampFacts):
    """A field of a header or trailer, which the hub itself may fill: also with the `mac` of all that stands before it.
    Everything else comes from the operation."""

    mac = fields.Boolean(load_default=False)

    @validates_schema
    def of_the_body_only(self, data: dict[str, Any], **_: Any) -> None:
        if data["cut"]:
            raise ValidationError("only a field of the body may be cut", "cut")


class AroundFacts(Strict):
    """What stands before and behind the body of a message."""

    header = fields.List(fields.Nested(StampedFacts), load_default=list)
    trailer = fields.List(fields.Nested(StampedFacts), load_default=list)


class MacFacts(Strict):
    """`secret` is the key; `algorithm` with it, in hex of this `case`, cut to the field's width."""

    secret = Words(load_default="key")
    algorithm = Words(required=True, validate=validate.OneOf([*DIGESTS, *KEYED]))
    case = Words(load_default="upper", validate=validate.OneOf(["upper", "lower"]))


class FixedWidthFacts(Strict):
    """`echo` lists fields of the answer's header that must repeat what we sent, the serial number first of all."""

    framing = fields.Nested(FramingFacts, required=True)
    connections = fields.Nested(ConnectionFacts, load_default=lambda: ConnectionFacts().load({}))
    request = fields.Nested(AroundFacts, required=True)
    answer = fields.Nested(AroundFacts, required=True)
    echo = fields.List(Words(), load_default=list)
    mac = fields.Nested(MacFacts, load_default=None)

    @validates_schema
    def known_names(self, data: dict[str, Any], **_: Any) -> None:
        sent, told = data["request"]["header"], names(data["answer"]["header"])
        if set(data["echo"]) - (names(sent) & told):
            raise ValidationError("not in the headers of both request and answer", "echo")
        serials = {field["name"] for field in sent if field["serial"]}
        if data["connections"]["kept"] and not serials & set(data["echo"]):
            raise ValidationError("without a serial number that comes back, keep no connection", "echo")
        for side in ("request", "answer"):
            fields_ = [*data[side]["header"], *data[side]["trailer"]]
            if any(field["mac"] for field in fields_[:-1]) or any(field["mac"] for field in data[side]["header"]):
                raise ValidationError("a MAC is the last field of the trailer", side)
            if any(field["mac"] for field in fields_) and not data["mac"]:
                raise ValidationError("a field holds a MAC and nobody says which", "mac")


class LayoutFacts(Strict):
    """The bodies of one operation's messages."""

    request = fields.List(fields.Nested(FieldFacts), load_default=list)
    answer = fields.List(fields.Nested(PieceFacts), load_default=list)

    @validates_schema
    def counted(self, data: dict[str, Any], **_: Any) -> None:
        before: set[str] = set()
        for piece in data["answer"]:
            if piece["count"] and piece["count"] not in before:
                raise ValidationError(f"{piece['name']}: no field before it is named {piece['count']}", "answer")
            if piece["name"] in before:
                raise ValidationError(f"{piece['name']} stands twice", "answer")
            before.add(piece["name"])


class FixedWidthOperationFacts(OperationFacts):
    fixed_width = fields.Nested(LayoutFacts, required=True)


class FACTS(Facts):
    """Offered by every protocol under this name."""

    fixed_width = fields.Nested(FixedWidthFacts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(FixedWidthOperationFacts), required=True)

    @post_load
    def widths(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What is longer than its field is told to the citizen, where the field is not one to be cut."""
        for operation in data["operations"].values():
            layout = {field["name"]: field for field in _sent(data, operation)}
            for sent in operation["request"]["fields"].values():
                field = layout[sent["to"]]
                if not field["cut"]:
                    sent["max_bytes"] = min(sent["max_bytes"] or field["bytes"], field["bytes"])
        return data

    @validates_schema
    def known_fields(self, data: dict[str, Any], **_: Any) -> None:
        for name, operation in data["operations"].items():
            request = operation["request"]
            wire = {*request["constants"], *(sent["to"] for sent in request["fields"].values())}
            wire |= {request["key"]} if request["key"] else set()
            fields_ = _sent(data, operation)
            free = [field["name"] for field in fields_ if not any(field.get(source) for source in (*SOURCES, "mac"))]
            if wire - set(free) or len(set(free)) != len(free):
                unknown = ", ".join(sorted(wire - set(free))) or "two fields of one name"
                raise ValidationError({"operations": {name: {"fixed_width": [f"the layout has no {unknown}"]}}})

    @validates_schema
    def known_paths(self, data: dict[str, Any], **_: Any) -> None:
        around = data["fixed_width"]["answer"]
        for name, operation in data["operations"].items():
            known = {f"{part}.{field}" for part in around for field in names(around[part])}
            known -= {f"header.{field}" for field in data["fixed_width"]["echo"]}
            known |= set(_told(operation["fixed_width"]["answer"], "body."))
            unknown = {path for path in _read(operation) if path not in known}
            if unknown:
                raise ValidationError({"operations": {name: [f"the layout has no {', '.join(sorted(unknown))}"]}})

    @validates_schema
    def cut_is_told(self, data: dict[str, Any], **_: Any) -> None:
        """Nobody takes half a value for a whole one: not as whose record it is, and not without being told."""
        for name, operation in data["operations"].items():
            layout, read = operation["fixed_width"]["answer"], set(_read(operation))
            subject = operation["answer"]["fields"].get(data["subject"], {}).get("from", "")
            flags = {path for path in _told(layout, "body.") if path.endswith(CUT)}
            if subject + CUT in flags:
                raise ValidationError({"operations": {name: ["whose record it is must not be cut"]}})
            silent = {flag for flag in flags if flag.removesuffix(CUT) in read and flag not in read}
            if silent:
                raise ValidationError({"operations": {name: [f"nobody is told of {', '.join(sorted(silent))}"]}})


def names(layout: Iterable[Mapping[str, Any]]) -> set[str]:
    return {field["name"] for field in layout}


def _sent(facts: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    around = facts["fixed_width"]["request"]
    return [*around["header"], *operation["fixed_width"]["request"], *around["trailer"]]


def _told(layout: Iterable[Mapping[str, Any]], above: str) -> Iterator[str]:
    """The paths of what a layout is read as."""
    for piece in layout:
        path = above + piece["name"]
        yield path
        if piece["cut"]:
            yield path + CUT
        yield from _told(piece.get("fields", ()), f"{path}.")


def _read(operation: Mapping[str, Any]) -> Iterator[str]:
    """The paths that an operation reads of its answer."""
    answer = operation["answer"]
    yield from (entry["from"] for entry in answer["fields"].values())
    yield from (path for path in (answer["receipt"], (operation["outcome"] or {}).get("path", "")) if path)
    for rows in answer["lists"].values():
        yield rows["from"]
        yield from (f"{rows['from']}.{entry['from']}" for entry in rows["fields"].values())
        yield from (path for path in (rows["count"],) if path)

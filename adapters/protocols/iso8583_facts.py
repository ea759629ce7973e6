"""What system.yaml says about an ISO 8583 system; its dialect stands in a file of its own in the adapter's folder.

Wire names are field numbers ("4"); an answer is read as a tree of them, with the message type as `t`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from adapters.protocols.facts import Facts, OperationFacts, Strict, Words, texts
from adapters.protocols.framing import ConnectionFacts, FramingFacts
from adapters.protocols.stamps import StampFacts

_FILE = validate.Regexp(re.compile(r"[A-Za-z0-9_.-]+\Z", re.ASCII), error="is not a file name in the adapter's folder")
_NUMBER = validate.Regexp(re.compile(r"([2-9]|[1-9][0-9]|1[0-8][0-9]|19[0-2])\Z", re.ASCII), error="is no field number")
_TYPE = validate.Regexp(re.compile(r"[0-9]{4}\Z", re.ASCII), error="is not a message type of four digits")
PLACES = ("h", "t", "p", "1")
LETTERS: Mapping[str, re.Pattern[str]] = {
    "n": re.compile(r"[0-9]*", re.ASCII),
    "an": re.compile(r"[A-Za-z0-9 ]*", re.ASCII),
    "ans": re.compile(r"[^\x00-\x1f\x7f]*"),
    "b": re.compile(r"[0-9A-F]*", re.ASCII),
}


class DialectFieldFacts(Strict):
    """One field as pyiso8583 wants it described, and which letters it holds: n, an, ans, or b (hex)."""

    data_enc = Words(required=True)
    len_enc = Words(load_default="ascii")
    len_type = fields.Integer(strict=True, load_default=0, validate=validate.Range(0, 4))
    len_count = Words(load_default="bytes", validate=validate.OneOf(["bytes", "nibbles"]))
    max_len = fields.Integer(strict=True, required=True, validate=validate.Range(0, 9999))
    left_pad = Words()
    right_pad = Words()
    letters = Words(load_default="ans", validate=validate.OneOf(sorted(LETTERS)))
    desc = Words(load_default="")

    @validates_schema
    def known_charset(self, data: dict[str, Any], **_: Any) -> None:
        for key in ("data_enc", "len_enc"):
            if data[key] not in ("b", "bcd"):
                try:
                    "".encode(data[key])
                except LookupError:
                    raise ValidationError("is no charset", key) from None
        if data["data_enc"] == "b" and data["letters"] not in ("b", "n"):
            raise ValidationError("bytes hold hex or digits", "letters")


class ReversalFacts(Strict):
    """How a booking is undone whose answer did not come (Q31): `carry` lists the fields of the original that are
    repeated, `original` those that are joined into one (field 90), `done` the codes at `path` that say it is undone.
    `reserve_s` of the caller's time are kept for it."""

    type = Words(required=True, validate=_TYPE)
    answer_type = Words(required=True, validate=_TYPE)
    carry = texts(required=True)
    original = fields.Dict(keys=Words(validate=_NUMBER), values=texts(), load_default=dict)
    path = Words(load_default="39")
    done = texts(required=True)
    reserve_s = fields.Float(load_default=1.0, validate=validate.Range(0.1, 10))


class Iso8583Facts(Strict):
    """`echo` lists the fields of an answer that must repeat what we sent, the trace number first of all."""

    framing = fields.Nested(FramingFacts, required=True)
    connections = fields.Nested(ConnectionFacts, load_default=lambda: ConnectionFacts().load({}))
    dialect = Words(load_default="dialect.yaml", validate=_FILE)
    stamps = fields.Dict(keys=Words(validate=_NUMBER), values=fields.Nested(StampFacts), load_default=dict)
    echo = texts(required=True)
    reversal = fields.Nested(ReversalFacts, load_default=None)

    @validates_schema
    def serial_comes_back(self, data: dict[str, Any], **_: Any) -> None:
        if not {field for field, stamp in data["stamps"].items() if stamp["serial"]} & set(data["echo"]):
            raise ValidationError("a serial number must come back", "echo")


class TypesFacts(Strict):
    type = Words(required=True, validate=_TYPE)
    answer_type = Words(required=True, validate=_TYPE)


class Iso8583OperationFacts(OperationFacts):
    iso8583 = fields.Nested(TypesFacts, required=True)


class FACTS(Facts):
    """Offered by every protocol under this name."""

    iso8583 = fields.Nested(Iso8583Facts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(Iso8583OperationFacts), required=True)

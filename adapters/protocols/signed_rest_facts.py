"""What system.yaml says about a signed REST system: what is added to a request, how it is signed, how one gets in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from adapters.protocols.facts import Facts, OperationFacts, Strict, Words, path, texts
from adapters.protocols.maintenance import MaintenanceFacts
from adapters.protocols.signature import DIGESTS, KEYED, RuleFacts, Signature
from adapters.protocols.signed_rest_cipher import CipherFacts

_PATH = validate.Regexp(re.compile(r"/[\x21-\x3e\x40-\x7e]*\Z", re.ASCII), error="is not a path")
_PLACE = validate.OneOf(["parameters", "headers", "query"])
SOURCES = ("secret", "clock", "random", "constant")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A value the hub adds to a request: a secret by name, the time, random bytes in hex, or a constant."""

    place: str
    source: str
    value: str


@dataclass(frozen=True, slots=True)
class Sign:
    """How requests are signed; without a rule they are not. The first of `keys` is the new one while keys rotate."""

    name: str
    place: str
    keys: tuple[str, ...]
    rule: Signature | None


@dataclass(frozen=True, slots=True)
class AnswerSign:
    """How answers are signed: in the header `name`. The headers in `echo` must repeat what we sent, so that an answer
    to another question does not pass."""

    name: str
    echo: tuple[str, ...]
    rule: Signature


class StampFacts(Strict):
    """`clock` is seconds, milliseconds or a format of China's time; `random` a number of bytes."""

    place = Words(data_key="in", attribute="place", required=True, validate=_PLACE)
    secret = Words()
    clock = Words()
    random = fields.Integer(strict=True, validate=validate.Range(8, 64))
    constant = Words()

    @post_load
    def stamp(self, data: dict[str, Any], **_: Any) -> Stamp:
        given = [name for name in SOURCES if name in data]
        if len(given) != 1:
            raise ValidationError(f"exactly one of {', '.join(SOURCES)}")
        return Stamp(data["place"], given[0], str(data[given[0]]))


class SignFacts(RuleFacts):
    name = Words(load_default="")
    place = Words(data_key="in", attribute="place", load_default="headers", validate=_PLACE)
    keys = texts(load_default=lambda: ["key"])
    algorithm = Words(required=True, validate=validate.OneOf(["none", *DIGESTS, *KEYED]))

    @post_load
    def sign(self, data: dict[str, Any], **_: Any) -> Sign:
        name, place, keys = data.pop("name"), data.pop("place"), tuple(data.pop("keys"))
        if data["algorithm"] == "none":
            return Sign("", place, ("",), None)
        if not name:
            raise ValidationError("a signature has a name", "name")
        return Sign(name, place, keys, Signature.declared(data))


class AnswerSignFacts(RuleFacts):
    name = Words(required=True)
    echo = texts(load_default=list)

    @post_load
    def sign(self, data: dict[str, Any], **_: Any) -> AnswerSign:
        return AnswerSign(data.pop("name"), tuple(data.pop("echo")), Signature.declared(data))


class TokenFacts(Strict):
    """`operation` fetches it (its answer's `field`, good for the seconds in `seconds_field`); it goes out as `name` and
    is fetched anew `early_s` before its end, or when a result code of `lost` comes back."""

    operation = Words(required=True)
    field = Words(required=True)
    seconds_field = Words(required=True)
    early_s = fields.Integer(strict=True, load_default=300, validate=validate.Range(0))
    name = Words(required=True)
    place = Words(data_key="in", attribute="place", required=True, validate=_PLACE)
    prefix = Words(load_default="")
    lost = texts(required=True)


class PagingFacts(Strict):
    """All pages are one answer. `page` and `size` are wire names, `first` is the first page's number, `total` and
    `rows` stand in the answer, `differ` are paths that may differ between pages; more than `most` are refused."""

    page = Words(required=True)
    first = fields.Integer(strict=True, required=True, validate=validate.OneOf([0, 1]))
    size = Words(required=True)
    rows_per_page = fields.Integer(strict=True, load_default=50, validate=validate.Range(1, 1000))
    total = path(required=True)
    rows = path(required=True)
    differ = texts(load_default=list)
    most = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 100))


class RequestLineFacts(Strict):
    """`body` says where the parameters go; `stamps` which of the stamps are added (none given: all)."""

    method = Words(required=True, validate=validate.OneOf(["get", "post"]))
    path = Words(required=True, validate=_PATH)
    body = Words(load_default="json", validate=validate.OneOf(["json", "form", "query"]))
    stamps = fields.List(Words(), load_default=None, allow_none=True)
    token = fields.Boolean(load_default=True)
    paging = fields.Nested(PagingFacts, load_default=None)

    @validates_schema
    def get_has_no_body(self, data: dict[str, Any], **_: Any) -> None:
        if data["method"] == "get" and data["body"] != "query":
            raise ValidationError("a GET sends its parameters in the query", "body")


class SignedRestOperationFacts(OperationFacts):
    signed_rest = fields.Nested(RequestLineFacts, required=True)


class SignedRestFacts(Strict):
    stamps = fields.Dict(keys=Words(), values=fields.Nested(StampFacts), load_default=dict)
    sign = fields.Nested(SignFacts, required=True)
    answer_sign = fields.Nested(AnswerSignFacts, load_default=None)
    cipher = fields.Nested(CipherFacts, load_default=None)
    token = fields.Nested(TokenFacts, load_default=None)
    maintenance = fields.Nested(MaintenanceFacts, load_default=None)


_NONE: Any = {"signed_rest": {"token": True}}


class FACTS(Facts):
    """Offered by every protocol under this name."""

    signed_rest = fields.Nested(SignedRestFacts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(SignedRestOperationFacts), required=True)

    @validates_schema
    def known_names(self, data: dict[str, Any], **_: Any) -> None:
        operations: Mapping[str, Any] = data["operations"]
        own = data["signed_rest"]
        token = own["token"]
        if token and operations.get(token["operation"], _NONE)["signed_rest"]["token"]:
            raise ValidationError({"signed_rest": {"token": {"operation": ["no such operation without a token"]}}})
        for name, operation in operations.items():
            if own["cipher"] and operation["signed_rest"]["body"] != "json":
                raise ValidationError({"operations": {name: {"signed_rest": {"body": ["a cipher is for JSON"]}}}})
            if set(operation["signed_rest"]["stamps"] or ()) - own["stamps"].keys():
                raise ValidationError({"operations": {name: {"signed_rest": {"stamps": ["no such stamp"]}}}})
            if token and not operation["outcome"]:
                raise ValidationError({"operations": {name: ["a system with a token has result codes"]}})

"""How a department wants its messages signed: its rule is data in system.yaml, this file only carries it out.

What is signed is a set of named texts: parameters by their wire names, and what the request is made of under `@method`,
`@path`, `@body` (hex digest of the body) and `@query`. Nothing here knows HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from marshmallow import Schema, ValidationError, fields, validate, validates_schema


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _hmac_sm3(key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, hashes.SM3())
    mac.update(data)
    return mac.finalize()


DIGESTS: Mapping[str, Callable[[bytes], bytes]] = {
    # weak, and not our choice: the department checks what its own rule says
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sm3": _sm3,
}
KEYED: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "hmac_sha256": lambda key, data: hmac.digest(key, data, "sha256"),
    "hmac_sm3": _hmac_sm3,
}


@dataclass(frozen=True, slots=True)
class Signature:
    """One department's rule.

    `fields` lists what is signed (none: everything that is given); `order` is ascii (by name), fixed (as listed) or
    value; `empty` is skip or keep; `pair` is how one item is written and `join` what stands between two;
    `key_position` and `key_join` say where the key stands for a plain digest (an HMAC takes it as its key).
    """

    algorithm: str
    charset: str = "utf-8"
    fields: tuple[str, ...] = ()
    order: str = "ascii"
    empty: str = "skip"
    pair: str = "name=value"
    join: str = "&"
    key_position: str = "append"
    key_join: str = ""
    case: str = "lower"
    output: str = "hex"

    @classmethod
    def declared(cls, facts: Mapping[str, Any]) -> Signature:
        """From checked RuleFacts."""
        return cls(**{**facts, "fields": tuple(facts.get("fields", ()))})

    def text(self, values: Mapping[str, str]) -> str:
        """What is signed, without the key. Raises KeyError when a value the rule names is not given."""
        names = self.fields or tuple(values)
        items = [(name, values[name]) for name in names if values[name] or self.empty == "keep"]
        if self.order != "fixed":
            items.sort(key=lambda item: item[0] if self.order == "ascii" else item[1])
        return self.join.join(_written(self.pair, name, value) for name, value in items)

    def sign(self, values: Mapping[str, str], key: str) -> str:
        """Raises UnicodeEncodeError when the department's charset cannot hold a value."""
        text = self.text(values)
        if self.algorithm in KEYED:
            code = KEYED[self.algorithm](key.encode(self.charset), text.encode(self.charset))
        else:
            code = DIGESTS[self.algorithm](self._with_key(text, key).encode(self.charset))
        if self.output == "base64":
            return base64.b64encode(code).decode("ascii")
        return code.hex().upper() if self.case == "upper" else code.hex()

    def verifies(self, values: Mapping[str, str], key: str, signature: str) -> bool:
        """Whether `signature` is the right one, compared in constant time; a missing value makes it wrong."""
        try:
            expected = self.sign(values, key)
        except (KeyError, UnicodeEncodeError):
            return False
        return hmac.compare_digest(expected.encode(), signature.encode())

    def digest(self, body: bytes) -> str:
        """The value of `@body`: the body's digest in hex, by the rule's own hash."""
        name = self.algorithm.removeprefix("hmac_")
        code = DIGESTS[name](body).hex()
        return code.upper() if self.case == "upper" else code

    def _with_key(self, text: str, key: str) -> str:
        before = f"{key}{self.key_join}" if self.key_position in ("prepend", "both") else ""
        after = f"{self.key_join}{key}" if self.key_position in ("append", "both") else ""
        return f"{before}{text}{after}"


def _written(pair: str, name: str, value: str) -> str:
    match pair:
        case "name=value":
            return f"{name}={value}"
        case "namevalue":
            return f"{name}{value}"
        case _:
            return value


def _known_charset(name: str) -> None:
    try:
        "".encode(name)
    except LookupError:
        raise ValidationError("not a charset") from None


class RuleFacts(Schema):
    """The rule as it stands in system.yaml, in whichever section signs something."""

    algorithm = fields.String(required=True, validate=validate.OneOf([*DIGESTS, *KEYED]))
    charset = fields.String(validate=_known_charset)
    fields_ = fields.List(fields.String(validate=validate.Length(min=1)), data_key="fields", attribute="fields")
    order = fields.String(validate=validate.OneOf(["ascii", "fixed", "value"]))
    empty = fields.String(validate=validate.OneOf(["skip", "keep"]))
    pair = fields.String(validate=validate.OneOf(["name=value", "namevalue", "value"]))
    join = fields.String()
    key_position = fields.String(validate=validate.OneOf(["append", "prepend", "both"]))
    key_join = fields.String()
    case = fields.String(validate=validate.OneOf(["upper", "lower"]))
    output = fields.String(validate=validate.OneOf(["hex", "base64"]))

    @validates_schema
    def fixed_order_needs_fields(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("order") == "fixed" and not data.get("fields"):
            raise ValidationError("a fixed order needs `fields`", "order")

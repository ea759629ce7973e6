"""Whole forms: arrays, objects, schemas that refuse what they do not know, and their faults as a flat list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import marshmallow
from marshmallow import ValidationError, fields

from hub.errors import KINDS, Fault, invalid
from hub.fields.day import Date, check_period
from hub.fields.flat import Flat, flat
from hub.fields.text import MESSAGES, Strict

_SCHEMA_MESSAGES = {"unknown": "UNKNOWN_FIELD", "type": "TYPE"}
_FROM_MARSHMALLOW = {
    "Missing data for required field.": "REQUIRED",
    "Field may not be null.": "TYPE",
    "Unknown field.": "UNKNOWN_FIELD",
}
_PLAIN_NAME = re.compile(r"[a-z_]{1,32}", re.ASCII)


class Items(fields.List[Any]):
    """A JSON array of one kind of field; `min` and `max` count its entries."""

    default_error_messages = MESSAGES

    def __init__(self, inner: fields.Field[Any], *, min: int = 0, max: int = 100, **options: Any) -> None:
        super().__init__(inner, **options)
        self.min, self.max = min, max

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **rest: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > self.max:
            raise ValidationError("TOO_LONG")
        if isinstance(value, list) and len(value) < self.min:
            raise ValidationError("TOO_SHORT")
        return super()._deserialize(value, attr, data, **rest)


class Group(fields.Nested):
    """A JSON object inside another."""

    default_error_messages = MESSAGES


class Unshaped(Strict):
    """A JSON object whose fields another schema checks afterwards (the `fields` of a call, by the service's form)."""

    def accept(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("TYPE")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "object"}


class Form(marshmallow.Schema):
    """A schema that refuses what it does not know. Two dates called `from` and `to` (`x_from`, `x_to`) are a period:
    in order and at most one year."""

    class Meta:
        unknown = marshmallow.RAISE

    error_messages = _SCHEMA_MESSAGES

    @cached_property
    def flat(self) -> Flat | None:
        """Itself without the machinery, where it is nothing but its fields (flat.py)."""
        return None if any(self._begins_period(name) for name in self.load_fields) else flat(self, ("_check_periods",))

    def _begins_period(self, name: str) -> bool:
        return (name == "from" or name.endswith("_from")) and isinstance(self.load_fields[name], Date)

    @marshmallow.validates_schema
    def _check_periods(self, data: Mapping[str, Any], **_: Any) -> None:
        for name in self.load_fields:
            if self._begins_period(name):
                last = f"{name[:-4]}to"
                check_period(data.get(name), data.get(last), last)


def load(schema: marshmallow.Schema, data: Any) -> dict[str, Any]:
    """The checked fields; raises the 422 Problem that lists the faults."""
    if isinstance(schema, Form) and schema.flat is not None and (read := schema.flat.read(data)) is not None:
        return read
    try:
        checked: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        raise invalid(faults(error.messages)) from None
    return checked


def faults(messages: Any) -> list[Fault]:
    """marshmallow's nested messages as a flat list, at most 20; the path is dotted."""
    found = [Fault(path, code) for path, code in _walk(messages, ()) if code]
    return found[:20] or [Fault("", "TYPE")]


def _walk(messages: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _walk(inner, path if key == "_schema" else (*path, str(key)))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        code = message if message in KINDS else _FROM_MARSHMALLOW.get(str(message), "TYPE")
        yield ".".join(_shown(path, code)), code


def _shown(path: tuple[str, ...], code: str) -> tuple[str, ...]:
    """The name of an unknown field is the sender's own text: shown only when it is a plain word."""
    return path[:-1] if code == "UNKNOWN_FIELD" and path and not _PLAIN_NAME.fullmatch(path[-1]) else path

"""Forms that are a flat list of our own fields, read without marshmallow's machinery: a fifth of its cost.

Only what is right is read here. Whatever is wrong in any way is left to the schema, which says what and where.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import marshmallow
from marshmallow import ValidationError

from hub.fields.text import Strict


class _Line(NamedTuple):
    key: str
    name: str
    accept: Callable[[Any], Any]
    required: bool
    default: Any


class Flat:
    """The lines of one schema; made once."""

    def __init__(self, lines: Collection[_Line]) -> None:
        self._lines = tuple(lines)

    def read(self, data: Any) -> dict[str, Any] | None:
        """What the schema would load; None where something is wrong."""
        if type(data) is not dict:
            return None
        found, given = {}, 0
        for key, name, accept, required, default in self._lines:
            value = data.get(key, marshmallow.missing)
            if value is marshmallow.missing:
                if required:
                    return None
                if default is not marshmallow.missing:
                    found[name] = default() if callable(default) else default
                continue
            if value is None:
                return None
            try:
                found[name] = accept(value)
            except ValidationError:
                return None
            given += 1
        return found if given == len(data) else None


def flat(schema: marshmallow.Schema, checks: Collection[str]) -> Flat | None:
    """None for a schema that does more than its fields do. `checks`: what it checks of the whole that says nothing of
    these fields."""
    hooks = {name for each in schema._hooks.values() for name, _, _ in each}
    own = type(schema).load is not marshmallow.Schema.load
    if own or hooks - set(checks) or schema.many or schema.partial or schema.unknown != marshmallow.RAISE:
        return None
    if not all(_is_plain(field) for field in schema.load_fields.values()):
        return None
    return Flat([
        _Line(field.data_key or name, field.attribute or name, field.accept, field.required, field.load_default)
        for name, field in schema.load_fields.items()
        if isinstance(field, Strict)
    ])  # fmt: skip


def _is_plain(field: Any) -> bool:
    return (
        isinstance(field, Strict)
        and type(field)._deserialize is Strict._deserialize
        and type(field).deserialize is Strict.deserialize
        and not (field.validators or field.pre_load or field.post_load or field.allow_none)
        and "." not in (field.attribute or "")
    )

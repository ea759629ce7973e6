"""A plain example for a JSON Schema, where a room gave none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BY_FORMAT = {"date": "2026-01-31", "date-time": "2026-01-31T09:30:00+08:00"}
_DEEPEST = 8


def sample(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that fits. `schemas` are the document's components, which a `$ref` points into."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    for name in ("example", "default", "const"):
        if name in schema:
            return schema[name]
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema:
            return sample(schema[name][0], schemas, depth)
    return _of_type(schema, schemas, depth)


def _of_type(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {}) if depth < _DEEPEST else {}
        return {name: sample(inner, schemas, depth + 1) for name, inner in properties.items()}
    if kind == "array":
        return [sample(schema.get("items", {}), schemas, depth + 1)] if depth < _DEEPEST else []
    if kind == "string":
        return _BY_FORMAT.get(schema.get("format", ""), "…" * max(1, schema.get("minLength", 1)))
    if kind == "boolean":
        return False
    return None if kind == "null" else max(schema.get("minimum", 1), 1)

"""Drafts a signed REST system from its OpenAPI 3 or Swagger 2 document (JSON or YAML). Nothing is ever fetched.

The strange and the nested are listed with one line why, not bent until they fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from adapters.protocols.drafting import Draft, Shape, Wishes, Writer, invented, started

_DEPTH = 12
_KINDS = {"integer": "integer", "number": "decimal", "boolean": "boolean"}
_METHODS = ("get", "post", "put", "delete", "patch")
_BODIES = (("application/json", "json"), ("application/x-www-form-urlencoded", "form"))


class _Unsupported(Exception):
    """One line why an operation cannot be attached."""


def draft(source: str, wishes: Wishes) -> Draft:
    """Raises ValueError where nothing can be made of it."""
    document = _Document(_read(Path(source)))
    made = started(wishes, "signed_rest")
    made.address, made.media_type = document.address, "application/json"
    made.facts["signed_rest"] = {**_account(document, made), "sign": {"algorithm": "none"}}
    made.open["signed_rest",] = "how requests are signed, and whether one needs a token"
    writer = Writer(made, wishes)
    for path, method, operation in document.operations():
        theirs = operation.get("operationId") or f"{method}_{path.strip('/').replace('/', '_')}"
        try:
            _operation(writer, made, document, theirs, path, method, operation)
        except _Unsupported as why:
            made.unsupported[theirs] = str(why)
    if not made.facts["operations"]:
        raise ValueError(f"none of its operations can be attached: {made.unsupported or 'it has none'}")
    return writer.finish()


def _read(file: Path) -> Any:
    try:
        text = file.read_text(encoding="utf-8-sig")
        return json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{file.name} cannot be read: {type(error).__name__}") from error


class _Document:
    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("paths"), dict):
            raise ValueError("it is no OpenAPI document: it has no paths")
        self.value = value

    @property
    def address(self) -> str:
        servers = self.value.get("servers") or [{}]
        if self.value.get("host"):
            scheme = (self.value.get("schemes") or ["https"])[0]
            return f"{scheme}://{self.value['host']}{self.value.get('basePath', '')}".rstrip("/")
        url = str(servers[0].get("url", ""))
        return url.rstrip("/") if urlsplit(url).hostname else ""

    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for path, item in self.value["paths"].items():
            shared = self.meant(item).get("parameters", [])
            for method in _METHODS:
                operation = self.meant(item).get(method)
                if operation:
                    yield path, method, {**operation, "parameters": [*shared, *operation.get("parameters", [])]}

    def meant(self, value: Any) -> Any:
        """What a $ref inside the document points to."""
        for _ in range(_DEPTH):
            if not isinstance(value, dict) or "$ref" not in value:
                return value
            if not str(value["$ref"]).startswith("#/"):
                raise _Unsupported(f"it refers to another document: {value['$ref']}")
            found: Any = self.value
            for part in str(value["$ref"])[2:].split("/"):
                found = found.get(part.replace("~1", "/").replace("~0", "~"), {})
            value = found
        raise _Unsupported("references that go round in circles")

    def shapes(self, schema: Any, depth: int = 0, example: Any = None) -> list[Shape]:
        """The properties of an object."""
        schema = self.meant(schema or {})
        if depth > _DEPTH:
            return []
        parts = [self.meant(each) for each in schema.get("allOf", [])] + [schema]
        if example is None:
            example = schema.get("example")
        found: dict[str, Shape] = {}
        needed = {name for part in parts for name in part.get("required", [])}
        for part in parts:
            for name, each in part.get("properties", {}).items():
                shown = example.get(name) if isinstance(example, dict) else None
                found[name] = self._shape(name, each, name in needed, depth, shown)
        return list(found.values())

    def _shape(self, name: str, schema: Any, required: bool, depth: int, example: Any) -> Shape:
        schema = self.meant(schema)
        example = example if example is not None else schema.get("example", schema.get("default"))
        many = schema.get("type") == "array"
        inner = self.meant(schema.get("items", {})) if many else schema
        if many and isinstance(example, list):
            example = example[0] if example else None
        children = tuple(self.shapes(inner, depth + 1, example))
        shown = () if example is None or isinstance(example, dict | list) else (_text(example),)
        kind = {"date": "date", "date-time": "datetime"}.get(inner.get("format", ""), "")
        return Shape(
            name, kind or _KINDS.get(str(inner.get("type")), ""), required, many, children, bool(children),
            tuple(_text(each) for each in inner.get("enum", [])), shown,
        )  # fmt: skip


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _account(document: _Document, made: Draft) -> dict[str, Any]:
    """A key that is sent as it is; anything else is left to decide."""
    schemes = (document.value.get("components", {}).get("securitySchemes")
               or document.value.get("securityDefinitions") or {})  # fmt: skip
    for scheme in schemes.values():
        if scheme.get("type") == "apiKey" and scheme.get("in") in ("header", "query"):
            made.secrets = ("key",)
            place = "headers" if scheme["in"] == "header" else "query"
            return {"stamps": {scheme["name"]: {"in": place, "secret": "key"}}}
        if scheme.get("type") == "http" and scheme.get("scheme") in ("bearer", "basic"):
            made.secrets = ("key",)
            made.open["signed_rest", "stamps"] = f"the secret `key` holds the whole header: {scheme['scheme']} …"
            return {"stamps": {"Authorization": {"in": "headers", "secret": "key"}}}
    return {}


def _operation(
    writer: Writer, made: Draft, document: _Document, theirs: str, path: str, method: str, told: Mapping[str, Any]
) -> None:
    if method not in ("get", "post"):
        raise _Unsupported(f"method {method.upper()}; GET and POST can be spoken")
    if "{" in path:
        raise _Unsupported("a value in its path; such a value would stand in every log on the way")
    request, body = _request(document, method, told)
    answer = _answer(document, told)
    own = {"method": method, "path": path, **({} if body == "json" else {"body": body})}
    name = writer.operation(theirs, request, answer, own)
    if method == "get" and any(entry.get("to") for entry in request_fields(made, name).values()):
        made.open["operations", name, "signed_rest"] = (
            "it asks by URL, which logs keep: have the department take a POST"
        )
    sample = json.dumps(_filled(answer), ensure_ascii=False, indent=1).encode(made.facts["encoding"])
    made.samples[f"{name}.draft.json"] = (path, sample)


def request_fields(made: Draft, name: str) -> Mapping[str, Mapping[str, Any]]:
    fields: Mapping[str, Mapping[str, Any]] = made.facts["operations"][name]["request"].get("fields", {})
    return fields


def _request(document: _Document, method: str, told: Mapping[str, Any]) -> tuple[list[Shape], str]:
    parameters = [document.meant(each) for each in told["parameters"]]
    shapes = [
        document._shape(each["name"], each.get("schema", each), bool(each.get("required")), 0, each.get("example"))
        for each in parameters
        if each.get("in") in ("query", "formData")
    ]
    form = any(each.get("in") == "formData" for each in parameters)
    body = "query" if method == "get" else "form" if form else "json"
    schema = next((each.get("schema") for each in parameters if each.get("in") == "body"), None)
    content = document.meant(told.get("requestBody") or {}).get("content", {})
    for media_type, written in _BODIES:
        if media_type in content:
            schema, body = content[media_type].get("schema"), written
            break
    else:
        if content:
            raise _Unsupported(f"a body of {', '.join(content)}; JSON and forms can be spoken")
    if method == "get" and schema:
        raise _Unsupported("a GET with a body")
    if schema and shapes:
        raise _Unsupported("parameters in the URL and in the body")
    shapes = shapes or document.shapes(schema)
    if any(shape.group or shape.many for shape in shapes if shape.required):
        raise _Unsupported("its request is nested, which system.yaml cannot describe")
    return [shape for shape in shapes if not (shape.group or shape.many)], body


def _answer(document: _Document, told: Mapping[str, Any]) -> list[Shape]:
    good = document.meant(told.get("responses", {}).get("200") or told.get("responses", {}).get(200) or {})
    content = good.get("content", {}).get("application/json", {}) if "content" in good else good
    schema = document.meant(content.get("schema") or {})
    if schema.get("type") == "array":
        raise _Unsupported("its answer is a bare list, which leaves no room for a result code")
    example = content.get("example")
    shapes = document.shapes(schema, example=example)
    if not shapes:
        raise _Unsupported("its answer under 200 is not described as a JSON object")
    return shapes


def _filled(shapes: list[Shape] | tuple[Shape, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for shape in shapes:
        value: Any = _filled(shape.children) if shape.group else invented(shape)
        found[shape.name] = [value] if shape.many else value
    return found

"""The OpenAPI 3.1 document: what flask-smorest knows of the routes, completed with problems, security and headers.

Every problem code stands in it once as an example; a route's responses name the codes it may answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import marshmallow
from marshmallow import fields

from blueprints.inspection import SEGMENT
from blueprints.samples import sample
from hub.errors import KINDS
from hub.fields import Strict

if TYPE_CHECKING:
    from blueprints.contract import Code
    from hub.settings.shapes import Snapshot

_DOOR: tuple[Code, ...] = (
    "HTTP_FRAMING",
    "HOST_INVALID",
    "PATH_INVALID",
    "PARAM_DUPLICATE",
    "PARAM_INVALID",
    "CLIENT_IDENTITY_FORBIDDEN",
    "METHOD_NOT_ALLOWED",
    "VERSION_SUNSET",
    "HEADERS_TOO_LARGE",
    "OVERLOADED",
    "INTERNAL",
)
_BODY: tuple[Code, ...] = (
    "BODY_EMPTY",
    "JSON_SYNTAX",
    "JSON_NOT_OBJECT",
    "JSON_DUPLICATE_KEY",
    "JSON_NUMBER",
    "JSON_DEPTH",
    "JSON_KEYS",
    "CHARSET",
    "TEXT_INVALID",
    ("TEXT_CONTROL", 400),
    "BODY_TOO_LARGE",
    "MEDIA_TYPE",
    "CONTENT_ENCODING",
    ("CHARSET", 415),
)
_FIELDS: tuple[Code, ...] = (
    "REQUIRED",
    "TYPE",
    "UNKNOWN_FIELD",
    "TEXT_CONTROL",
    "TEXT_INVISIBLE",
    "TOO_LONG",
    "FORMAT",
)
_METHODS = ("get", "post", "put", "patch", "delete")
_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_PROBLEM = "application/problem+json"


class Fault(marshmallow.Schema):
    """One entry of errors[]."""

    path = fields.String(required=True, metadata={"description": "Where in the input, dotted; empty for the whole."})
    code = fields.String(required=True)
    message = fields.String(required=True)


class Problem(marshmallow.Schema):
    """The body of every failure (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True, metadata={"description": "One plain sentence for the citizen."})
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    code = fields.String(required=True, metadata={"enum": sorted(KINDS)})
    trace_id = fields.String(required=True, metadata={"pattern": "^[0-9a-f]{32}$"})
    origin = fields.String(required=True, metadata={"pattern": "^(citizen|hub|(department|peer):.+)$"})
    action = fields.String(required=True, metadata={"enum": ["retry", "login", "fix", "wait", "call"]})
    notice = fields.String()
    errors = fields.List(fields.Nested(Fault))
    retry_after = fields.Integer(metadata={"description": "Seconds"})
    required_level = fields.Integer(metadata={"description": "With LEVEL_REQUIRED: the level that is asked for."})
    level = fields.Integer(metadata={"description": "With LEVEL_REQUIRED: the level there is."})
    missing = fields.List(
        fields.String(metadata={"enum": ["phone", "real_name", "face"]}),
        metadata={"description": "With LEVEL_REQUIRED: the steps that are missing, in their order."},
    )
    possible = fields.List(fields.String(), metadata={"description": "With STATE_CONFLICT: what is possible now."})
    reason = fields.String(metadata={"description": "With FILE_TYPE, FILE_UNSAFE: which of them."})
    consent = fields.Dict(metadata={"description": "With CONSENT_MISSING: what to consent to, and its text."})


def strict_field(_: Any, field: fields.Field[Any], **__: Any) -> dict[str, Any]:
    """apispec's attribute function for the fields of hub.fields."""
    return field.json_schema() if isinstance(field, Strict) else {}


def document(drawn: dict[str, Any], settings: Snapshot) -> dict[str, Any]:
    """The finished document."""
    drawn["info"] |= {
        "title": settings.hub.name.get("en") or settings.hub.name["zh"],
        "description": "One API in front of all departmental systems. Every failure is a problem document.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }
    drawn["servers"] = [{"url": "/"}]
    components = drawn.setdefault("components", {})
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    components["responses"] = {}
    components.get("schemas", {}).pop("PaginationMetadata", None)  # flask-smorest's own pages, which no route uses
    components["headers"] = components.get("headers", {}) | {
        "X-Trace-Id": {"description": "Quote it when you call.", "schema": {"type": "string"}},
    }
    used = {_with_status(code) for code in KINDS}
    for path in drawn["paths"].values():
        _name_segments(path.get("parameters", ()))
        for method, operation in path.items():
            if method in _METHODS:
                used |= _complete(operation, has_path_parameter="parameters" in path)
                _exemplify(operation, components["schemas"])
    components["examples"] = {_example_name(code, status): _example(code, status) for code, status in sorted(used)}
    return drawn


def _complete(operation: dict[str, Any], has_path_parameter: bool) -> set[tuple[str, int]]:
    declared = operation.pop("x-problem-codes", ())
    codes = {_with_status(code) for code in (*_of_every(operation, has_path_parameter), *declared)}
    if "security" not in operation and any(code == "TOKEN_MISSING" for code, _ in codes):
        operation["security"] = [{"bearer": []}]
    responses = operation.setdefault("responses", {})
    for status in [status for status in responses if status == "default" or int(status) >= 400]:
        del responses[status]
    for response in responses.values():
        response.setdefault("headers", {})["X-Trace-Id"] = {"$ref": "#/components/headers/X-Trace-Id"}
    by_status = defaultdict(list)
    for code, status in sorted(codes):
        by_status[status].append(code)
    for status, names in sorted(by_status.items()):
        responses[str(status)] = _response(status, names)
    return codes


def _name_segments(parameters: Iterable[dict[str, Any]]) -> None:
    """The door lets only plain characters into a path; here is where that is said."""
    for parameter in parameters:
        if parameter.get("in") == "path" and parameter["schema"].get("type") == "string":
            parameter["schema"]["pattern"] = SEGMENT


def _exemplify(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        shown = body.get("content", {}).get("application/json", {})
        if "schema" in shown and "example" not in shown and "examples" not in shown:
            shown["example"] = sample(shown["schema"], schemas)


def _of_every(operation: Mapping[str, Any], has_path_parameter: bool) -> Iterable[Code]:
    yield from _DOOR
    names = {parameter.get("name") for parameter in operation.get("parameters", ())}
    if "page_size" in names or "cursor" in names:
        yield "PAGE_INVALID"
    if has_path_parameter:
        yield "NOT_FOUND"
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        yield from _BODY
        yield from _FIELDS


def _with_status(code: Code) -> tuple[str, int]:
    return (code, KINDS[code].status) if isinstance(code, str) else (code[0], code[1])


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}",
        "headers": {"X-Trace-Id": {"$ref": "#/components/headers/X-Trace-Id"}},
        "content": {
            _PROBLEM: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"$ref": f"#/components/examples/{_example_name(code, status)}"} for code in codes},
            }
        },
    }


def _example_name(code: str, status: int) -> str:
    return code if KINDS[code].status == status else f"{code}_{status}"


def _example(code: str, status: int) -> dict[str, Any]:
    kind = KINDS[code]
    value: dict[str, Any] = {
        "type": f"/docs#{code}",
        "title": kind.title["zh"],
        "status": status,
        "detail": f"如需帮助，请拨打 12345，编号 {_TRACE_ID}。",
        "instance": f"urn:trace:{_TRACE_ID}",
        "code": code,
        "trace_id": _TRACE_ID,
        "origin": _origin(code, status),
        "action": kind.action,
    }
    if kind.action == "wait":
        value["retry_after"] = 5
    if status == 422:
        value["errors"] = [{"path": "fields.name", "code": code, "message": kind.title["zh"]}]
    return {"summary": kind.title["en"], "value": value}


def _origin(code: str, status: int) -> str:
    if code.startswith(("DEPARTMENT_", "UPSTREAM_")):
        return "department:medical_insurance"
    return "hub" if status >= 500 else "citizen"

"""A service's form: the schema that checks what is sent, and the JSON Schema (2020-12) that a client draws it from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError

from hub.errors import invalid
from hub.fields import TYPES, Form, Strict, faults
from hub.settings.shapes import FormField, Service, Text

_SUBJECT: Mapping[str, tuple[str, Text]] = {
    "id_number": ("id_number", {"zh": "身份证号码", "en": "ID number"}),
    "name": ("name", {"zh": "姓名", "en": "Name"}),
    "phone": ("phone", {"zh": "手机号码", "en": "Mobile number"}),
}
_Plain = tuple[str, str, bool, int | None, int | None, tuple[str, ...]]
"""What of a field decides: name, type, required, min, max, choices."""


def schema(service: Service) -> Form:
    """Made once for each form there is. Fields of the subject may be sent, and must then be the caller's own."""
    return _made(tuple(_plain(field) for field in _fields(service)))


def load(service: Service, sent: Mapping[str, Any], under: str = "") -> dict[str, Any]:
    """The checked fields of a call; raises the 422 Problem that lists what is wrong, its paths below `under`. Most
    services ask for nothing that must be given, and nothing is what is mostly sent."""
    if not sent and not any(field.required for field in service.form):
        return {}
    try:
        checked: dict[str, Any] = schema(service).load(sent)
    except ValidationError as error:
        raise invalid(faults({under: error.messages} if under else error.messages)) from None
    return checked


def json_schema(service: Service, language: str) -> dict[str, Any]:
    """The form as JSON Schema, with labels in this language."""
    made = schema(service).fields
    properties = {}
    for field in _fields(service):
        strict = made[field.name]
        drawn = strict.json_schema() if isinstance(strict, Strict) else {}
        properties[field.name] = {**drawn, **_told(field, language)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": [field.name for field in _fields(service) if field.required],
        "additionalProperties": False,
    }


def names(service: Service) -> tuple[str, ...]:
    """The names of the form's fields, those of the subject too."""
    return tuple(field.name for field in _fields(service))


def _told(field: FormField, language: str) -> dict[str, Any]:
    told = {"title": field.label.get(language) or field.label["zh"]}
    if field.help:
        told["description"] = field.help.get(language) or field.help["zh"]
    return {**told, "x-data-class": field.data_class}


def _fields(service: Service) -> tuple[FormField, ...]:
    declared = {field.name for field in service.form}
    subject = (FormField(name, *_SUBJECT[name], 3) for name in service.subject if name not in declared)
    return (*service.form, *subject)


def _plain(field: FormField) -> _Plain:
    return field.name, field.type, field.required, field.min, field.max, field.choices


@lru_cache(maxsize=1024)
def _made(form: tuple[_Plain, ...]) -> Form:
    made = {
        name: TYPES[type](required=required, min=least, max=most, choices=choices)
        for name, type, required, least, most, choices in form
    }
    schema = Form.from_dict(dict(made))()
    assert isinstance(schema, Form)
    return schema

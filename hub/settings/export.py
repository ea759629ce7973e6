"""JSON Schemas of the files of config/, for editors. They come from the very schemas that check the files."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from hub.settings.appeal_schema import AppealsSchema
from hub.settings.bundle_schema import BundleSchema
from hub.settings.channel_schema import ChannelSchema
from hub.settings.health_code_schema import HealthCodeSchema
from hub.settings.message_schema import TemplateSchema
from hub.settings.pieces import Sentence
from hub.settings.recognition_schema import RecognitionSchema
from hub.settings.schemas import (
    DepartmentSchema,
    HubSchema,
    LicenceSchema,
    RegionSchema,
    SystemSchema,
    TaskKindSchema,
    ThemeSchema,
    permissions,
)
from hub.settings.service_schema import ServiceSchema
from hub.settings.sharing_schema import SharingSchema
from hub.settings.workflow_schema import WorkflowSchema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schemas() -> dict[str, dict[str, Any]]:
    """By the files' pattern."""
    converter: Any = OpenAPIConverter(
        "3.1.0", schema_name_resolver=lambda _: None, spec=APISpec("config", "1", openapi_version="3.1.0")
    )

    def whole(schema: Schema) -> dict[str, Any]:
        return {"$schema": _DIALECT, **_plain(converter.schema2jsonschema(schema))}

    def table(entry: Schema | fields.Field[Any]) -> dict[str, Any]:
        isa = converter.schema2jsonschema(entry) if isinstance(entry, Schema) else converter.field2property(entry)
        return {"$schema": _DIALECT, "type": ["object", "null"], "additionalProperties": _plain(isa)}

    return {
        "hub.yaml": whole(HubSchema()),
        "systems.yaml": table(SystemSchema()),
        "departments.yaml": table(DepartmentSchema()),
        "licences.yaml": table(LicenceSchema()),
        "messages.yaml": table(TemplateSchema()),
        "appeals.yaml": whole(AppealsSchema()),
        "channels.yaml": table(ChannelSchema()),
        "sharing.yaml": whole(SharingSchema()),
        "health_code.yaml": whole(HealthCodeSchema()),
        "bundles.yaml": table(BundleSchema()),
        "recognition.yaml": whole(RecognitionSchema()),
        "tasks.yaml": table(TaskKindSchema()),
        "workflows.yaml": table(WorkflowSchema()),
        "themes.yaml": table(ThemeSchema()),
        "regions.yaml": table(RegionSchema()),
        "roles.yaml": table(permissions()),
        "texts.yaml": table(Sentence()),
        "services/*.yaml": whole(ServiceSchema()),
    }


def _plain(value: Any) -> Any:
    """Defaults are the hub's business and would have to be written as JSON; Python's end of text is not ECMA's."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in ("default", "readOnly")}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.replace(r"\Z", "$") if isinstance(value, str) else value

"""Turns the documents of config/ into tables of checked entries, one complaint for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from marshmallow import Schema, ValidationError

from hub.errors import KINDS
from hub.settings.appeal_schema import AppealsSchema
from hub.settings.bundle_schema import BundleSchema
from hub.settings.bundle_shapes import Bundle
from hub.settings.channel_schema import ChannelSchema
from hub.settings.health_code_schema import HealthCodeSchema
from hub.settings.health_code_shapes import HealthCode
from hub.settings.message_schema import TemplateSchema
from hub.settings.movement_shapes import Channel
from hub.settings.pieces import IDENTIFIER, REGION, Sentence
from hub.settings.place import Complaint, Keys
from hub.settings.reader import Document
from hub.settings.recognition_schema import RecognitionSchema
from hub.settings.recognition_shapes import Recognition
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
from hub.settings.shapes import (
    Appeals,
    Department,
    Licence,
    Region,
    Service,
    TaskKind,
    Template,
    Text,
    Theme,
)
from hub.settings.sharing_schema import SharingSchema
from hub.settings.sharing_shapes import Sharing
from hub.settings.workflow_schema import WorkflowSchema
from hub.settings.workflow_shapes import Workflow

SERVICES = "services/"
FILES = (
    "hub.yaml",
    "systems.yaml",
    "departments.yaml",
    "themes.yaml",
    "regions.yaml",
    "roles.yaml",
    "texts.yaml",
)
OPTIONAL = (
    "appeals.yaml", "bundles.yaml", "channels.yaml", "health_code.yaml", "licences.yaml", "messages.yaml",
    "recognition.yaml", "sharing.yaml", "tasks.yaml", "workflows.yaml",
)  # fmt: skip
_PLAIN = {
    "Missing data for required field.": "is missing",
    "Field may not be null.": "must not be empty",
    "Unknown field.": "unknown key",
    "Invalid input type.": "must be a mapping of keys",
    "Not a valid mapping type.": "must be a mapping of keys",
    "Not a valid list.": "must be a list",
    "Not a valid string.": "must be text; put it in quotes",
    "Not a valid boolean.": "must be true or false",
    "Not a valid integer.": "must be a whole number",
    "Not a valid number.": "must be a number",
    "Not a valid date.": "is not a date like 2026-03-01",
}


@dataclass(slots=True)
class Tables:
    """What the files say, before references are looked up.

    `files` tells each service's file; `declared_…` every id that is written down, also wrongly.
    """

    hub: dict[str, Any] = field(default_factory=dict)
    systems: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    departments: dict[str, Department] = field(default_factory=dict)
    licences: dict[str, Licence] = field(default_factory=dict)
    appeals: Appeals = Appeals()  # noqa: RUF009
    channels: dict[str, Channel] = field(default_factory=dict)
    sharing: Sharing = Sharing()  # noqa: RUF009
    health_code: HealthCode | None = None
    bundles: dict[str, Bundle] = field(default_factory=dict)
    recognition: Recognition = Recognition()  # noqa: RUF009
    tasks: dict[str, TaskKind] = field(default_factory=dict)
    messages: dict[str, Template] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    themes: dict[str, Theme] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    declared_systems: set[str] = field(default_factory=set)
    declared_services: set[str] = field(default_factory=set)


def fill(documents: Mapping[str, Document]) -> tuple[Tables, list[Complaint]]:
    """Every entry that is right, and every complaint about the others."""
    tables, complaints, schema = Tables(), list[Complaint](), ServiceSchema()
    readers: dict[str, Callable[[Document], Iterator[Complaint]]] = {
        "hub.yaml": lambda document: _hub(document, tables),
        "systems.yaml": lambda document: _systems(document, tables),
        "departments.yaml": lambda document: _entries(
            document, IDENTIFIER, DepartmentSchema().load, tables.departments, _with_id
        ),
        "licences.yaml": lambda document: _entries(
            document, IDENTIFIER, LicenceSchema().load, tables.licences, _with_id
        ),
        "appeals.yaml": lambda document: _whole(document, AppealsSchema(), tables, "appeals"),
        "channels.yaml": lambda document: _entries(
            document, IDENTIFIER, ChannelSchema().load, tables.channels, _with_id
        ),
        "sharing.yaml": lambda document: _whole(document, SharingSchema(), tables, "sharing"),
        "health_code.yaml": lambda document: _whole(document, HealthCodeSchema(), tables, "health_code"),
        "bundles.yaml": lambda document: _entries(document, IDENTIFIER, BundleSchema().load, tables.bundles, _with_id),
        "recognition.yaml": lambda document: _whole(document, RecognitionSchema(), tables, "recognition"),
        "tasks.yaml": lambda document: _entries(document, IDENTIFIER, TaskKindSchema().load, tables.tasks, _with_id),
        "messages.yaml": lambda document: _entries(
            document, IDENTIFIER, TemplateSchema().load, tables.messages, _with_id
        ),
        "workflows.yaml": lambda document: _entries(
            document, IDENTIFIER, WorkflowSchema().load, tables.workflows, _with_id
        ),
        "themes.yaml": lambda document: _entries(document, IDENTIFIER, ThemeSchema().load, tables.themes, _with_id),
        "regions.yaml": lambda document: _entries(document, REGION, RegionSchema().load, tables.regions, _with_code),
        "roles.yaml": lambda document: _entries(
            document, IDENTIFIER, permissions().deserialize, tables.roles, lambda _, value: tuple(value)
        ),
        "texts.yaml": lambda document: _texts(document, tables),
    }
    for name, document in documents.items():
        reader = readers.get(name)
        complaints += reader(document) if reader else _service(document, tables, schema)
    return tables, complaints


def _with_id(key: str, entry: Any) -> Any:
    return replace(entry, id=key)


def _with_code(key: str, entry: Any) -> Any:
    return replace(entry, code=key)


def _entries(
    document: Document,
    form: Any,
    load: Callable[[Any], Any],
    table: dict[str, Any],
    finish: Callable[[str, Any], Any] = lambda _, entry: entry,
) -> Iterator[Complaint]:
    """A file that is a table: an id, and under it its entry. An empty file is an empty table."""
    if not isinstance(document.value, dict | None):
        yield document.complaint((), "must be a mapping of keys")
        return
    for key, value in (document.value or {}).items():
        if not form.fullmatch(key):
            yield document.complaint((key,), "is not a right id here", at_key=True)
            continue
        try:
            table[key] = finish(key, load(value))
        except ValidationError as error:
            yield from flattened(document, error, (key,))


def _hub(document: Document, tables: Tables) -> Iterator[Complaint]:
    try:
        tables.hub.update(_loaded(HubSchema(), document))
    except ValidationError as error:
        yield from flattened(document, error, ())


def _whole(document: Document, schema: Schema, tables: Tables, name: str) -> Iterator[Complaint]:
    """A file that is one thing."""
    try:
        setattr(tables, name, _loaded(schema, document))
    except ValidationError as error:
        yield from flattened(document, error, ())


def _systems(document: Document, tables: Tables) -> Iterator[Complaint]:
    yield from _entries(document, IDENTIFIER, SystemSchema().load, tables.systems)
    tables.declared_systems.update(document.value or {})


def _loaded(schema: Schema, document: Document) -> Any:
    return schema.load({} if document.value is None else document.value)


def _texts(document: Document, tables: Tables) -> Iterator[Complaint]:
    yield from _entries(document, _AnyCode, Sentence(required=True).deserialize, tables.texts)
    for code in sorted(set(tables.texts) - set(KINDS)):
        yield document.complaint((code,), "no problem has this code", at_key=True)


class _AnyCode:
    """Whether a code exists is asked afterwards, with a better sentence."""

    @staticmethod
    def fullmatch(_: str) -> bool:
        return True


def _service(document: Document, tables: Tables, schema: Schema) -> Iterator[Complaint]:
    try:
        service: Service = _loaded(schema, document)
    except ValidationError as error:
        yield from flattened(document, error, ())
        return
    if service.id in tables.services:
        yield document.complaint(("id",), f"'{service.id}' is declared in {tables.files[service.id]} already")
    elif f"{SERVICES}{service.id}.yaml" != document.file:
        yield document.complaint(("id",), "is not the name of the file")
    else:
        tables.services[service.id] = service
        tables.files[service.id] = document.file


def flattened(document: Document, error: ValidationError, start: Keys) -> Iterator[Complaint]:
    """One complaint for each leaf of marshmallow's nested messages, at the place it speaks of."""
    yield from _leaves(document, error.messages, start)


def _leaves(document: Document, messages: Any, path: Keys) -> Iterator[Complaint]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _leaves(document, inner, _step(document, path, key))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        if isinstance(message, dict):
            yield from _leaves(document, message, path)
            continue
        text = _PLAIN.get(str(message), str(message))
        yield document.complaint(path, text, at_key=text == "unknown key")


def _step(document: Document, path: Keys, key: Any) -> Keys:
    """marshmallow speaks of `_schema`, and of `key` and `value` inside a free mapping: no places of the file."""
    below = (*path, key)
    if key == "_schema" or (key in ("key", "value") and below not in document.keys):
        return path
    return below

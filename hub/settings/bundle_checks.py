"""Whether the bundles of config/bundles.yaml fit the services they put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from marshmallow import ValidationError

from hub.settings.bundle_shapes import Bundle, BundlePart, same_question, together
from hub.settings.checks import Check, Finding
from hub.settings.place import Keys
from hub.settings.shapes import FormField, Service
from hub.settings.tables import Tables

_FILE = "bundles.yaml"


def bundles_fit(types: Mapping[str, Any]) -> Check:
    """A check that needs the field types a form may use: every part is an application, every name is a field of its
    form, no two different questions have one name, what is fixed is an answer to its question, and what comes after
    another part, or takes something on from it, stands below it."""

    def check(tables: Tables) -> Iterator[Finding]:
        for id, bundle in tables.bundles.items():
            for path, text in _bundle(bundle, tables, types):
                yield _FILE, (id, "parts", *path), text

    return check


def _bundle(bundle: Bundle, tables: Tables, types: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    asked, seen = dict[str, FormField](), set[str]()
    for place, part in enumerate(bundle.parts):
        service = tables.services.get(part.service)
        if part.service in seen:
            yield (place, "service"), f"'{part.service}' is a part already"
        elif service is None:
            if part.service not in tables.declared_services:
                yield (place, "service"), f"no service '{part.service}'"
        elif not service.workflow:
            yield (place, "service"), f"'{part.service}' takes no applications"
        else:
            yield from (((place, *path), text) for path, text in _part(part, service, types))
            yield from (((place, *path), text) for path, text in _order(part, service, seen))
            yield from _questions(place, part, service, asked)
        seen.add(part.service)


def _part(part: BundlePart, service: Service, types: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    form = {field.name: field for field in service.form}
    for key, names in (("fixed", part.fixed), ("names", part.names), ("takes", part.takes)):
        for name in names:
            if name not in form:
                yield (key, name), f"the form of '{service.id}' has no field '{name}'"
    for name in part.fixed.keys() & part.names.keys():
        yield ("names", name), "is fixed and not asked"
    for name in part.takes.keys() & (part.fixed.keys() | part.names.keys()):
        yield ("takes", name), "is taken from another part and not asked"
    for name, value in part.fixed.items():
        field = form.get(name)
        if field is not None and field.type in types and not _answers(field, value, types):
            yield ("fixed", name), "is no answer to this question"


def _order(part: BundlePart, service: Service, before: Set[str]) -> Iterator[tuple[Keys, str]]:
    """`before`: the parts that stand above it."""
    for place, name in enumerate(part.after):
        if name not in before:
            yield ("after", place), f"no part '{name}' stands above it"
    types = {each.get("type") for each in service.guide.get("materials", ())}
    for type in part.papers.keys() - types:
        yield ("papers", type), f"'{service.id}' asks for no paper '{type}'"
    sources = [(("takes", name), source) for name, (source, _) in part.takes.items()]
    for path, source in (*sources, *((("papers", type), source) for type, source in part.papers.items())):
        if source not in part.after:
            yield path, f"'{source}' is not in after: its result is not there yet"


def _answers(field: FormField, value: Any, types: Mapping[str, Any]) -> bool:
    try:
        types[field.type](min=field.min, max=field.max, choices=field.choices).deserialize(value)
    except ValidationError:
        return False
    return True


def _questions(
    place: int, part: BundlePart, service: Service, asked: dict[str, FormField]
) -> Iterator[tuple[Keys, str]]:
    """`asked`: what the parts before it ask; grows."""
    for each in part.asks(service):
        there = asked.setdefault(each.name, each)
        if not same_question(there, each):
            yield (place,), f"another part asks something else under '{each.name}'; give it a name of its own in names"
        asked[each.name] = together(there, each)

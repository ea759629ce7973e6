"""Whether the services of config/ fit the operations they run on: a check that needs the adapters' folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hub.settings.checks import Check, Finding
from hub.settings.place import Keys
from hub.settings.shapes import Service
from hub.settings.tables import Tables


def services_fit(declared: Callable[[str, str], Mapping[str, Any]]) -> Check:
    """`declared` gives the facts of an operation, nothing where there is none (another check tells that)."""

    def check(tables: Tables) -> Iterator[Finding]:
        for id, service in tables.services.items():
            facts = declared(service.system or "", service.operation or "")
            for path, text in _misfits(service, facts) if facts else ():
                yield tables.files[id], path, text

    return check


def _misfits(service: Service, facts: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    if service.kind == "query" and facts["kind"] != "read":
        yield ("call", "operation"), f"'{service.operation}' writes; a query only reads"
    if facts["data_class"] > service.data_class:
        yield ("data_class",), f"must be {facts['data_class']}, as '{service.operation}' answers that much"
    given = {field.name for field in service.form} | set(service.subject)
    asked: Mapping[str, Any] = facts["request"]["fields"]
    missing = sorted(name for name, field in asked.items() if field["required"] and name not in given)
    if missing:
        yield ("form",), f"'{service.operation}' needs {', '.join(missing)}"
    unused = sorted(given - asked.keys() - set(service.subject))
    if unused:
        yield ("form", unused[0]), f"'{service.operation}' does not take it"

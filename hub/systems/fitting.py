"""Whether the services and systems of config/ fit what the adapters' folders declare: checks that need the folders."""

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
        yield from _untold(tables, declared)

    return check


def _untold(tables: Tables, declared: Callable[[str, str], Mapping[str, Any]]) -> Iterator[Finding]:
    """The facts that the rules of the health code take from the system of its service."""
    configured = tables.health_code
    service = tables.services.get(configured.service) if configured else None
    if configured is None or service is None:
        return
    facts = declared(service.system or "", service.operation or "")
    for place, name in enumerate(configured.shared):
        if name not in facts.get("answer", {}).get("fields", {}):
            yield "health_code.yaml", ("shared", place), f"'{service.operation}' does not tell it"


def _misfits(service: Service, facts: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    if service.kind == "query" and facts["kind"] != "read":
        yield ("call", "operation"), f"'{service.operation}' writes; a query only reads"
    if service.workflow and facts["kind"] != "write":
        yield ("call", "operation"), f"'{service.operation}' only reads; an application files something"
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


_OPTIONS: Mapping[str, type] = {"text": str, "integer": int, "boolean": bool}


def systems_fit(facts: Callable[[str], Mapping[str, Any]]) -> Check:
    """`facts` gives what a system's folder declares, nothing where there is none, or a wrong one."""

    def check(tables: Tables) -> Iterator[Finding]:
        for id, entry in tables.systems.items():
            declared = facts(id)
            missing = sorted(set(declared.get("secrets", ())) - entry["secrets"].keys())
            if missing:
                yield "systems.yaml", (id, "secrets"), f"'{id}' needs {', '.join(missing)}"
            if declared.get("options"):
                for path, text in _options(declared["options"], entry["options"]):
                    yield "systems.yaml", (id, "options", *path), text

    return check


def _options(declared: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    for name, value in given.items():
        kind = _OPTIONS.get(declared.get(name, {}).get("as", ""))
        if kind is None:
            yield (name,), "unknown key"
        elif type(value) is not kind:
            yield (name,), f"must be {declared[name]['as']}"
    missing = sorted(name for name, each in declared.items() if each["required"] and name not in given)
    if missing:
        yield (), f"needs {', '.join(missing)}"

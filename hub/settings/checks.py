"""Whether the files fit together. Each check names the place (file and path) and says what is wrong there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from hub.settings.message_checks import messages_fit
from hub.settings.place import Keys
from hub.settings.shapes import COMMUNITY, PLACE, Appeals, Licence, Service, Switch
from hub.settings.sharing_shapes import Sharing
from hub.settings.tables import Tables

Finding = tuple[str, Keys, str]
"""File, path in it, sentence."""

DUTIES: Mapping[str, frozenset[str]] = {
    "system": frozenset({"switch.write", "config.write", "job.write", "leg.rerun", "catalogue.import"}),
    "security": frozenset({"staff.read", "staff.write"}),
    "audit": frozenset({"audit.read"}),
}
"""What makes somebody one of the three administrators (separation of duties, 三权分立)."""

Check = Callable[[Tables], Iterable[Finding]]


def together(tables: Tables) -> Iterator[Finding]:
    """All that can be told from config/ alone."""
    if tables.hub and tables.hub["region"] not in tables.regions:
        yield "hub.yaml", ("region",), _unknown("region", tables.hub["region"])
    yield from _signers(tables)
    yield from _duties(tables)
    for id, department in tables.departments.items():
        if department.region not in tables.regions:
            yield "departments.yaml", (id, "region"), _unknown("region", department.region)
    for id, licence in tables.licences.items():
        for path, text in _licence(licence, tables):
            yield "licences.yaml", (id, *path), text
    yield from _offices(tables.appeals, tables)
    yield from _sharing(tables.sharing, tables)
    yield from _workflows(tables)
    yield from _health_code(tables)
    yield from messages_fit(tables)
    for id, system in tables.systems.items():
        yield from _rollout("systems.yaml", (id,), system["switch"], tables)
    for id, service in tables.services.items():
        for path, text in (*_service(service, tables), *_papers(service, tables)):
            yield tables.files[id], path, text
        yield from _rollout(tables.files[id], (), service.switch, tables)


def _signers(tables: Tables) -> Iterator[Finding]:
    for id in tables.hub.get("signers", {}):
        if id not in tables.departments:
            yield "hub.yaml", ("signers", id), _unknown("department", id)


def _offices(appeals: Appeals, tables: Tables) -> Iterator[Finding]:
    """Every office that appeals.yaml names is a department, or the place itself."""
    named: list[tuple[Keys, str]] = [(("supervisor",), appeals.supervisor)] if appeals.kinds else []
    for name, kind in appeals.kinds.items():
        named += [((name, "rules", place, "office"), rule.office) for place, rule in enumerate(kind.rules)]
        named.append(((name, "otherwise"), kind.otherwise))
    for path, office in named:
        if office not in (PLACE, *tables.departments):
            yield "appeals.yaml", path, _unknown("department", office)


def _sharing(sharing: Sharing, tables: Tables) -> Iterator[Finding]:
    for name in ("platform", "supervisor"):
        office = getattr(sharing, name)
        if office and office not in tables.departments:
            yield "sharing.yaml", (name,), _unknown("department", office)
    for id, source in sharing.sources.items():
        if source.system not in tables.declared_systems:
            yield "sharing.yaml", ("sources", id, "system"), _unknown("system", source.system)


def _workflows(tables: Tables) -> Iterator[Finding]:
    """Every task a step names is one, and every office of a task."""
    for id, task in tables.tasks.items():
        if task.office not in (COMMUNITY, PLACE, *tables.departments):
            yield "tasks.yaml", (id, "office"), _unknown("department", task.office)
    for id, workflow in tables.workflows.items():
        for name, stage in workflow.stages.items():
            for place, kind in enumerate(stage.tasks):
                if kind not in tables.tasks:
                    yield "workflows.yaml", (id, "stages", name, "tasks", place), _unknown("task", kind)


def _health_code(tables: Tables) -> Iterator[Finding]:
    """It hangs on a service, and its gates stand somewhere."""
    configured = tables.health_code
    if configured is None:
        return
    if configured.service not in tables.declared_services:
        yield "health_code.yaml", ("service",), _unknown("service", configured.service)
    for id, gate in configured.gates.items():
        if gate.region[:9] not in tables.regions:
            yield "health_code.yaml", ("gates", id, "region"), _unknown("region", gate.region)


def _duties(tables: Tables) -> Iterator[Finding]:
    """Three administrators: one runs it, one gives out accounts, one watches them; nobody is two of them."""
    for role, permissions in tables.roles.items():
        held = [duty for duty, marks in DUTIES.items() if marks & set(permissions)]
        if len(held) > 1:
            place = next(place for place, name in enumerate(permissions) if name in DUTIES[held[1]])
            yield "roles.yaml", (role, place), f"one role may not be {held[0]} and {held[1]} administrator"


def _licence(licence: Licence, tables: Tables) -> Iterator[tuple[Keys, str]]:
    department = tables.departments.get(licence.department)
    if department is None:
        yield ("department",), _unknown("department", licence.department)
    elif not department.credit_code:
        yield ("department",), f"'{department.id}' has no credit code, which every licence id names"
    if licence.system and licence.system not in tables.declared_systems:
        yield ("source", "system"), _unknown("system", licence.system)
    if licence.system and licence.companies:
        yield ("companies",), "registries are asked for persons only: the hub's own desk issues licences of companies"


def _unknown(kind: str, id: str) -> str:
    return f"no {kind} '{id}'"


def _service(service: Service, tables: Tables) -> Iterator[tuple[Keys, str]]:
    if service.department not in tables.departments:
        yield ("department",), _unknown("department", service.department)
    if service.region not in tables.regions:
        yield ("region",), _unknown("region", service.region)
    for position, theme in enumerate(service.themes):
        if theme not in tables.themes:
            yield ("themes", position), _unknown("theme", theme)
    if service.synthetic and service.synthetic.persona not in tables.hub.get("personas", {}):
        yield ("synthetic", "persona"), f"hub.yaml has no persona '{service.synthetic.persona}'"
    if service.system and service.system not in tables.declared_systems:
        yield ("call", "system"), _unknown("system", service.system)
    if service.workflow and service.workflow not in tables.workflows:
        yield ("workflow",), _unknown("workflow", service.workflow)
    for position, id in enumerate(service.parts):
        text = _part(service, id, tables)
        if text:
            yield ("parts", position), text


def _papers(service: Service, tables: Tables) -> Iterator[tuple[Keys, str]]:
    for position, paper in enumerate(service.guide.get("materials", ())):
        if "licence" in paper and paper["licence"] not in tables.licences:
            yield ("guide", "materials", position, "licence"), _unknown("licence", paper["licence"])


def _part(whole: Service, id: str, tables: Tables) -> str:
    part = tables.services.get(id)
    if part is None:
        return "" if id in tables.declared_services else _unknown("service", id)
    if not part.system:
        return f"'{id}' runs on no system itself"
    if part.kind != "query":
        return f"'{id}' is not a query"
    if part.level > whole.level:
        return f"'{id}' needs level {part.level}, this service only {whole.level}"
    return ""


def _rollout(file: str, start: Keys, switch: Switch, tables: Tables) -> Iterator[Finding]:
    for position, code in enumerate(switch.rollout.regions):
        if code not in tables.regions:
            yield file, (*start, "switch", "rollout", "regions", position), _unknown("region", code)


def operations_known(operations: Callable[[str], Collection[str] | None]) -> Check:
    """A check that needs the adapters: `operations` tells what a system can do, None where there is no such adapter."""

    def check(tables: Tables) -> Iterator[Finding]:
        for id in sorted(tables.declared_systems):
            if operations(id) is None:
                yield "systems.yaml", (id,), f"no adapter '{id}'"
        for id, service in tables.services.items():
            known = operations(service.system) if service.system else None
            if known is not None and service.operation not in known:
                text = f"system '{service.system}' has no operation '{service.operation}'"
                yield tables.files[id], ("call", "operation"), text
        for id, source in tables.sharing.sources.items():
            known = operations(source.system)
            if known is not None and source.operation not in known:
                text = f"system '{source.system}' has no operation '{source.operation}'"
                yield "sharing.yaml", ("sources", id, "operation"), text

    return check


def field_types_known(types: Collection[str]) -> Check:
    """A check that needs the field types a form may use."""

    def check(tables: Tables) -> Iterator[Finding]:
        for id, service in tables.services.items():
            for field in service.form:
                if field.type not in types:
                    yield tables.files[id], ("form", field.name, "type"), f"no field type '{field.type}'"
        for kind, asked in tables.health_code.questions.items() if tables.health_code else ():
            for field in asked.form:
                if field.type not in types:
                    path = ("questions", kind, "form", field.name, "type")
                    yield "health_code.yaml", path, f"no field type '{field.type}'"

    return check

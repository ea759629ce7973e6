"""How services, systems, changes and acts are shown to operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hub.errors import Problem
from hub.inspection.rules import Finding, health
from hub.inspection.service import of_system
from hub.operations.service import Act
from hub.settings.shapes import Switch, System
from hub.switches.form import limits_of, written
from hub.switches.rules import state
from hub.switches.service import Change, Difference, Kind

if TYPE_CHECKING:
    from hub.gateway.orders import SystemHealth
    from hub.main import Hub


def found_last(hub: Hub) -> Sequence[Finding]:
    """What the rounds found last, of everything."""
    with hub.database.session() as session:
        return hub.inspection.findings(session)


def service_shown(hub: Hub, id: str, found: Sequence[Finding]) -> dict[str, Any]:
    service = hub.settings.now.services.get(id)
    if service is None:
        raise Problem("NOT_FOUND")
    names = ("id", "title", "department", "kind", "region", "level", "system", "operation", "parts")
    about: dict[str, Any] = {name: getattr(service, name) for name in names}
    about["people"] = next((_finding(each) for each in found if (each.kind, each.target) == ("people", id)), None)
    return {**about, **_switch(hub, "service", id, service.switch, hub.switches.service(id))}


def system_shown(hub: Hub, id: str, found: Sequence[Finding]) -> dict[str, Any]:
    now = hub.settings.now
    system = now.systems.get(id)
    if system is None and id not in now.not_started:
        raise Problem("NOT_FOUND")
    if system is None:
        return {"id": id, "name": None, "health": {"state": "off"}, "not_started": now.not_started[id]}
    own = of_system(found, id, now.services.values())
    return {
        "id": id,
        "name": hub.systems.described(id).get("name"),
        "health": _health(hub.gateway.health(id), own, hub.clock.now()),
        "not_started": None,
        "people": [{"service": each.target, **_finding(each)} for each in own if each.kind == "people"],
        "contract": next((_finding(each) for each in own if each.kind == "contract"), None),
        "deliveries": [_brought(each) for each in own if each.kind in ("delivery", "rows")],
        "expiries": [_expiry(each) for each in own if each.kind == "expiry"],
        **_limits(hub, system),
        **_switch(hub, "system", id, system.switch, hub.switches.system(id)),
    }


def _health(seen: SystemHealth, found: Sequence[Finding], now: datetime) -> dict[str, Any]:
    """As this worker sees it, coloured by what the rounds found: works for the machine may be broken for people."""
    shown = {name: value for name, value in asdict(seen).items() if name != "system"}
    return {**shown, "state": health(seen.state, found, now)}


def _finding(finding: Finding) -> dict[str, Any]:
    names = ("state", "code", "note", "trace_id", "checked_at", "changed_at")
    return {name: getattr(finding, name) for name in names}


def _brought(finding: Finding) -> dict[str, Any]:
    """What a system should have brought and did not, and what of it was refused."""
    _, *why = finding.target.split("/", 2)  # system/why/what
    return {"what": why[1] if why else finding.kind, **_finding(finding)}


def _expiry(finding: Finding) -> dict[str, Any]:
    what = finding.target.partition("/")[2]
    return {"what": what, "state": finding.state, "code": finding.code, "until": finding.until}


def _limits(hub: Hub, system: System) -> dict[str, Any]:
    """The limits in force, the file's, and where each comes from."""
    override = (override_of(hub, "system", system.id) or {}).get("limits", {})
    place = hub.switches.place("system", system.id)
    return {
        "limits": limits_of(hub.switches.now.systems.get(system.id, system)),
        "config_limits": limits_of(system),
        "limits_source": {name: "override" if name in override else place for name in limits_of(system)},
    }


def _switch(hub: Hub, kind: Kind, id: str, config: Switch, effective: Switch) -> dict[str, Any]:
    """The switch in force, and for each of its values where it comes from."""
    override = override_of(hub, kind, id) or {}
    place = hub.switches.place(kind, id)
    shown = state(effective, hub.clock.now())
    return {
        **written(effective),
        "status": shown.status,
        "shown_notice": shown.notice or None,
        "config": written(config),
        "override": override or None,
        "source": {name: "override" if name in override else place for name in written(config)},
    }


def override_of(hub: Hub, kind: Kind, id: str) -> Mapping[str, Any] | None:
    found = hub.switches.difference(kind, id)
    return found.override if found else None


def differing(difference: Difference) -> dict[str, Any]:
    config = written(difference.config)
    return {
        "kind": difference.kind,
        "id": difference.target,
        "place": difference.place,
        "change_id": str(difference.change_id),
        "fields": [
            {"field": name, "config": value, "override": difference.override[name]}
            for name, value in {**config, "limits": difference.limits}.items()
            if name in difference.override
        ],
    }


def changed(change: Change, actor_name: str) -> dict[str, Any]:
    shown = asdict(change)
    return {"change_id": str(shown.pop("id")), "id": shown.pop("target"), **shown, "actor_name": actor_name}


def acted(act: Act) -> dict[str, Any]:
    return {**asdict(act), "id": str(act.id)}


def page(items: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """One more than was asked for tells whether there are more."""
    more = len(items) > size
    shown = items[:size]
    key = "change_id" if shown and "change_id" in shown[0] else "id"
    return {"items": shown, "next_cursor": shown[-1][key] if more else None}

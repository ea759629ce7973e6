"""`hub services list` and `hub systems list`, and the groups they belong to; `hub systems probe`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from hub.commands.attaching import VERBS
from hub.commands.opening import as_json, opened, print_json, print_table
from hub.commands.switching import changed, shown, switching, tell_change
from hub.errors import Problem
from hub.gateway.orders import SystemHealth
from hub.main import Hub

services = switching("service")
systems = switching("system")
for verb in VERBS:
    systems.add_command(verb)


@services.command("list")
@as_json
def list_services(json_wanted: bool) -> None:
    """Every service of the configuration and how it stands."""
    with opened() as hub:
        hub.switches.refresh()
        found = [_service(hub, id) for id in sorted(hub.settings.now.services)]
    if json_wanted:
        print_json(found)
        return
    columns = {"id": "SERVICE", "status": "STATUS", "department": "DEPARTMENT", "system": "SYSTEM", "level": "LEVEL",
               "set": "SET BY", "said": "NOTICE"}  # fmt: skip
    print_table(columns, [_row(each) for each in found])


def _service(hub: Hub, id: str) -> dict[str, Any]:
    service = hub.settings.now.services[id]
    about = {"department": service.department, "system": service.system, "level": service.level}
    return {**shown(hub, "service", id), "title": dict(service.title), **about}


def _row(found: dict[str, Any]) -> dict[str, Any]:
    said = (found["notice"] or {}).get("zh", "")
    return {
        **found,
        "system": found["system"] or "several",
        "set": "override" if found["override"] else "config",
        "said": said,
    }


@systems.command("list")
@click.option("--probe/--no-probe", default=True, show_default=True, help="Ask each one whether it answers.")
@as_json
def list_systems(probe: bool, json_wanted: bool) -> None:
    """Every departmental system, and whether it answers now."""
    with opened() as hub:
        hub.switches.refresh()
        found = all_systems(hub, probe)
    if json_wanted:
        print_json(found)
    else:
        columns = {"id": "SYSTEM", "health": "HEALTH", "status": "STATUS", "protocol": "PROTOCOL", "address": "ADDRESS",
                   "last_good_at": "LAST GOOD", "why": "WHY"}  # fmt: skip
        print_table(columns, found)


@systems.command("probe")
@click.argument("id")
@as_json
def probe_system(id: str, json_wanted: bool) -> None:
    """Ask one system something harmless. Exit 1 when it does not work."""
    with opened() as hub:
        hub.switches.refresh()
        if id not in {*hub.settings.now.systems, *hub.settings.now.not_started}:
            raise Problem("NOT_FOUND", note=f"no system '{id}' in the configuration")
        found = _system(hub, id, _health(hub, id, probe=True))
    if json_wanted:
        print_json(found)
    else:
        click.echo(f"{id}: {found['health']}{': ' + found['why'] if found['why'] else ''}")
    if found["health"] != "works":
        raise SystemExit(1)


@systems.command("limits")
@click.argument("id")
@click.option("--cap", type=click.IntRange(1, 256), help="Calls at once from one worker.")
@click.option("--per-minute", type=click.IntRange(0, 1_000_000), help="Calls a minute of all workers; 0: any number.")
@click.option("--deadline", type=click.FloatRange(0.1, 30), help="Seconds for the whole answer.")
@click.option("--clear", is_flag=True, help="Back to what systems.yaml says.")
@click.option("--reason", required=True, help="Why; it stands in the history.")
@as_json
def limit_system(
    id: str,
    cap: int | None,
    per_minute: int | None,
    deadline: float | None,
    clear: bool,
    reason: str,
    json_wanted: bool,
) -> None:
    """Set what a system bears; the rest of its limits stays."""
    given = {"cap": cap, "per_minute": per_minute, "deadline_s": deadline}
    wanted = {name: value for name, value in given.items() if value is not None}
    if not wanted and not clear:
        raise click.UsageError("Give --cap, --per-minute, --deadline or --clear.")
    with opened() as hub:
        change = changed(
            hub, f"system:{id}", reason, "switch.write",
            lambda session, who: hub.switches.change(
                session, "system", id, {"limits": None if clear else wanted}, reason, who
            ),
        )  # fmt: skip
    tell_change(change, json_wanted)


def all_systems(hub: Hub, probe: bool) -> list[dict[str, Any]]:
    """Every system of systems.yaml, those that did not start too; asked all at once."""
    ids = sorted({*hub.settings.now.systems, *hub.settings.now.not_started})
    with ThreadPoolExecutor(8) as pool:
        healths = pool.map(lambda id: _health(hub, id, probe), ids)
        return [_system(hub, id, health) for id, health in zip(ids, healths, strict=True)]


def _health(hub: Hub, id: str, probe: bool) -> SystemHealth | None:
    if id not in hub.settings.now.systems:
        return None
    return hub.gateway.probe(id) if probe else hub.gateway.health(id)


def _system(hub: Hub, id: str, health: SystemHealth | None) -> dict[str, Any]:
    not_started = hub.settings.now.not_started.get(id)
    if health is None:
        return {"id": id, "health": "off", "status": "not started", "why": not_started or ""}
    try:
        protocol = hub.systems.facts(id).get("protocol", "own")
        why = health.last_failures[0].code if health.last_failures else ""
    except Problem as problem:
        protocol, why = "", problem.note
    return {
        "id": id,
        "health": health.state,
        "protocol": protocol,
        "address": hub.settings.now.systems[id].address,
        "why": why,
        "last_good_at": health.last_good_at,
        **{name: value for name, value in shown(hub, "system", id).items() if name != "id"},
    }

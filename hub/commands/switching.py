"""`hub services …` and `hub systems …`: look at switches and change them, directly on the database.

A change needs a reason, is in force on every worker within a second, and can be rolled back or written into its file.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from hub import trace
from hub.clock import CHINA
from hub.commands.opening import as_json, opened, print_json, print_table
from hub.errors import Problem
from hub.main import Hub
from hub.operations.service import Act, record
from hub.switches.form import written
from hub.switches.rules import state
from hub.switches.service import Change, Kind

Make = Callable[[Session, str], Change]
_REASON = click.option("--reason", required=True, help="Why; it stands in the history.")
_NOTICE = click.option("--notice", help="What citizens read, in Chinese.")
_NOTICE_EN = click.option("--notice-en", help="The same in English.")


def actor() -> str:
    return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


def changed(hub: Hub, target: str, reason: str, permission: str, make: Make) -> Change:
    """Make the change and put it on record; a refused one is on record too."""
    who = actor()
    act = Act(hub.clock.now(), who, ("cli",), permission, target, "OK", trace.new().id, reason)
    try:
        with hub.database.session() as session:
            change = make(session, who)
            record(session, replace(act, before=change.before, after=change.after))
        return change
    except Problem as problem:
        with hub.database.session() as session:
            record(session, replace(act, outcome=problem.code))
        raise


def tell_change(change: Change, json_wanted: bool) -> None:
    if json_wanted:
        print_json(asdict(change))
    else:
        click.echo(f"Change {change.id}: {change.kind} {change.target}. In force on every worker within a second.")


def shown(hub: Hub, kind: Kind, id: str) -> dict[str, Any]:
    """The switch in force, and for each of its values where it comes from."""
    configured = (hub.settings.now.services if kind == "service" else hub.settings.now.systems).get(id)
    if configured is None:
        raise Problem("NOT_FOUND", note=f"no {kind} '{id}' in the configuration")
    effective = hub.switches.service(id) if kind == "service" else hub.switches.system(id)
    difference = hub.switches.difference(kind, id)
    override = dict(difference.override) if difference else {}
    return {
        "id": id,
        "status": state(effective, hub.clock.now()).status,
        **written(effective),
        "override": override or None,
        "source": {name: "override" if name in override else "config" for name in written(effective)},
    }


def switching(kind: Kind) -> click.Group:
    """The verbs that services and systems share."""
    group = click.Group(f"{kind}s", help=f"List {kind}s and switch them.")
    for make in (_show, _enable, _disable, _maintenance, _rollout, _history, _rollback, _write_back):
        group.add_command(make(kind))
    return group


def _switch(kind: Kind, id: str, patch: Mapping[str, Any], reason: str, json_wanted: bool) -> None:
    with opened() as hub:
        change = changed(
            hub, f"{kind}:{id}", reason, "switch.write",
            lambda session, who: hub.switches.change(session, kind, id, patch, reason, who),
        )  # fmt: skip
    tell_change(change, json_wanted)


def _notice(zh: str | None, en: str | None) -> dict[str, str] | None:
    if en and not zh:
        raise click.UsageError("--notice-en needs --notice: Chinese is what most read.")
    return {"zh": zh, **({"en": en} if en else {})} if zh else None


def _show(kind: Kind) -> click.Command:
    @click.command("show", help=f"One {kind}: the switch in force, and where each value comes from.")
    @click.argument("id")
    @as_json
    def show(id: str, json_wanted: bool) -> None:
        with opened() as hub:
            hub.switches.refresh()
            found = shown(hub, kind, id)
        if json_wanted:
            print_json(found)
        else:
            rows = [{"field": name, "value": found[name], "source": source} for name, source in found["source"].items()]
            click.echo(f"{id}: {found['status']}")
            print_table({"field": "FIELD", "value": "VALUE", "source": "FROM"}, rows)

    return show


def _enable(kind: Kind) -> click.Command:
    @click.command(
        "enable", help=f"Switch a {kind} on. The notice goes back to the configuration's unless one is given."
    )
    @click.argument("id")
    @_REASON
    @_NOTICE
    @_NOTICE_EN
    @as_json
    def enable(id: str, reason: str, notice: str | None, notice_en: str | None, json_wanted: bool) -> None:
        with opened() as hub:
            configured = (hub.settings.now.services if kind == "service" else hub.settings.now.systems).get(id)
        before = dict(configured.switch.notice) or None if configured else None
        patch = {"enabled": True, "notice": _notice(notice, notice_en) or before}
        _switch(kind, id, patch, reason, json_wanted)

    return enable


def _disable(kind: Kind) -> click.Command:
    @click.command("disable", help=f"Switch a {kind} off; citizens read the notice.")
    @click.argument("id")
    @_REASON
    @_NOTICE
    @_NOTICE_EN
    @as_json
    def disable(id: str, reason: str, notice: str | None, notice_en: str | None, json_wanted: bool) -> None:
        text = _notice(notice, notice_en)
        _switch(kind, id, {"enabled": False, **({"notice": text} if text else {})}, reason, json_wanted)

    return disable


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time: write 2026-08-01T22:00.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).isoformat()


def _maintenance(kind: Kind) -> click.Command:
    @click.command("maintenance", help=f"Announce a window in which a {kind} is closed, or --clear it.")
    @click.argument("id")
    @click.option("--from", "starts", help="Such as 2026-08-01T22:00; China time unless an offset is given.")
    @click.option("--until", "ends", help="The end, written the same way.")
    @click.option("--clear", is_flag=True, help="Take the window away.")
    @_REASON
    @_NOTICE
    @_NOTICE_EN
    @as_json
    def maintenance(
        id: str,
        starts: str | None,
        ends: str | None,
        clear: bool,
        reason: str,
        notice: str | None,
        notice_en: str | None,
        json_wanted: bool,
    ) -> None:
        if clear:
            _switch(kind, id, {"maintenance": None}, reason, json_wanted)
            return
        if not starts or not ends:
            raise click.UsageError("Give --from and --until, or --clear.")
        text = _notice(notice, notice_en)
        window = {"from": _moment(starts), "until": _moment(ends), **({"notice": text} if text else {})}
        _switch(kind, id, {"maintenance": window}, reason, json_wanted)

    return maintenance


def _rollout(kind: Kind) -> click.Command:
    @click.command("rollout", help=f"Open a {kind} to a percentage (always the same people), to regions, to a list.")
    @click.argument("id")
    @click.option("--percent", type=click.IntRange(0, 100))
    @click.option("--region", "regions", multiple=True, help="A region's code; may be repeated.")
    @click.option("--citizen", "citizens", multiple=True, help="A citizen_id; may be repeated.")
    @_REASON
    @as_json
    def rollout(
        id: str,
        percent: int | None,
        regions: tuple[str, ...],
        citizens: tuple[str, ...],
        reason: str,
        json_wanted: bool,
    ) -> None:
        if percent is None and not regions and not citizens:
            raise click.UsageError("Give --percent, --region or --citizen.")
        share = percent if percent is not None else 0
        who = {"percent": share, "regions": list(regions), "citizens": list(citizens)}
        _switch(kind, id, {"rollout": {name: value for name, value in who.items() if value != []}}, reason, json_wanted)

    return rollout


def _history(kind: Kind) -> click.Command:
    @click.command("history", help="Who switched what, when and why; newest first.")
    @click.argument("id", required=False)
    @click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
    @as_json
    def history(id: str | None, limit: int, json_wanted: bool) -> None:
        with opened() as hub, hub.database.session() as session:
            changes = [asdict(change) for change in hub.switches.history(session, kind, id, limit=limit)]
        if json_wanted:
            print_json(changes)
        else:
            columns = {"id": "CHANGE", "changed_at": "AT", "target": "ID", "act": "ACT", "after": "OVERRIDE",
                       "actor": "WHO", "reason": "REASON"}  # fmt: skip
            print_table(columns, changes)

    return history


def _rollback(kind: Kind) -> click.Command:  # noqa: ARG001
    @click.command("rollback", help="Go back to what was before a change of the history.")
    @click.argument("change", type=int)
    @_REASON
    @as_json
    def rollback(change: int, reason: str, json_wanted: bool) -> None:
        with opened() as hub:
            made = changed(
                hub, f"change:{change}", reason, "switch.write",
                lambda session, who: hub.switches.rollback(session, change, reason, who),
            )  # fmt: skip
        tell_change(made, json_wanted)

    return rollback


def _write_back(kind: Kind) -> click.Command:
    @click.command("write-back", help="Write the override into its file, comments kept, and take it away.")
    @click.argument("id")
    @_REASON
    @as_json
    def write_back(id: str, reason: str, json_wanted: bool) -> None:
        with opened() as hub:
            made = changed(
                hub, f"{kind}:{id}", reason, "config.write",
                lambda session, who: hub.switches.write_back(session, kind, id, reason, who),
            )  # fmt: skip
        tell_change(made, json_wanted)

    return write_back

"""/ops/v1: what operations see and switch. Every act, a refused one too, is recorded with who, before and after.

Where `ops_listener` is `own`, the public app is made without these routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking, deliveries, rework, staff
from blueprints import operations_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from blueprints.ids import as_number, going_on
from blueprints.switchboard import (
    acted,
    changed,
    differing,
    found_last,
    override_of,
    page,
    service_shown,
    system_shown,
)
from hub.errors import Problem
from hub.ledger.service import find
from hub.operations.service import acts
from hub.switches.service import Change, Kind

if TYPE_CHECKING:
    from hub.main import Hub

_SWITCHING = (
    *STAFF,
    "REASON_REQUIRED",
    "TOO_SHORT",
    "CHOICE",
    "RANGE",
    "RANGE_ORDER",
    "DATE",
    "DATE_RANGE",
    "TIMEZONE_MISSING",
)


def make(hub: Hub) -> Blueprint:
    """The routes of operations."""
    blueprint = Blueprint("operations", __name__, url_prefix="/ops/v1", description="For staff who run the hub")
    _services(blueprint, hub)
    _systems(blueprint, hub)
    _history(blueprint, hub)
    _config(blueprint, hub)
    _looking_up(blueprint, hub)
    rework.add(blueprint, hub)
    deliveries.add(blueprint, hub)
    staff.add(blueprint, hub)
    return blueprint


def _services(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/services")
    @recorded("service.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200,
        forms.pages_of(forms.ServiceAnswer),
        description="Every service of the configuration.",
        example=forms.a_page(forms.SERVICE),
    )
    def services() -> Response:
        """The services and how they stand"""
        found = found_last(hub)
        items = [service_shown(hub, id, found) for id in sorted(hub.settings.now.services)]
        return answer({"items": items, "next_cursor": None})

    @blueprint.route("/services/<string:id>")
    @recorded("service.read", "service:{id}", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200, forms.ServiceAnswer, description="The switch in force, the file's, the override.", example=forms.SERVICE
    )
    def service(id: str) -> Response:
        """One service: its switch, and where each value comes from"""
        return answer(service_shown(hub, id, found_last(hub)))

    @blueprint.route("/services/<string:id>", methods=["PATCH"])
    @recorded("switch.write", "service:{id}")
    @problem_codes(*_SWITCHING)
    @blueprint.arguments(forms.ChangeForm)
    @blueprint.response(
        200, forms.ServiceAnswer, description="As it is now, on every worker within a second.", example=forms.SERVICE
    )
    def switch_service(patch: dict[str, Any], id: str) -> Response:
        """Switch a service on or off, announce maintenance, open it to some"""
        _change(hub, "service", id, patch)
        return answer(service_shown(hub, id, found_last(hub)))


def _systems(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/systems")
    @recorded("system.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200,
        forms.pages_of(forms.SystemAnswer),
        description="Every system, those that did not start too.",
        example=forms.a_page(forms.SYSTEM),
    )
    def systems() -> Response:
        """The systems and how they fare"""
        now = hub.settings.now
        found = found_last(hub)
        items = [system_shown(hub, id, found) for id in sorted({*now.systems, *now.not_started})]
        return answer({"items": items, "next_cursor": None})

    @blueprint.route("/systems/<string:id>")
    @recorded("system.read", "system:{id}", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200, forms.SystemAnswer, description="Health as this worker sees it, switch and limits.", example=forms.SYSTEM
    )
    def system(id: str) -> Response:
        """One system: health, breaker, last failures, switch"""
        return answer(system_shown(hub, id, found_last(hub)))

    @blueprint.route("/systems/<string:id>", methods=["PATCH"])
    @recorded("switch.write", "system:{id}")
    @problem_codes(*_SWITCHING)
    @blueprint.arguments(forms.SystemChangeForm)
    @blueprint.response(
        200, forms.SystemAnswer, description="As it is now, on every worker within a second.", example=forms.SYSTEM
    )
    def switch_system(patch: dict[str, Any], id: str) -> Response:
        """Switch a system on or off, announce maintenance, open it to some, set what it bears"""
        _change(hub, "system", id, patch)
        return answer(system_shown(hub, id, found_last(hub)))


def _history(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/switches/history")
    @recorded("switch.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.arguments(forms.HistoryPage, location="query")
    @blueprint.response(
        200, forms.pages_of(forms.ChangeAnswer), description="Newest first.", example=forms.a_page(forms.CHANGE)
    )
    def history(query: dict[str, Any]) -> Response:
        """Who switched what, when and why"""
        with hub.database.session() as session:
            changes = hub.switches.history(
                session, query.get("kind"), query.get("id"), going_on(query), query["page_size"] + 1
            )
            names = hub.accounts.names(session, {change.actor for change in changes})
        told = [changed(change, names.get(change.actor, "")) for change in changes]
        return answer(page(told, query["page_size"]))

    @blueprint.route("/switches/rollback", methods=["POST"])
    @recorded("switch.write")
    @problem_codes(*_SWITCHING, "NOT_FOUND")
    @blueprint.arguments(forms.RollbackForm)
    @blueprint.response(200, forms.ChangeAnswer, description="The change this made.", example=forms.CHANGE)
    def rollback(wanted: dict[str, Any]) -> Response:
        """Go back to what was before an entry of the history"""
        number = as_number(wanted["change_id"])
        noting(reason=wanted.get("reason", ""), target=f"change:{number}")
        if number is None:
            raise Problem("NOT_FOUND")
        with hub.database.session() as session:
            change = hub.switches.rollback(session, number, wanted.get("reason", ""), caller().citizen_id, wanted["to"])
        return _done(hub, change)

    @blueprint.route("/switches/write-back", methods=["POST"])
    @recorded("config.write")
    @problem_codes(*_SWITCHING, "NOT_FOUND", "STATE_CONFLICT", "CONFIG_INVALID")
    @blueprint.arguments(forms.WriteBackForm)
    @blueprint.response(
        200,
        forms.ChangeAnswer,
        description="The change this made: the override is gone.",
        example={**forms.CHANGE, "act": "write_back"},
    )
    def write_back(wanted: dict[str, Any]) -> Response:
        """Write an override into its file, comments kept"""
        reason = wanted.get("reason", "")
        noting(reason=reason, target=f"{wanted['kind']}:{wanted['id']}")
        with hub.database.session() as session:
            change = hub.switches.write_back(session, wanted["kind"], wanted["id"], reason, caller().citizen_id)
        return _done(hub, change)


def _config(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/config")
    @recorded("config.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200,
        forms.ConfigAnswer,
        description="File against override, and what is wrong on the disk.",
        example=forms.CONFIG,
    )
    def config() -> Response:
        """The configuration in force, and where overrides differ from the files"""
        now = hub.settings.now
        shown = {"version": now.version, "loaded_at": now.loaded_at, "problem": hub.settings.problem}
        differences = [differing(each) for each in hub.switches.differences()]
        return answer({**shown, "not_started": now.not_started, "differences": differences})

    @blueprint.route("/config/export")
    @recorded("config.read", only_refusals=True)
    @problem_codes(*STAFF, "CONFIG_INVALID")
    @blueprint.response(
        200, forms.ExportAnswer, description="The files as they would be; nothing is written.", example=forms.EXPORT
    )
    def export() -> Response:
        """The files with the overrides written in, to be put where the files are kept"""
        files = [{"file": file, "text": text} for file, text in hub.switches.export().items()]
        return answer({"files": files})


def _looking_up(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/calls")
    @recorded("call.read")
    @problem_codes(*STAFF)
    @blueprint.arguments(forms.TraceQuery, location="query")
    @blueprint.response(
        200, forms.CallsAnswer, description="Its legs: times, sizes, outcome; never a body.", example=forms.CALLS
    )
    def calls(query: dict[str, Any]) -> Response:
        """What became of one request, leg by leg"""
        noting(target=f"trace:{query['trace_id']}")
        with hub.database.session() as session:
            exchanges = find(session, query["trace_id"])
            kept = list(hub.legs.find(session, query["trace_id"]))
        legs = [{name: value for name, value in asdict(each).items() if name != "subject_tag"} for each in exchanges]
        return answer({"items": legs, "legs": rework.legs_shown(kept)})

    @blueprint.route("/audit")
    @recorded("audit.read")
    @problem_codes(*STAFF)
    @blueprint.arguments(forms.ActsPage, location="query")
    @blueprint.response(
        200,
        forms.pages_of(forms.ActAnswer),
        description="Newest first; refused acts have the code they met.",
        example=forms.a_page(forms.ACT),
    )
    def audit(query: dict[str, Any]) -> Response:
        """What staff did here, and what they were refused"""
        with hub.database.session() as session:
            found = acts(session, query.get("actor"), query.get("target"), going_on(query), query["page_size"] + 1)
            names = hub.accounts.names(session, {act.actor for act in found})
        told = [{**acted(act), "actor_name": names.get(act.actor, "")} for act in found]
        return answer(page(told, query["page_size"]))


def _change(hub: Hub, kind: Kind, id: str, patch: Mapping[str, Any]) -> None:
    noting(reason=patch.get("reason", ""), before=override_of(hub, kind, id))
    fields = {name: value for name, value in asking.body().items() if name != "reason"}
    with hub.database.session() as session:
        change = hub.switches.change(session, kind, id, fields, patch.get("reason", ""), caller().citizen_id)
    _done(hub, change)


def _done(hub: Hub, change: Change) -> Response:
    """This worker need not wait for its next look."""
    noting(target=f"{change.kind}:{change.target}", before=change.before, after=change.after)
    name = ""
    with suppress(Problem):  # it is done, whether or not we see it now
        hub.switches.refresh()
        with hub.database.session() as session:
            name = hub.accounts.names(session, {change.actor}).get(change.actor, "")
    return answer(changed(change, name))

"""People through the gates of a community: counts, a live picture, and the search that only an order allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response

from blueprints import asking
from blueprints import flow_forms as forms
from blueprints.acts import ordered, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from blueprints.problems import in_language
from hub.errors import Problem
from hub.flow.service import Search
from hub.offices import sees

if TYPE_CHECKING:
    from hub.main import Hub

_EVERY_S, _LONGEST_S, _AT_ONCE = 2.0, 600.0, 16  # a stream holds a thread: the browser comes back by itself


def make(hub: Hub) -> Blueprint:
    """The routes of flow."""
    blueprint = Blueprint("flow", __name__, url_prefix="/api/v1/flow", description="Flow of people through gates")
    _counts(blueprint, hub)
    _stream(blueprint, hub)
    _search(blueprint, hub)
    return blueprint


def _counts(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/communities/<string:region>")
    @recorded("flow.read", only_refusals=True)
    @problem_codes(*STAFF, "NOT_FOUND", "RANGE_ORDER", "RANGE_TOO_LONG", "TIMEZONE_MISSING")
    @blueprint.arguments(forms.BucketPage, location="query")
    @blueprint.response(
        200, forms.CommunityAnswer, description="Oldest first; buckets without a crossing are left out.",
        example=forms.COMMUNITY,
    )  # fmt: skip
    def community(asked: dict[str, Any], region: str) -> Response:
        """In, out and present, of one community or of all below a place"""
        until = datetime.fromisoformat(asked["until"]) if "until" in asked else hub.clock.now()
        since = datetime.fromisoformat(asked["since"]) if "since" in asked else until - timedelta(days=1)
        seconds = forms.BUCKETS[asked["bucket"]]
        with hub.database.session() as session:
            found = hub.flow.community(session, region, caller().region, since, until, seconds)
        items = [{"at": each.at, "in": each.ins, "out": each.outs} for each in found.counts]
        smallest = hub.settings.now.hub.flow.smallest_group
        return answer({"region": region, "present": found.present, "smallest_group": smallest, "items": items})


def _stream(blueprint: Blueprint, hub: Hub) -> None:
    places = threading.BoundedSemaphore(_AT_ONCE)

    @blueprint.route("/stream")
    @recorded("flow.read", only_refusals=True)
    @problem_codes(*STAFF, "NOT_FOUND", "OVERLOADED")
    @blueprint.arguments(forms.StreamForm, location="query")
    @blueprint.response(200, description="Server-sent events `present`: {at, communities: {region: number | null}}.")
    def stream(asked: dict[str, Any]) -> Response:
        """How many are inside each community, as it changes"""
        office = caller().region
        region = asked.get("region", office)
        if not sees(office, region):
            raise Problem("NOT_FOUND")
        if not places.acquire(blocking=False):
            raise Problem("OVERLOADED", origin="hub", retry_after=10)
        response = Response(_events(hub, region), mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(places.release)
        return response


def _events(hub: Hub, region: str) -> Iterator[bytes]:
    ends, last = time.monotonic() + _LONGEST_S, None
    while time.monotonic() < ends:
        try:
            with hub.database.session() as session:
                present = dict(hub.flow.present(session, region))
        except Problem as problem:
            yield b"event: waiting\ndata: " + orjson.dumps({"code": problem.code}) + b"\n\n"
        else:
            told = orjson.dumps({"at": hub.clock.now(), "communities": present})
            yield b": still here\n\n" if present == last else b"event: present\ndata: " + told + b"\n\n"
            last = present
        time.sleep(_EVERY_S)


def _search(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/searches", methods=["POST"])
    @recorded("flow.search")
    @problem_codes(*STAFF, "NOT_FOUND", "RANGE_ORDER", "RANGE_TOO_LONG", "TIMEZONE_MISSING", "ID_FORMAT",
                   "DATE_RANGE", "EVIDENCE_UNAVAILABLE", "ORDER_NOT_CONFIRMED")  # fmt: skip
    @blueprint.arguments(forms.SearchForm)
    @blueprint.response(200, forms.SearchAnswer, description="Newest first, at most 500.", example=forms.FOUND)
    def search(form: dict[str, Any]) -> Response:
        """Where one person crossed: only with an order, and it stands in the person's own record"""
        asked = Search(
            sealed_until=ordered(form), order_no=form["order_no"], office=caller().region, trace_id=asking.trace().id,
            id_number=form["id_number"], places=tuple(form["regions"]),
            since=datetime.fromisoformat(form["since"]), until=datetime.fromisoformat(form["until"]),
        )  # fmt: skip
        with hub.database.session() as session:
            found = hub.flow.search(session, asked)
        return answer({"items": [
            {"at": each.at, "region": each.place, "gate_id": each.gate, "gate_name": _gate(hub, each.gate),
             "direction": each.direction}
            for each in found
        ]})  # fmt: skip


def _gate(hub: Hub, id: str) -> str:
    """What it is called; its id where it is no longer configured."""
    configured = hub.settings.now.health_code
    gate = configured.gates.get(id) if configured else None
    return in_language(gate.name, asking.language()) if gate else id

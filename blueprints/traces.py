"""Tracing by order: the channels hand in who was where, an officer with an order finds whom to reach."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import asking
from blueprints import traces_forms as forms
from blueprints.acts import noting, ordered, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from blueprints.problems import in_language
from hub.errors import Fault, Problem, invalid
from hub.tracing.rules import Sighting
from hub.tracing.service import Order

if TYPE_CHECKING:
    from hub.main import Hub
    from hub.tracing.service import Trace


def make(hub: Hub) -> Blueprint:
    """The routes of tracing."""
    blueprint = Blueprint("traces", __name__, url_prefix="/api/v1/traces", description="Contacts of a person, by order")
    _tracing(blueprint, hub)
    _channels(blueprint, hub)
    return blueprint


def _tracing(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("", methods=["POST"])
    @recorded("trace.write")
    @problem_codes(
        *STAFF, "NOT_FOUND", "REQUIRED", "RANGE_ORDER", "RANGE_TOO_LONG", "TIMEZONE_MISSING", "ID_FORMAT",
        "ID_CHECKSUM", "ID_OBSOLETE", "DATE", "DATE_RANGE", "QR_INVALID", "QR_EXPIRED", "SERVICE_ENDED",
        "EVIDENCE_UNAVAILABLE", "ORDER_NOT_CONFIRMED",
    )  # fmt: skip
    @blueprint.arguments(forms.TraceForm)
    @blueprint.response(
        201, forms.TraceAnswer, description="With a task for each contact's office.", example=forms.TRACE
    )
    def trace(form: dict[str, Any]) -> Response:
        """Find a person's contacts and give their offices tasks"""
        sealed_until = ordered(form)
        order = Order(
            form["order_no"], caller().citizen_id, caller().region, tuple(form["regions"]),
            datetime.fromisoformat(form["since"]), datetime.fromisoformat(form["until"]), asking.trace().id,
            sealed_until,
        )  # fmt: skip
        with hub.database.session() as session:
            return answer(_shown(hub, hub.tracing.trace(session, order, _subject(hub, session, form))), 201)

    @blueprint.route("/<string:id>")
    @recorded("trace.read", "trace:{id}")
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(200, forms.TraceAnswer, description="Its tasks as they are now.", example=forms.TRACE)
    def one(id: str) -> Response:
        """One trace: who was reached, who is waited for"""
        with hub.database.session() as session:
            return answer(_shown(hub, hub.tracing.get(session, id, caller().region)))


def _channels(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/sightings", methods=["POST"])
    @recorded("trace.bring")
    @problem_codes(*STAFF, "CHOICE", "TOO_LONG", "TIMEZONE_MISSING", "DATE", "DATE_RANGE")
    @blueprint.arguments(forms.SightingsForm)
    @blueprint.response(200, forms.TakenAnswer, description="Twice is harmless.", example={"taken": 2})
    def bring(form: dict[str, Any]) -> Response:
        """Hand in rows of a channel (a department's machine)"""
        channel = form["channel"]
        if channel not in hub.settings.now.channels:
            raise invalid([Fault("channel", "CHOICE")])
        with hub.database.session() as session:
            taken = hub.tracing.take(session, [_sighting(channel, each) for each in form["items"]])
        noting(after={"channel": channel, "taken": taken})
        return answer({"taken": taken})


def _subject(hub: Hub, session: Any, form: dict[str, Any]) -> str:
    """The ID number that was given, or that of whoever a gate would take the bearer of this code for."""
    if ("subject" in form) == ("code" in form):
        raise invalid([Fault("subject", "REQUIRED")])
    if "subject" in form:
        return str(form["subject"])
    hub.health_code.codes.open()
    bearer = hub.health_code.gate.bearer(form["code"], hub.clock.now())
    person = hub.identity.registered(session, bearer.citizen_id)
    if person is None:
        raise Problem("NOT_FOUND")
    return person.id_number


def _sighting(channel: str, told: dict[str, Any]) -> Sighting:
    at = datetime.fromisoformat(told["at"])
    until = datetime.fromisoformat(told["until"]) if "until" in told else at
    texts = {name: told[name] for name in ("id", "key", "document_kind", "document", "name", "phone", "car")}
    place, row = told.get("region", ""), told.get("row")
    return Sighting(channel=channel, at=at, until=max(at, until), place=place, row=row, **texts)


def _shown(hub: Hub, trace: Trace) -> dict[str, Any]:
    channels, language = hub.settings.now.channels, asking.language()

    def channel(id: str) -> str:
        return in_language(channels[id].title, language) if id in channels else id

    return {
        "id": trace.id, "order_no": trace.order_no, "from": trace.since, "to": trace.until,
        "regions": trace.regions, "rows_seen": trace.seen, "made_at": trace.made_at,
        "contacts": [{**asdict(each), "channel_title": channel(each.channel)} for each in trace.contacts],
    }  # fmt: skip

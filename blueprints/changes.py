"""Changes in shared data: a department that was given some is told that it is not so any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import exchange_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, Page, answer, problem_codes
from blueprints.ids import going_on

if TYPE_CHECKING:
    from hub.exchange.subscriptions import Change, Subscription
    from hub.main import Hub


def make(hub: Hub) -> Blueprint:
    """The routes of subscriptions and changes."""
    blueprint = Blueprint("changes", __name__, url_prefix="/api/v1/data", description="Changes in shared data")
    _subscribing(blueprint, hub)
    _telling(blueprint, hub)
    return blueprint


def _subscribing(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/subscriptions", methods=["POST"])
    @recorded("data.query")
    @problem_codes(*STAFF, "NOT_FOUND", "GRANT_OFFICER", "GRANT_EXPIRED", "REQUIRED", "TOO_LONG")
    @blueprint.arguments(forms.DataSubscriptionForm, example={"grant": forms.SUBSCRIPTION["grant"]})
    @blueprint.response(
        201, forms.DataSubscriptionAnswer, description="It ends with its right; asked twice it is one.",
        example=forms.SUBSCRIPTION,
    )  # fmt: skip
    def subscribe(form: dict[str, Any]) -> Response:
        """Hear of changes in what my department was given under a right"""
        staff = caller()
        with hub.database.session() as session:
            made = hub.exchange.subscriptions.subscribe(session, form["grant"], staff.region, staff.citizen_id)
        noting(target=f"subscription:{made.id}", after={"grant": made.grant, "resource": made.resource})
        return answer(_subscription(made), 201)

    @blueprint.route("/subscriptions")
    @recorded("grant.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(
        200, forms.DataSubscriptionsAnswer, description="The newest first.", example={"items": [forms.SUBSCRIPTION]}
    )
    def subscriptions() -> Response:
        """What my department wants to hear of"""
        with hub.database.session() as session:
            found = hub.exchange.subscriptions.of(session, caller().region)
        return answer({"items": [_subscription(each) for each in found]})

    @blueprint.route("/subscriptions/<string:id>", methods=["DELETE"])
    @recorded("data.query")
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(204, description="What was not told yet is gone with it.")
    def cancel(id: str) -> Response:
        """Hear no more of it"""
        with hub.database.session() as session:
            hub.exchange.subscriptions.cancel(session, id, caller().region)
        noting(target=f"subscription:{id}")
        return Response(status=204)


def _telling(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/changes")
    @recorded("data.query")
    @problem_codes(*STAFF, "PAGE_INVALID", "EVIDENCE_UNAVAILABLE")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(
        200, forms.DataChangesAnswer, description="The oldest first; evidence of each is kept.",
        example={"items": [forms.CHANGE], "next_cursor": "17"},
    )  # fmt: skip
    def changes(page: dict[str, Any]) -> Response:
        """What is not so any more, of what I was given"""
        staff, after = caller(), going_on(page) or 0
        found = hub.exchange.changes(staff.region, staff.citizen_id, after, page["page_size"])
        onward = str(found[-1].id if found else after)
        return answer({"items": [_change(each) for each in found], "next_cursor": onward})


def _subscription(each: Subscription) -> dict[str, Any]:
    return {name: getattr(each, name) for name in forms.SUBSCRIPTION}


def _change(each: Change) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "kind": each.kind,
        "grant": each.grant.id,
        "resource": each.grant.resource,
        "fields": list(each.fields),
        "exchange_id": str(each.exchange),
        "at": each.at,
    }

"""Orders by which sensitive data is looked at: one officer brings one, a second confirms it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import orders_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller
from blueprints.contract import STAFF, Blueprint, answer, problem_codes
from blueprints.idempotency import idempotent

if TYPE_CHECKING:
    from hub.main import Hub


def make(hub: Hub) -> Blueprint:
    """The routes of orders."""
    blueprint = Blueprint("orders", __name__, url_prefix="/api/v1/desk/orders", description="Orders, by two officers")

    @blueprint.route("")
    @recorded("order.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(200, forms.OrdersAnswer, description="The newest 100.", example={"items": [forms.CONFIRMED]})
    def orders() -> Response:
        """Orders of the office and those below, and those that wait for a second officer"""
        with hub.database.session() as session:
            return answer({"items": [asdict(each) for each in hub.ledger.orders.page(session, caller().region)]})

    @blueprint.route("", methods=["POST"])
    @recorded("order.write")
    @problem_codes(*STAFF, "TOO_SHORT", "TIMEZONE_MISSING", "DATE", "DATE_RANGE", "STATE_CONFLICT")
    @blueprint.arguments(forms.OrderForm)
    @blueprint.response(201, forms.OrderAnswer, description="Waits for a second officer.", example=forms.ORDER)
    @idempotent()
    def ask(form: dict[str, Any]) -> Response:
        """Bring an order by which sensitive data is to be looked at"""
        staff, ends_at = caller(), datetime.fromisoformat(form["ends_at"])
        with hub.database.session() as session:
            order = hub.ledger.orders.ask(
                session, form["order_no"], form["reason"], ends_at, office=staff.region, actor=staff.citizen_id
            )
        noting(target=f"order:{order.id}", reason=order.reason, after={"order_no": order.order_no})
        return answer(asdict(order), 201)

    @blueprint.route("/<string:id>/confirmations", methods=["POST"])
    @recorded("order.confirm", "order:{id}")
    @problem_codes(*STAFF, "NOT_FOUND", "SECOND_PERSON_REQUIRED", "STATE_CONFLICT")
    @blueprint.response(200, forms.OrderAnswer, description="In force.", example=forms.CONFIRMED)
    def confirm(id: str) -> Response:
        """Confirm an order that somebody else brought"""
        staff = caller()
        with hub.database.session() as session:
            order = hub.ledger.orders.confirm(session, id, office=staff.region, actor=staff.citizen_id)
        noting(target=f"order:{order.id}", reason=order.reason, after={"order_no": order.order_no})
        return answer(asdict(order))

    return blueprint

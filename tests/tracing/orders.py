"""Orders of an office, brought by one officer and confirmed by another."""

from __future__ import annotations

from datetime import timedelta

from hub.errors import Problem
from hub.main import Hub


def in_force(hub: Hub, *numbers: str, office: str = "") -> None:
    """Those that are not yet."""
    for number in numbers:
        try:
            with hub.database.session() as session:
                ends = hub.clock.now() + timedelta(days=30)
                made = hub.ledger.orders.ask(session, number, "流行病学调查", ends, office=office, actor="one")
                hub.ledger.orders.confirm(session, made.id, office=office, actor="two")
        except Problem as problem:
            assert problem.code == "STATE_CONFLICT"

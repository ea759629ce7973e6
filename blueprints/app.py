"""The web app of the hub: its rooms by name, in the order of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blueprints import (
    access_log,
    appeals,
    cases,
    catalogue,
    corrections,
    credentials,
    desk,
    desk_cases,
    docs,
    exchange,
    flow,
    front,
    gate,
    gateway,
    health,
    health_code,
    health_code_desk,
    inbound,
    ledger,
    login,
    mandates,
    materials,
    me,
    messages,
    notices,
    operations,
    sharing,
    tasks,
    traces,
)
from blueprints.frame import build

if TYPE_CHECKING:
    from flask import Flask

    from hub.main import Hub

ROOMS = (
    login, me, messages, mandates, catalogue, gateway, cases, credentials, materials, desk, desk_cases, notices, tasks,
    appeals, health_code, health_code_desk, gate, sharing, exchange, corrections, flow, traces, ledger, access_log,
    inbound, health, docs, front,
)  # fmt: skip


def create_app(hub: Hub, ops: bool = True) -> Flask:
    """The app; without `ops` it is the public one, where every operations route is unknown."""
    rooms = (*ROOMS, operations) if ops else ROOMS
    return build(hub, [room.make for room in rooms])

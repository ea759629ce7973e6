"""The web app of the hub: its rooms by name, in the order of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blueprints import (
    appeals,
    cases,
    catalogue,
    credentials,
    demo,
    desk,
    desk_cases,
    docs,
    front,
    gateway,
    health,
    inbound,
    login,
    mandates,
    materials,
    me,
    messages,
    notices,
    operations,
    tasks,
)
from blueprints.frame import build

if TYPE_CHECKING:
    from flask import Flask

    from hub.main import Hub

ROOMS = (
    login, me, messages, mandates, catalogue, gateway, cases, credentials, materials, desk, desk_cases, notices, tasks,
    appeals, inbound, health, docs, front,
)  # fmt: skip


def create_app(hub: Hub, ops: bool = True) -> Flask:
    """The app; without `ops` it is the public one, where every operations route is unknown. Only
    a demo lets a visitor choose whom to be."""
    rooms = (*ROOMS, *([operations] if ops else []), *([demo] if hub.is_demo else []))
    return build(hub, [room.make for room in rooms])

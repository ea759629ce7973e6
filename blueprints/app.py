"""The web app of the hub: its rooms by name, in the order of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blueprints import (
    access_log,
    appeals,
    batches,
    bundles,
    cases,
    catalogue,
    changes,
    corrections,
    credentials,
    desk,
    desk_cases,
    docs,
    drills,
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
    orders,
    pages,
    recognition,
    records,
    sharing,
    tasks,
    traces,
)
from blueprints import demo as visitors
from blueprints.frame import Room, build

if TYPE_CHECKING:
    from flask import Flask

    from hub.demo.drills import Drills
    from hub.main import Hub

ROOMS = (
    login, me, messages, mandates, catalogue, gateway, cases, bundles, credentials, materials, desk, desk_cases,
    orders, notices, tasks, appeals, health_code, health_code_desk, gate, recognition, sharing, exchange, records,
    batches, changes, corrections, flow, traces, ledger,
    access_log, inbound, health, docs, front, pages,
)  # fmt: skip


def create_app(hub: Hub, ops: bool = True, demo: Drills | None = None) -> Flask:
    """The app; without `ops` it is the public one, where every operations route is unknown. `demo` only in hub demo."""
    made: list[Room] = [room.make for room in ROOMS]
    if ops:
        made += [operations.make, pages.make_console]
    if ops and demo:
        made.append(lambda _: drills.make(demo))
    if hub.is_demo:
        made.append(visitors.make)  # a visitor chooses whom to be
    return build(hub, made)

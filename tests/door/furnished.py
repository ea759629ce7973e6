"""The whole app over a real hub, and one more room that creates something: `granian tests.door.furnished:app`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from flask import Response

from blueprints.app import ROOMS, operations
from blueprints.auth import require, require_permission
from blueprints.contract import Blueprint, answer
from blueprints.frame import build
from blueprints.idempotency import idempotent
from hub.errors import Problem
from hub.fields import Form, Integer, Text
from hub.main import Hub

MADE = Path(os.environ.get("TEST_MADE", "/dev/null"))


class Thing(Form):
    """What is made; `seconds` is how long that takes."""

    text = Text(required=True)
    seconds = Integer(load_default=0, min=0, max=3)


def make(_: Hub) -> Blueprint:
    """Routes that create, and one that asks for a permission nobody has."""
    blueprint = Blueprint("made", __name__, url_prefix="/api/v1")

    @blueprint.route("/made", methods=["POST"])
    @blueprint.arguments(Thing)
    @idempotent()
    def made(thing: dict[str, Any]) -> Response:
        if thing["text"] == "fails":
            raise Problem("STATE_CONFLICT")
        time.sleep(thing["seconds"])
        with MADE.open("a", encoding="utf-8") as file:
            file.write(f"{thing['text']}\n")
        return answer({"made": thing["text"], "at": time.monotonic_ns()}, 201, Location="/api/v1/made/1")

    @blueprint.route("/made-freely", methods=["POST"])
    @blueprint.arguments(Thing)
    @idempotent(required=False)
    def made_freely(thing: dict[str, Any]) -> Response:
        return answer({"made": thing["text"], "by": require().citizen_id}, 201)

    @blueprint.route("/level/<int:level>")
    def level(level: int) -> Response:
        return answer({"level": require(level).level})

    @blueprint.route("/permission/<string:name>")
    def permission(name: str) -> Response:
        return answer({"roles": require_permission(name).roles})

    return blueprint


hub = Hub.open(Path(os.environ["HUB_HOME"]), os.environ)
hub.start()
app = build(hub, [*(room.make for room in ROOMS), operations.make, make])

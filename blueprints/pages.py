"""The pages of staff, /desk and /gate, and what they are made of: all of it from here, no script inline.

/console has its own address beside /ops/v1, see `make_console`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from blueprints.contract import Blueprint, problem_codes
from blueprints.shelf import Shelf

if TYPE_CHECKING:
    from hub.main import Hub


def make(_: Hub) -> Blueprint:
    """The desk, the gate and what all pages share."""
    blueprint = Blueprint("pages", __name__, description="Pages of staff")
    for folder in ("shared", "vendor"):
        _files(blueprint, folder)
    for face, what in (("desk", "The desk of officers and community staff"), ("gate", "The volunteer's gate")):
        _shell(blueprint, _files(blueprint, face), face, what)
    return blueprint


def make_console(_: Hub) -> Blueprint:
    """The operators' console; where operations have a listener of their own, it is there and nowhere else."""
    blueprint = Blueprint("console", __name__, description="Pages of staff")
    _shell(blueprint, _files(blueprint, "console"), "console", "The operators' console")
    return blueprint


def _shell(blueprint: Blueprint, shelf: Shelf, face: str, what: str) -> None:
    @blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page.")
    def shell() -> Response:
        return shelf.answer("index.html")

    shell.__doc__ = what
    blueprint.route(f"/{face}", endpoint=face)(shell)


def _files(blueprint: Blueprint, folder: str) -> Shelf:
    shelf = Shelf.of(folder)

    @problem_codes("NOT_FOUND")
    @blueprint.response(200, {"type": "string"}, content_type="*/*", description="A script, a style or a picture.")
    def file(asset: str) -> Response:
        """What the pages of staff are made of"""
        response = shelf.answer(asset)
        if asset == "worker.js":
            response.headers["Service-Worker-Allowed"] = f"/{folder}"
        return response

    blueprint.route(f"/{folder}/<string:asset>", endpoint=f"{folder}_file")(file)
    return shelf

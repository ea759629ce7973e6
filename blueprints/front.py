"""The first page of the hub: where a person who opens its address finds the documentation and the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from blueprints.contract import Blueprint
from blueprints.docs import STATIC, page_of, tagged

if TYPE_CHECKING:
    from hub.main import Hub


def make(_: Hub) -> Blueprint:
    """The routes of the first page."""
    blueprint = Blueprint("front", __name__, description="The first page")

    @blueprint.route("/")
    @blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page.")
    def front() -> Response:
        """The first page"""
        return page_of("front.html")

    @blueprint.route("/front.css")
    @blueprint.response(200, {"type": "string"}, content_type="text/css", description="Its style.")
    def style() -> Response:
        """The style of the first page"""
        return tagged((STATIC / "front.css").read_bytes(), "text/css")

    return blueprint

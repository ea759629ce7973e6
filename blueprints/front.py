"""The citizen's pages: miniprogram/ as built for the browser, at `/`. Built and pressed beforehand by `make faces`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from blueprints.contract import Blueprint, problem_codes
from blueprints.shelf import FOR_EVER, Shelf

if TYPE_CHECKING:
    from hub.main import Hub


def make(_: Hub) -> Blueprint:
    """The routes of the citizen's pages."""
    blueprint = Blueprint("front", __name__, description="The citizen's pages")
    pages, assets = Shelf.of("h5"), Shelf.of("h5/assets", FOR_EVER)  # the name of an asset tells its content

    @blueprint.route("/")
    @blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page.")
    def front() -> Response:
        """The citizen's pages"""
        return pages.answer("index.html")

    @blueprint.route("/worker.js")
    @blueprint.response(200, {"type": "string"}, content_type="text/javascript", description="A script.")
    def worker() -> Response:
        """What keeps the pages on the phone, for when there is no net"""
        return pages.answer("worker.js")

    @blueprint.route("/assets/<string:name>")
    @problem_codes("NOT_FOUND")
    @blueprint.response(200, {"type": "string"}, content_type="*/*", description="A script or a style.")
    def asset(name: str) -> Response:
        """What the pages are made of"""
        return assets.answer(name)

    return blueprint

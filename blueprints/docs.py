"""/openapi.json and /docs. Everything is served from this package; the page asks no other host for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from flask import Response, current_app

from blueprints.contract import Blueprint, problem_codes
from blueprints.shelf import STATIC, Asset, Shelf

if TYPE_CHECKING:
    from hub.main import Hub

_SWAGGER = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")
_MADE_OF = (*(f"swagger/{name}" for name in _SWAGGER), "docs.js", "docs.css")


def make(_: Hub) -> Blueprint:
    """The routes of the documentation."""
    blueprint = Blueprint("docs", __name__, description="The documentation itself")
    pages = Shelf({"docs.html": STATIC / "docs.html"})
    assets = Shelf({path.name: path for path in map(STATIC.joinpath, _MADE_OF)})
    documents: list[Asset] = []  # the one of this app, when the first has asked for it

    @blueprint.route("/openapi.json")
    @blueprint.response(200, {"type": "object"}, description="This document.")
    def openapi_document() -> Response:
        """The OpenAPI 3.1 document"""
        if not documents:
            documents.append(Asset.of(orjson.dumps(current_app.extensions["openapi"]), "application/json"))
        return documents[0].sent()

    @blueprint.route("/docs")
    @blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page.")
    def page() -> Response:
        """This documentation for people"""
        return pages.answer("docs.html")

    @blueprint.route("/docs/<string:asset>")
    @problem_codes("NOT_FOUND")
    @blueprint.response(200, {"type": "string"}, content_type="*/*", description="A script, a style or a picture.")
    def page_asset(asset: str) -> Response:
        """What the page is made of"""
        return assets.answer(asset)

    return blueprint

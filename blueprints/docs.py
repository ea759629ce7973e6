"""/openapi.json and /docs. Everything is served from this package; the page asks no other host for anything."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from flask import Response, current_app, request

from blueprints.contract import Blueprint, problem_codes
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.main import Hub

STATIC = Path(__file__).with_name("static")
_ASSETS = {
    "swagger-ui-bundle.js": ("swagger/swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": ("swagger/swagger-ui.css", "text/css"),
    "favicon-32x32.png": ("swagger/favicon-32x32.png", "image/png"),
    "docs.js": ("docs.js", "text/javascript"),
    "docs.css": ("docs.css", "text/css"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def make(_: Hub) -> Blueprint:
    """The routes of the documentation."""
    blueprint = Blueprint("docs", __name__, description="The documentation itself")

    @blueprint.route("/openapi.json")
    @blueprint.response(200, {"type": "object"}, description="This document.")
    def openapi_document() -> Response:
        """The OpenAPI 3.1 document"""
        return tagged(orjson.dumps(current_app.extensions["openapi"]), "application/json")

    @blueprint.route("/docs")
    @blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page.")
    def page() -> Response:
        """This documentation for people"""
        return page_of("docs.html")

    @blueprint.route("/docs/<string:asset>")
    @problem_codes("NOT_FOUND")
    @blueprint.response(200, {"type": "string"}, content_type="*/*", description="A script, a style or a picture.")
    def page_asset(asset: str) -> Response:
        """What the page is made of"""
        if asset not in _ASSETS:
            raise Problem("NOT_FOUND")
        path, media_type = _ASSETS[asset]
        return tagged((STATIC / path).read_bytes(), media_type)

    return blueprint


def page_of(name: str) -> Response:
    """A page of the package that may load nothing from elsewhere."""
    response = tagged((STATIC / name).read_bytes(), "text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def tagged(content: bytes, media_type: str) -> Response:
    """A file with its ETag, or 304."""
    response = Response(content, mimetype=media_type)
    response.set_etag(hashlib.sha256(content).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    return response.make_conditional(request)  # type: ignore[return-value]

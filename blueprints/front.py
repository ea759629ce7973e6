"""The citizen's pages: miniprogram/ as built for the browser, at `/`. Built and pressed beforehand by `make faces`."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, request

from blueprints.contract import Blueprint, problem_codes
from blueprints.docs import STATIC
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.main import Hub

H5 = STATIC / "h5"
# blob: a photo that is about to be sent. Vue sets styles through the object model, which `style-src` does not concern.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_REVISE, _FOR_EVER = "no-cache", "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the built pages, and the same pressed where that is smaller."""

    plain: bytes
    pressed: bytes | None
    media_type: str
    etag: str

    @classmethod
    def of(cls, path: Path) -> Asset:
        plain, pressed = path.read_bytes(), path.with_name(path.name + ".gz")
        kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
        return cls(
            plain, pressed.read_bytes() if pressed.exists() else None, kind or "application/octet-stream",
            hashlib.sha256(plain).hexdigest()[:32],
        )  # fmt: skip


def make(_: Hub) -> Blueprint:
    """The routes of the citizen's pages."""
    blueprint = Blueprint("front", __name__, description="The citizen's pages")
    page = Asset.of(H5 / "index.html")
    assets = {path.name: Asset.of(path) for path in (H5 / "assets").iterdir() if path.suffix != ".gz"}

    @blueprint.route("/")
    @blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page.")
    def front() -> Response:
        """The citizen's pages"""
        return sent(page, _REVISE)

    @blueprint.route("/assets/<string:name>")
    @problem_codes("NOT_FOUND")
    @blueprint.response(200, {"type": "string"}, content_type="*/*", description="A script or a style.")
    def asset(name: str) -> Response:
        """What the pages are made of"""
        if name not in assets:
            raise Problem("NOT_FOUND")
        return sent(assets[name], _FOR_EVER)

    return blueprint


def sent(asset: Asset, keep: str) -> Response:
    """The file, pressed where the browser takes that, or 304. The name of what is kept for ever tells its content."""
    pressed = asset.pressed if request.accept_encodings["gzip"] > 0 else None
    response = Response(pressed or asset.plain, mimetype=asset.media_type)
    if pressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = keep
    response.headers["Content-Security-Policy"] = POLICY
    response.set_etag(f"{asset.etag}{'-gz' if pressed else ''}")
    return response.make_conditional(request)  # type: ignore[return-value]

"""The pages of staff, /desk and /gate, and what they are made of: all of it from here, no script inline.

Files are compressed at their first request and kept; a browser that has them is answered 304. /console has its own
address beside /ops/v1, see `make_console`.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, request

from blueprints.contract import Blueprint, problem_codes
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.main import Hub

STATIC = Path(__file__).with_name("static")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}
_AS_IT_IS = {".png"}
_SHARED = ("shared", "vendor")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: plain, and compressed where that helps."""

    media_type: str
    etag: str
    plain: bytes
    packed: bytes | None


class Shelf:
    """Every file that may be asked for, by folder and name; nothing outside of it can be."""

    def __init__(self, *folders: str) -> None:
        self._paths = {(folder, path.name): path for folder in folders for path in (STATIC / folder).iterdir()}
        self._assets: dict[tuple[str, str], Asset] = {}

    def answer(self, folder: str, name: str) -> Response:
        """The file, or 304. Raises NOT_FOUND."""
        path = self._paths.get((folder, name))
        if path is None or path.suffix not in _MEDIA:
            raise Problem("NOT_FOUND")
        asset = self._assets.get((folder, name)) or self._assets.setdefault((folder, name), _asset(path))
        packed = asset.packed if request.accept_encodings["gzip"] > 0 else None
        response = Response(asset.plain if packed is None else packed, content_type=asset.media_type)
        if packed is not None:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = POLICY
        response.set_etag(asset.etag, weak=True)
        return response.make_conditional(request)  # type: ignore[return-value]


def make(_: Hub) -> Blueprint:
    """The desk, the gate and what all pages share."""
    blueprint = Blueprint("pages", __name__, description="Pages of staff")
    shelf = Shelf("desk", "gate", *_SHARED)
    for folder in _SHARED:
        _files(blueprint, shelf, folder)
    for face, what in (("desk", "The desk of officers and community staff"), ("gate", "The volunteer's gate")):
        _shell(blueprint, shelf, face, what)
        _files(blueprint, shelf, face)
    return blueprint


def make_console(_: Hub) -> Blueprint:
    """The operators' console; where operations have a listener of their own, it is there and nowhere else."""
    blueprint = Blueprint("console", __name__, description="Pages of staff")
    shelf = Shelf("console")
    _shell(blueprint, shelf, "console", "The operators' console")
    _files(blueprint, shelf, "console")
    return blueprint


def _shell(blueprint: Blueprint, shelf: Shelf, face: str, what: str) -> None:
    @blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page.")
    def shell() -> Response:
        return shelf.answer(face, "index.html")

    shell.__doc__ = what
    blueprint.route(f"/{face}", endpoint=face)(shell)


def _files(blueprint: Blueprint, shelf: Shelf, folder: str) -> None:
    @problem_codes("NOT_FOUND")
    @blueprint.response(200, {"type": "string"}, content_type="*/*", description="A script, a style or a picture.")
    def file(asset: str) -> Response:
        """What the pages of staff are made of"""
        response = shelf.answer(folder, asset)
        if asset == "worker.js":
            response.headers["Service-Worker-Allowed"] = f"/{folder}"
        return response

    blueprint.route(f"/{folder}/<string:asset>", endpoint=f"{folder}_file")(file)


def _asset(path: Path) -> Asset:
    plain, media_type = path.read_bytes(), _MEDIA[path.suffix]
    packed = None if path.suffix in _AS_IT_IS else gzip.compress(plain, 9, mtime=0)
    charset = "" if path.suffix in _AS_IT_IS else "; charset=utf-8"
    return Asset(media_type + charset, hashlib.sha256(plain).hexdigest()[:32], plain, packed)

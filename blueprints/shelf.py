"""The files that pages are made of: what may be asked for, and how it is sent. Nothing of a page comes from elsewhere.

A file lies pressed beside itself (`make faces`), or is pressed at its first request and kept; a browser that has it is
answered 304.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Response, request

from hub.errors import Problem

STATIC = Path(__file__).with_name("static")
REVISE, FOR_EVER = "no-cache", "public, max-age=31536000, immutable"
# blob: a photo that is about to be sent. Vue sets styles through the object model, which `style-src` does not concern.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PNG = "image/png"
_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": _PNG,
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: plain, and pressed where that helps."""

    media_type: str
    etag: str
    plain: bytes
    pressed: bytes | None

    @classmethod
    def of(cls, plain: bytes, media_type: str, pressed: bytes | None = None) -> Asset:
        if media_type != _PNG:
            pressed = pressed or gzip.compress(plain, 9, mtime=0)
        return cls(media_type, hashlib.sha256(plain).hexdigest()[:32], plain, pressed)

    @classmethod
    def at(cls, path: Path) -> Asset:
        beside = path.with_name(path.name + ".gz")
        return cls.of(path.read_bytes(), _MEDIA[path.suffix], beside.read_bytes() if beside.exists() else None)

    def sent(self, keep: str = REVISE) -> Response:
        """It, pressed where the browser takes that, or 304."""
        pressed = self.pressed if request.accept_encodings["gzip"] > 0 else None
        response = Response(pressed or self.plain, content_type=self.media_type)
        if pressed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = keep
        response.headers["Content-Security-Policy"] = _POLICY
        response.set_etag(self.etag, weak=True)
        return response.make_conditional(request)  # type: ignore[return-value]


class Shelf:
    """Every file that may be asked for, by name; nothing outside of it can be. `keep`: how long browsers may."""

    def __init__(self, paths: Mapping[str, Path], keep: str = REVISE) -> None:
        self._paths = {name: path for name, path in paths.items() if path.suffix in _MEDIA}
        self._keep = keep
        self._assets: dict[str, Asset] = {}

    @classmethod
    def of(cls, folder: str, keep: str = REVISE) -> Shelf:
        """All of a folder of static/."""
        return cls({path.name: path for path in (STATIC / folder).iterdir()}, keep)

    def answer(self, name: str) -> Response:
        """The file, or 304. Raises NOT_FOUND."""
        path = self._paths.get(name)
        if path is None:
            raise Problem("NOT_FOUND")
        asset = self._assets.get(name) or self._assets.setdefault(name, Asset.at(path))
        return asset.sent(self._keep)

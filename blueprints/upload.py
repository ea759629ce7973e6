"""The strict reader of an upload: multipart/form-data with one file and some fields, read only when the sender may.

A body that is refused is still taken in, without keeping it, so that its sender hears the answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from blueprints.body import is_identity
from hub.errors import Fault, Problem, invalid

_AT_ONCE = 8
_SECONDS, _DRAIN_S = 120.0, 10.0
_PIECE = 256 * 1024
_BESIDE = 64 * 1024  # what may stand around the file
_LONGEST_FIELD = 1024
_MOST_DRAINED = 32 * 1024 * 1024
_LONGEST_BOUNDARY = 100  # RFC 2046 says 70; some libraries write a few more


@dataclass(frozen=True, slots=True)
class Upload:
    """The file's bytes, the name it came under, and the fields beside it."""

    body: bytes
    name: str
    fields: Mapping[str, str]


class Receivers:
    """How many uploads a worker takes in at once: each holds its bytes in memory."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Raises OVERLOADED."""
        if not self._free.acquire(blocking=False):
            raise Problem("OVERLOADED", origin="hub", retry_after=5, note="too many uploads at once")
        try:
            yield
        finally:
            self._free.release()


@contextmanager
def incoming(environ: dict[str, Any]) -> Iterator[Incoming]:
    """The body of this request. What is not read inside is drained at the end, within bounds."""
    body = Incoming(environ)
    try:
        yield body
    finally:
        body.drain()


class Incoming:
    """One request's body."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        said = environ.get("CONTENT_LENGTH") or ""
        self._length = int(said) if said else None
        self._got = 0
        self._until = time.monotonic() + _SECONDS

    def read(self, largest: int, names: frozenset[str]) -> Upload:
        """Raises MEDIA_TYPE, CONTENT_ENCODING, FILE_TOO_LARGE, HTTP_FRAMING, MULTIPART, CHARSET, UNKNOWN_FIELD,
        REQUIRED and CLIENT_IDENTITY_FORBIDDEN. `names`: the fields that may stand beside the file, which is no
        longer than `largest` bytes."""
        boundary = self._boundary()
        if (self._length or 0) > largest + _BESIDE:
            raise Problem("FILE_TOO_LARGE", extra={"max_bytes": largest})
        upload = _parsed(self._pieces(largest), boundary, names)
        if len(upload.body) > largest:
            raise Problem("FILE_TOO_LARGE", extra={"max_bytes": largest})
        return upload

    def drain(self) -> None:
        self._until = min(self._until, time.monotonic() + _DRAIN_S)
        with suppress(Problem, OSError):  # a sender who is slow or gone hears no answer
            while self._got < _MOST_DRAINED and self._piece():
                pass

    def _boundary(self) -> bytes:
        media_type, options = parse_options_header(self._environ.get("CONTENT_TYPE", ""))
        boundary = options.get("boundary", "")
        if media_type.lower() != "multipart/form-data":
            raise Problem("MEDIA_TYPE")
        if not 0 < len(boundary) <= _LONGEST_BOUNDARY or not boundary.isascii():
            raise Problem("MULTIPART")
        if self._environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
            raise Problem("CONTENT_ENCODING")
        return boundary.encode()

    def _pieces(self, largest: int) -> Iterator[bytes]:
        while piece := self._piece():
            if self._got > largest + _BESIDE:
                raise Problem("FILE_TOO_LARGE", extra={"max_bytes": largest})
            yield piece
        if self._length is not None and self._got < self._length:
            raise Problem("HTTP_FRAMING")
        if not self._got:
            raise Problem("BODY_EMPTY")

    def _piece(self) -> bytes:
        left = _PIECE if self._length is None else min(_PIECE, self._length - self._got)
        if left <= 0:
            return b""
        if time.monotonic() > self._until:
            raise Problem("HTTP_FRAMING", note="an upload that took too long")
        piece: bytes = self._environ["wsgi.input"].read(left)
        self._got += len(piece)
        return piece


def _parsed(pieces: Iterator[bytes], boundary: bytes, names: frozenset[str]) -> Upload:
    """The parts, taken in piece by piece; each name at most once."""
    decoder = MultipartDecoder(boundary, max_parts=len(names) + 1)
    files: list[tuple[str, bytearray]] = []
    fields: dict[str, bytearray] = {}
    target = bytearray()
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, NeedData):
                decoder.receive_data(next(pieces, None))
            elif isinstance(event, Data):
                target += event.data
            elif isinstance(event, File | Field):
                target = bytearray()
                _take(event, target, names, files, fields)
    except UnicodeDecodeError:
        raise Problem("CHARSET") from None
    except (ValueError, RequestEntityTooLarge):
        raise Problem("MULTIPART") from None
    if not files:
        raise invalid([Fault("file", "REQUIRED")])
    name, body = files[0]
    return Upload(bytes(body), name, {name: _text(name, value) for name, value in fields.items()})


def _take(
    event: File | Field,
    target: bytearray,
    names: frozenset[str],
    files: list[tuple[str, bytearray]],
    fields: dict[str, bytearray],
) -> None:
    name = event.name or ""
    if is_identity(name):
        raise Problem("CLIENT_IDENTITY_FORBIDDEN")
    if isinstance(event, File) and name == "file":
        if files:
            raise Problem("MULTIPART", note="more than one file")
        files.append((event.filename, target))
    elif isinstance(event, Field) and name in names:
        if name in fields:
            raise Problem("MULTIPART", note="a field twice")
        fields[name] = target
    elif name == "file":
        raise invalid([Fault("file", "TYPE")])
    else:
        raise invalid([Fault("", "UNKNOWN_FIELD")])


def _text(name: str, value: bytearray) -> str:
    if len(value) > _LONGEST_FIELD:
        raise invalid([Fault(name, "TOO_LONG")])
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("CHARSET") from None

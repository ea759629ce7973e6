"""The strict reader of JSON bodies. It runs before any view and gives a dict or raises a Problem, nothing else.

Depth and number of items are measured on the text with an early end, so that a hostile body costs little; only then
does the JSON reader of the standard library see it, with hooks for what it would accept too kindly.
"""

from __future__ import annotations

import codecs
import json
import re
import time
from collections.abc import Callable, Mapping
from threading import get_ident
from typing import Any, NoReturn, TypeVar

import marshmallow
from webargs.flaskparser import FlaskParser

from blueprints import asking
from hub.errors import Problem
from hub.fields import faults

View = TypeVar("View", bound=Callable[..., Any])
LARGEST = 1024 * 1024
DEEPEST = 32
MOST_KEYS = 200
MOST_ITEMS = 20_000
_LONGEST_NUMBER = 32
_LONGEST_INTEGER = 19
_MANY_READERS = 64
_MOST_TAKEN = 8 * LARGEST
_PIECE = 256 * 1024
_SLOW_S = 1.0
# A string (with the colon after it, when it is a key), or one sign that opens, closes or separates. Possessive and
# open-ended, so that no text makes it look twice at the same place.
_ITEM = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)[ \t\r\n]*+(:?)|([\[{])|([\]}])|,', re.DOTALL)
_IDENTITIES = frozenset({"openid", "unionid"})
_ENDS = frozenset("dD_-")  # of whatever may be one of them


class Readers:
    """Who is waiting for a body just now. A server without a proxy in front would let slow senders hold every thread;
    once many of them are slow, new bodies are refused at once and everything without a body goes on."""

    def __init__(self) -> None:
        self._started: dict[int, float] = {}

    def __enter__(self) -> None:
        now = time.monotonic()
        if len(self._started) >= _MANY_READERS and self._slow(now) >= _MANY_READERS:
            raise Problem("OVERLOADED", origin="hub", retry_after=5, note="slow senders hold the readers")
        self._started[get_ident()] = now

    def __exit__(self, *_: object) -> None:
        del self._started[get_ident()]

    def __len__(self) -> int:
        return len(self._started)

    def _slow(self, now: float) -> int:
        return sum(now - started > _SLOW_S for started in list(self._started.values()))


def has_body(environ: dict[str, Any]) -> bool:
    """Whether the request says that a body follows."""
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def receive(environ: Mapping[str, Any], readers: Readers) -> dict[str, Any]:
    """The request's body, read once and checked."""
    raw = receive_bytes(environ, readers)
    _check_media_type(environ.get("CONTENT_TYPE", ""))
    return parse(raw)


def receive_bytes(environ: Mapping[str, Any], readers: Readers) -> bytes:
    """The request's body as it came, within the same bounds."""
    with readers:
        raw = _read(environ)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise Problem("CONTENT_ENCODING")
    return raw


def takes_bytes(view: View) -> View:
    """Mark a view whose body is not JSON, or is somebody else's: it finds the bytes in `asking.body()`."""
    view.takes_bytes = True  # type: ignore[attr-defined]
    return view


def reads_itself(view: View) -> View:
    """Mark a view that reads its body by itself, after it knows who sends it (blueprints/upload.py)."""
    view.reads_itself = True  # type: ignore[attr-defined]
    return view


def _read(environ: Mapping[str, Any]) -> bytes:
    """All of the body. One that is too large is still taken in, within bounds, so that its sender hears the answer."""
    length = int(environ.get("CONTENT_LENGTH") or _MOST_TAKEN)
    wanted = min(length, _MOST_TAKEN)
    pieces, got = [], 0
    while got < wanted and (piece := environ["wsgi.input"].read(min(wanted - got, _PIECE))):
        got += len(piece)
        if got <= LARGEST:
            pieces.append(piece)
    if got > LARGEST:
        raise Problem("BODY_TOO_LARGE")
    if got < length and environ.get("CONTENT_LENGTH"):
        raise Problem("HTTP_FRAMING")
    return b"".join(pieces)


def _check_media_type(content_type: str) -> None:
    if content_type == "application/json":
        return
    media_type, *parameters = content_type.split(";")
    if media_type.strip().lower() != "application/json":
        raise Problem("MEDIA_TYPE")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise Problem("CHARSET", status=415)


def parse(raw: bytes) -> dict[str, Any]:
    """The object these bytes hold; raises Problem for everything else."""
    if len(raw) > LARGEST:
        raise Problem("BODY_TOO_LARGE")
    if not raw.strip():
        raise Problem("BODY_EMPTY")
    text = _decode(raw)
    if text.count(":") > MOST_KEYS or text.count("{") + text.count("[") > DEEPEST or text.count(",") > MOST_KEYS:
        _measure(text)
    text = text.strip(" \t\r\n")
    try:
        value, end = _SCAN(text, 0)
    except (json.JSONDecodeError, StopIteration):
        raise Problem("JSON_SYNTAX") from None
    if end != len(text):
        raise Problem("JSON_SYNTAX")
    if not isinstance(value, dict):
        raise Problem("JSON_NOT_OBJECT")
    if "\\u" in text:  # the only way left for a NUL or half a character to get in
        _check_texts(value)
    return value


def _decode(raw: bytes) -> str:
    if 0 in raw[:2]:  # UTF-16 or UTF-32 without a mark
        raise Problem("CHARSET")
    try:
        return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("CHARSET") from None


def _measure(text: str) -> None:
    depth = keys = 0
    for items, item in enumerate(_ITEM.finditer(text)):
        colon, opened, closed = item.groups()
        keys += bool(colon)
        depth += bool(opened) - bool(closed)
        if depth > DEEPEST:
            raise Problem("JSON_DEPTH")
        if keys > MOST_KEYS or items > MOST_ITEMS:
            raise Problem("JSON_KEYS")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Problem("JSON_DUPLICATE_KEY")
    for key in value:
        if key[-1:] in _ENDS and is_identity(key):
            raise Problem("CLIENT_IDENTITY_FORBIDDEN")
    return value


def is_identity(name: str) -> bool:
    """Whether a name is one of WeChat's identities, however it is spelt."""
    return name.replace("_", "").replace("-", "").lower() in _IDENTITIES


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _LONGEST_INTEGER:
        raise Problem("JSON_NUMBER")
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) <= _LONGEST_NUMBER else float("inf")
    if value in (float("inf"), float("-inf")):
        raise Problem("JSON_NUMBER")
    return value


def _no_number(_: str) -> NoReturn:
    raise Problem("JSON_NUMBER")


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Problem("TEXT_CONTROL", status=400)
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Problem("TEXT_INVALID")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_texts(key)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)


_SCAN = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_no_number
).scan_once  # type: ignore[attr-defined]


def given() -> dict[str, Any]:
    """The body of this request, read before its view; raises BODY_EMPTY where there is none."""
    body: dict[str, Any] | None = asking.body()
    if body is None:
        raise Problem("BODY_EMPTY")
    return body


class StrictParser(FlaskParser):
    """webargs for queries, where parameters that are not known are refused too."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": marshmallow.RAISE}  # noqa: RUF012

    def handle_error(self, error: marshmallow.ValidationError, *_: Any, **__: Any) -> NoReturn:
        found = faults(error.messages["query"])  # type: ignore[call-overload]
        page = any(fault.path in ("page_size", "cursor", "page") for fault in found)
        raise Problem("PAGE_INVALID" if page else "PARAM_INVALID", faults=found)

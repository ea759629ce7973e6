"""An answer in several MIME parts (MTOM, SOAP with attachments): the envelope, and what it refers to by `cid:`.

Strict, because a lenient reader finds other parts than a strict one: exact boundary lines, a closing line, small heads.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import unquote

from adapters.protocols.transport import Response
from hub.port import Garbled

PARTS, HEAD = 64, 8 * 1024
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parts:
    """`envelope` with the media type that was said of it; `others` by their Content-ID."""

    envelope: bytes
    media_type: str
    others: Mapping[str, bytes] = field(default_factory=dict)


def parts_of(response: Response) -> Parts:
    """Raises Garbled: UPSTREAM_TRUNCATED where the closing line is missing, UPSTREAM_TOO_LARGE for too many parts."""
    if not response.media_type.startswith("multipart/related"):
        return Parts(response.body, response.media_type)
    told = Message()
    told["Content-Type"] = response.headers.get("Content-Type") or ""
    boundary = told.get_param("boundary")
    if not isinstance(boundary, str) or not _BOUNDARY.fullmatch(boundary):
        raise Garbled("parts without a boundary")
    found = [_part(piece) for piece in _pieces(response.body, b"--" + boundary.encode("ascii"))]
    others = {name: body for name, _, body in found if name}
    if len(others) != sum(1 for name, _, _ in found if name):
        raise Garbled("two parts of one name")
    start = _bare(str(told.get_param("start") or found[0][0]))
    root = next(((kind, body) for name, kind, body in found if name == start), None)
    if root is None:
        raise Garbled("the part with the envelope is missing")
    others.pop(start, None)
    return Parts(root[1], root[0], others)


def _pieces(body: bytes, line: bytes) -> list[bytes]:
    """What stands between the boundary lines; what comes before the first is a preamble and nothing."""
    pieces = (b"\r\n" + body).split(b"\r\n" + line, PARTS + 2)
    if len(pieces) > PARTS + 2:
        raise Garbled("more parts than are taken", code="UPSTREAM_TOO_LARGE")
    *inner, last = pieces[1:] or [b""]
    if not last.startswith(b"--") or last[2:].strip(b" \t\r\n"):
        raise Garbled("the closing line of the parts is missing", code="UPSTREAM_TRUNCATED")
    if not inner:
        raise Garbled("no part at all")
    return inner


def _part(piece: bytes) -> tuple[str, str, bytes]:
    """Content-ID, media type and bytes of one part."""
    padding, _, rest = piece.partition(b"\r\n")
    head, blank, body = (b"", b"\r\n", rest[2:]) if rest.startswith(b"\r\n") else rest.partition(b"\r\n\r\n")
    if padding.strip(b" \t") or not blank or len(head) > HEAD:
        raise Garbled("a part without a proper head")
    headers = {}
    for line in re.sub(rb"\r\n[ \t]+", b" ", head).decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    coding = headers.get("content-transfer-encoding", "binary").lower()
    if coding == "base64":
        try:
            body = base64.b64decode(re.sub(rb"\s", b"", body), validate=True)
        except binascii.Error:
            raise Garbled("a part that is no base64") from None
    elif coding not in ("binary", "7bit", "8bit"):
        raise Garbled("a part in a coding that is not taken")
    return _bare(headers.get("content-id", "")), headers.get("content-type", "").lower(), body


def _bare(content_id: str) -> str:
    return content_id.removeprefix("<").removesuffix(">")


def named(href: str) -> str:
    """The Content-ID that a `cid:` reference means."""
    return unquote(href.removeprefix("cid:"), errors="strict")

"""What the door looks at: request line, headers, host, path, query. Each check passes or raises a Problem."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from blueprints.body import is_identity
from hub.errors import Problem

LARGEST_HEADERS = 8 * 1024
MOST_HEADERS = 100
MOST_PARAMETERS = 40
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
# No route of ours has anything else in its path: no dot first in a segment, no blank, `%`, `;`, backslash or accent.
_SEGMENT = r"[A-Za-z0-9_~:@,=+-][A-Za-z0-9_.~:@,=+-]*"
SEGMENT = f"^{_SEGMENT}$"
_PATH = re.compile(rf"(?:/\.well-known)?(?:/(?:{_SEGMENT})?)+", re.ASCII)  # RFC 8615: the one dot that may come first
_CODED_SLASH = re.compile(r"%(?:2[ef]|5c|00)", re.ASCII | re.IGNORECASE)
_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5}){0,3}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COOKIE_NAME = re.compile(r"(?:^|[;,])\s*([^=;,\s]+)\s*=")


def check_headers(environ: Mapping[str, Any]) -> None:
    """Size and number of headers, framing, and no identity of WeChat among them."""
    sent = [name for name in environ if name[:5] == "HTTP_"]
    size = len(environ["PATH_INFO"]) + len(environ.get("QUERY_STRING", "")) + len(environ.get("CONTENT_TYPE", ""))
    size += sum(map(len, sent)) + sum(map(len, map(environ.__getitem__, sent)))
    if size > LARGEST_HEADERS or len(sent) > MOST_HEADERS:
        raise Problem("HEADERS_TOO_LARGE")
    names = "".join(sent).replace("_", "")
    if "OPENID" in names or "UNIONID" in names:
        raise Problem("CLIENT_IDENTITY_FORBIDDEN")
    if "HTTP_COOKIE" in environ and any(map(is_identity, _COOKIE_NAME.findall(environ["HTTP_COOKIE"]))):
        raise Problem("CLIENT_IDENTITY_FORBIDDEN")
    _check_framing(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))


def _check_framing(length: str | None, encoding: str | None) -> None:
    if length and (encoding is not None or not _LENGTH.fullmatch(length)):
        raise Problem("HTTP_FRAMING")
    if encoding is not None and encoding.strip().lower() != "chunked":
        raise Problem("HTTP_FRAMING")


def check_host(environ: Mapping[str, Any], hosts: tuple[str, ...]) -> None:
    """The host the request names must be one of ours; nothing is ever built from it."""
    match = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
    if match is None or match.group(1).lower() not in hosts:
        raise Problem("HOST_INVALID")


def check_client(environ: Mapping[str, Any], minimum: str) -> None:
    """A client that says its version (X-Client-Version) must not be older than config allows."""
    version = environ.get("HTTP_X_CLIENT_VERSION")
    if version is None or not minimum:
        return
    match = _VERSION.fullmatch(version)
    if match is None:
        raise Problem("PARAM_INVALID")
    if _numbers(version) < _numbers(minimum):
        raise Problem("VERSION_SUNSET")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in f"{version}.0.0.0".split(".")[:4]]


def check_path(environ: Mapping[str, Any]) -> None:
    """One spelling of each path. Servers that keep the undecoded path show coded slashes and dots there."""
    path = environ["PATH_INFO"]
    if not _PATH.fullmatch(path) or "//" in path:
        raise Problem("PATH_INVALID")
    undecoded = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if undecoded and _CODED_SLASH.search(undecoded.partition("?")[0]):
        raise Problem("PATH_INVALID")


def check_query(query: str) -> None:
    """Each parameter once, in UTF-8, without control characters, and none of WeChat's identities."""
    parts = [part for part in query.split("&") if part]
    if len(parts) > MOST_PARAMETERS:
        raise Problem("PARAM_INVALID")
    seen = set()
    for part in parts:
        name, _, value = part.partition("=")
        name = _plain(name)
        if is_identity(name):
            raise Problem("CLIENT_IDENTITY_FORBIDDEN")
        if name in seen:
            raise Problem("PARAM_DUPLICATE")
        seen.add(name)
        _plain(value)


def _plain(text: str) -> str:
    try:
        plain = unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise Problem("PARAM_INVALID") from None
    if _CONTROL.search(plain):
        raise Problem("PARAM_INVALID")
    return plain


def client_address(environ: Mapping[str, Any], proxies: tuple[str, ...]) -> str:
    """Who really asks. X-Forwarded-For counts only behind a listed proxy, and only up to the first stranger in it."""
    address: str = environ.get("REMOTE_ADDR", "")
    for hop in _hops(environ.get("HTTP_X_FORWARDED_FOR", "")):
        if not _listed(address, proxies):
            break
        address = hop
    return address


def _hops(forwarded: str) -> Iterator[str]:
    """The addresses of X-Forwarded-For, the nearest first; ends where one is not an address."""
    for hop in reversed(forwarded.split(",")):
        try:
            yield str(ipaddress.ip_address(hop.strip()))
        except ValueError:
            return


def _listed(address: str, proxies: tuple[str, ...]) -> bool:
    try:
        here = ipaddress.ip_address(address)
    except ValueError:
        return address in proxies
    return any(here in ipaddress.ip_network(proxy, strict=False) for proxy in proxies)

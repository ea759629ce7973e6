"""Where a system is: checked and resolved once, when it is opened. No part of it ever comes from a request.

Odd spellings of an address (127.1, 0x7f.1, 2130706433, user@host, mapped IPv6) are refused, not interpreted.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.protocols.facts import unusable
from hub.port import Unavailable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

HTTP: Mapping[str, int] = {"http": 80, "https": 443}

_URL = re.compile(r"[a-z]+://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~\-/%]*)?", re.ASCII)
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# the last label holds a letter and no 0x: every other spelling of a number would reach an address unseen
_NAME = re.compile(rf"({_LABEL}\.)*(?!0x|\d+$){_LABEL}", re.ASCII)
_RESOLVE_S = 2.0
_METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)


@dataclass(frozen=True, slots=True)
class Target:
    """`host` is what TLS verifies and the Host header says, `address` what is connected to, `path` the base path."""

    secure: bool
    host: str
    port: int
    path: str
    address: str
    host_header: str


def resolve(url: str, allow_private: bool, schemes: Mapping[str, int] = HTTP) -> Target:
    """Raises Problem CONFIG_INVALID for an address that is not allowed, Unavailable when its name has none today.

    `schemes` are those admitted, each with its usual port (0: there is none); one with an s at its end means TLS.
    """
    parts = urlsplit(url) if _URL.fullmatch(url) else None
    if parts is None or parts.scheme not in schemes:
        raise unusable(f"the system's address is not a plain URL ({' or '.join(schemes)})")
    host, secure = parts.hostname or "", parts.scheme.endswith("s")
    try:
        port = parts.port or schemes[parts.scheme]
    except ValueError:
        port = 0
    if not port:
        raise unusable("the system's address has no valid port")
    literal = _literal(host, bracketed="[" in parts.netloc)
    found = [literal] if literal else [ipaddress.ip_address(text) for text in _look_up(host, port)]
    for address in found:  # all of them: a name that also points inside is a trap or a mistake
        _admit(address, allow_private)
    return Target(secure, host, port, parts.path.rstrip("/"), str(found[0]), parts.netloc)


def _literal(host: str, bracketed: bool) -> IPAddress | None:
    if bracketed:
        try:
            return ipaddress.IPv6Address(host)
        except ValueError:
            raise unusable("the system's address holds no valid IPv6 address") from None
    try:
        return ipaddress.IPv4Address(host)  # strict: four decimal parts, no leading zeros
    except ValueError:
        if not _NAME.fullmatch(host):
            raise unusable("the system's address has no valid host name") from None
        return None


def _admit(address: IPAddress, allow_private: bool) -> None:
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.sixtofour or address.teredo):
        raise unusable("the system's address hides an IPv4 address in an IPv6 one")
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        raise unusable("the system's address points to a link-local, metadata or multicast address")
    if not address.is_global and not allow_private:
        raise unusable("the system's address points to a loopback or private address; allow_private admits it")


def _look_up(host: str, port: int) -> list[str]:
    """The resolver has no time-out of its own, so it is left behind when it takes too long."""
    found: list[str] = []

    def ask() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError:
            return

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_RESOLVE_S)
    if not found:
        raise Unavailable("the host name of the address does not resolve")
    return list(found)

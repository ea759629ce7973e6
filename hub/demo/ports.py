"""Ports on the loopback that a demo listens on."""

from __future__ import annotations

import secrets
import socket

from hub.demo.places import Refused

HOST = "127.0.0.1"
# Below what Linux hands to whoever does not care (ip_local_port_range): nobody gets one of these by chance between
# the moment it is chosen and the moment its server listens.
_OURS = range(20_000, 32_000)


def free_or_refused(port: int, host: str = HOST) -> None:
    """Raises Refused when something uses it."""
    try:
        _bind(port, host)
    except OSError as error:
        raise Refused(
            f"Port {port} on {host} cannot be used ({error.strerror}): stop what uses it, or set HUB_PORT."
        ) from error


def free_port() -> int:
    """One that nothing uses, for a server that starts soon. Raises Refused when a hundred of them are taken."""
    for port in secrets.SystemRandom().sample(_OURS, 100):
        try:
            _bind(port, HOST)
        except OSError:
            continue
        return port
    raise Refused(f"No free port on {HOST} between {_OURS.start} and {_OURS.stop}.")


def _bind(port: int, host: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))

"""The request that is being answered, as views ask for it: its environ, where the door and the frame leave what they
know of it. Flask's `request` and `g` are looked up anew for each attribute, which costs as much as to match a pattern.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from blueprints.problems import TRACE, preferred
from hub.trace import Trace

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ARRIVED, BODY = "hub.arrived", "hub.body"


def environ() -> WSGIEnvironment:
    """What the server tells of the request."""
    found: WSGIEnvironment = request._get_current_object().environ  # type: ignore[attr-defined]
    return found


def trace() -> Trace:
    """The trace the request belongs to."""
    found: Trace = environ()[TRACE]
    return found


def arrived() -> float:
    """When it came, by the monotonic clock."""
    at: float = environ()[ARRIVED]
    return at


def body() -> Any:
    """What was read of its body before the view: an object, or bytes for a view that takes them; None without one."""
    return environ().get(BODY)


def language() -> str:
    """In which of the hub's languages the caller wants to read."""
    return preferred(environ().get("HTTP_ACCEPT_LANGUAGE"))

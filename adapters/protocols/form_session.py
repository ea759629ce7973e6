"""A session at a form system: its cookies as one header, and the turns callers take where it can serve only one.

A cookie or two is all a session is. The transport knows no cookies, and a jar would only add rules (domains, paths,
expiry by date) that these systems get wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.protocols.http_answer import Head
from adapters.protocols.ticket import Tickets
from hub.port import Garbled, PortError, Rejected, Shared

_COOKIE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+=[\x21-\x3a\x3c-\x7e]+", re.ASCII)


class SessionLost(Exception):
    """The page says that we are not logged in. Never leaves the adapter."""


def cookie_header(headers: Head) -> str:
    """The cookies a login sets, as they are sent back. Raises Garbled where there is none, or one of a strange form."""
    found = [line.partition(";")[0].strip() for line in headers.get_all("Set-Cookie") or []]
    if not found or not all(_COOKIE.fullmatch(cookie) for cookie in found):
        raise Garbled("a login without a plain cookie", code="UPSTREAM_SESSION")
    return "; ".join(found)


@contextmanager
def turn(shared: Shared, sessions: Tickets, deadline: float) -> Iterator[None]:
    """The session for one caller alone, in all workers, from the first request to the last (legacy.md Q16).

    The department keeps the current person in it. After a failure it may still be busy with what was asked, and set
    its person while the next caller is on: that session is left behind.
    """
    with shared.lock("turn", deadline):
        try:
            yield
        except Rejected:  # a clean answer
            raise
        except PortError:
            sessions.drop()
            raise

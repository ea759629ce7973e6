"""An app that takes SIGTERM in a thread of its own, so that nothing wakes the one that must act on it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # every thread started from here on keeps it so


def app(_: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    start("200 OK", [("Content-Length", "0")])
    return []

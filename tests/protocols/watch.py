"""What a test itself opens, connects to or looks up while it is watched; an audit hook can never be taken off again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_EVENTS = ("open", "socket.__new__", "socket.connect", "socket.getaddrinfo")


class Watch:
    def __init__(self) -> None:
        self.seen: list[str] | None = None
        sys.addaudithook(self._note)

    @contextmanager
    def nothing_asked(self) -> Iterator[None]:
        """No socket is even made, whatever other threads of the tests do meanwhile."""
        self.seen = []
        try:
            yield
            assert [event for event in self.seen if event.startswith("socket.")] == []
        finally:
            self.seen = None

    def _note(self, event: str, _: object) -> None:
        if self.seen is not None and event in _EVENTS and threading.current_thread() is threading.main_thread():
            self.seen.append(event)


WATCH = Watch()

"""What a system lets us in with for a while: a session's cookie, an access token. One for all workers, fetched once.

Whoever finds it missing or refused fetches a new one; everybody else waits for it and uses the same.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from hub.port import OutcomeUnknown, Shared, Unavailable


@dataclass(frozen=True, slots=True)
class Ticket:
    """`number` tells one fetch from the next, also when the department gives the same value again. `until` is wall
    time, because workers share it."""

    number: str
    value: str
    until: float


class Tickets:
    """`fetch` gets a deadline and returns the value and for how many seconds it is good.

    While the shared store is away, a worker goes on with the ticket it saw last. One that may serve only one caller at
    a time (`solitary`) is not remembered like that: two workers would use it at once, so each fetches its own.
    """

    def __init__(
        self, shared: Shared, name: str, fetch: Callable[[float], tuple[str, float]], *, solitary: bool = False
    ) -> None:
        self._shared, self._name, self._fetch, self._solitary = shared, name, fetch, solitary
        self._here = threading.Lock()
        self._own: Ticket | None = None

    def current(self, deadline: float) -> Ticket:
        return self._held() or self.renewed(None, deadline)

    def renewed(self, lost: Ticket | None, deadline: float) -> Ticket:
        """Another one than `lost`, which the department no longer takes."""
        if not self._here.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise Unavailable("another caller was fetching a ticket until the deadline")
        try:
            return self._other(lost) or self._renewed(lost, deadline)  # who waited here needs no lock of the store
        finally:
            self._here.release()

    def drop(self) -> None:
        """Forget it everywhere; the next caller fetches a new one."""
        self._own = None
        self._shared.put(self._name, b"", 86_400)  # not delete: a worker that remembers it must hear of it

    def _renewed(self, lost: Ticket | None, deadline: float) -> Ticket:
        with self._shared.lock(f"{self._name} fetch", deadline):
            held = self._other(lost)
            if held is not None:
                return held
            value, seconds = self._fetched(deadline)
            ticket = self._own = Ticket(secrets.token_hex(8), value, time.time() + seconds)
            self._shared.put(self._name, json.dumps(asdict(ticket)).encode(), seconds)
            return ticket

    def _fetched(self, deadline: float) -> tuple[str, float]:
        try:
            return self._fetch(deadline)
        except OutcomeUnknown as error:  # nothing of the citizen's was sent yet
            raise Unavailable(f"no ticket: {error.note}", sample=error.sample) from error

    def _other(self, lost: Ticket | None) -> Ticket | None:
        held = self._held()
        return held if held != lost else None

    def _held(self) -> Ticket | None:
        kept = self._shared.get(self._name)
        if kept is not None:
            self._own = Ticket(**json.loads(kept)) if kept else None
        own = None if kept is None and self._solitary else self._own
        return own if own is not None and time.time() < own.until else None

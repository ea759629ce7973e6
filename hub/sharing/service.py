"""Data that departments share: the catalogue, requests for it, and the rights that come of them.

Nothing here reads anybody's record: that is hub/exchange, which asks `grants` first.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.settings.sharing_shapes import Sharing as Configured
from hub.sharing.grants import Grants
from hub.sharing.requests import Requests
from hub.sharing.resources import Resources
from hub.workdays import Workdays


class Sharing:
    """One per process."""

    def __init__(self, clock: Clock, workdays: Workdays, configured: Callable[[], Configured]) -> None:
        self.resources = Resources(clock, configured)
        self.grants = Grants(clock, configured)
        self.requests = Requests(clock, workdays, configured, self.resources, self.grants)

    def count_silence(self, session: Session) -> int:
        """What nobody answered in time goes upward."""
        return self.requests.count_silence(session)

"""The hub's one source of time. Nothing else asks the machine; tests hand in another clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "+08:00")


class Clock:
    """Wall time for people (always +08:00), monotonic seconds for durations and deadlines."""

    def now(self) -> datetime:
        return datetime.now(CHINA)

    def monotonic(self) -> float:
        return time.monotonic()

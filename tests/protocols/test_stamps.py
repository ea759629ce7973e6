"""The time in a message is the time of that message, though it is written only once a second."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from adapters.protocols.stamps import stamp


def test_the_clock_goes_on() -> None:
    tell = stamp({"serial": False, "secret": "", "clock": "%Y%m%d%H%M%S"}, 14, {})
    assert tell
    first = tell()
    time.sleep(1.05)
    china = datetime.strptime(tell(), "%Y%m%d%H%M%S").replace(tzinfo=UTC) - timedelta(hours=8)
    assert abs(datetime.now(UTC) - china) < timedelta(seconds=30)
    assert tell() > first


def test_fractions_of_a_second_are_told_anew() -> None:
    tell = stamp({"serial": False, "secret": "", "clock": "%H%M%S%f"}, 12, {})
    assert tell
    first = tell()
    time.sleep(0.001)
    assert tell() != first

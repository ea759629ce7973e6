"""The second start of a whole demo county: from the command to the moment in which the doors are open."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import requests

from tests.bench.processes import on
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.county import county_home, start_county

_MOST_S = 4.0


def start(_: Stand, timing: Timing) -> Iterator[Row]:
    everywhere = range(os.cpu_count() or 1)  # as a user would
    with on(*everywhere), Strangers() as strangers, county_home() as home:
        county = start_county(home)
        took = []
        for _ in range(timing.rounds):
            assert county.stop() == 0
            began = time.perf_counter()
            county = start_county(home, county.port)
            assert requests.get(f"{county.base_url}/readyz", timeout=5).status_code == 200
            took.append(time.perf_counter() - began)
        county.stop()
    yield Row(
        "start", "second start of the demo county, until it is ready", f"{min(took):.1f} s", target="≤ 4 s",
        met=min(took) <= _MOST_S, others=strangers.share,
        note=f"each of {len(took)}: {', '.join(f'{each:.1f}' for each in took)} s",
    )  # fmt: skip

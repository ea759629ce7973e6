"""P6 and P7: one dead department of forty, and twice the load the hub can bear. Open loop, from the scheduled time."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import requests

from tests.bench import answers, forty
from tests.bench.load import Arrivals, closed, scheduled
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_RATES = (250, 350)
_UPSTREAM_MS = 50.0
_OPENS_WITHIN_S = 5.0  # five calls that each wait out 3 s, side by side
_DEAD = forty.PLAIN[len(forty.PLAIN) // 2]
_CONNECTIONS = 32
_Round = dict[str, Arrivals]
_AT_ONCE_MS = {"P6": 50.0, "P7": 20.0}


def one_dead(stand: Stand, timing: Timing) -> Iterator[Row]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(answers.later(forty.plain_answers(), _UPSTREAM_MS, folder))
        hub = stack.enter_context(stand.hub(Plan(package=forty.make(folder, upstream))))
        dead = _DEAD.replace("_", "-")
        kinds = {
            "others": [hub.call(name) for name in forty.SERVICES if name != dead],
            "dead": [hub.call(dead)],
        }
        for rate in _RATES:
            scheduled(kinds, rate, timing.warm)
            well, sick = [], []
            with Strangers() as strangers:
                for _ in range(timing.rounds):
                    well.append(scheduled(kinds, rate, timing.seconds))
                    requests.get(f"{upstream}/dead/on?/{_DEAD}/query", timeout=5)
                    scheduled(kinds, rate, _OPENS_WITHIN_S)
                    sick.append(scheduled(kinds, rate, timing.seconds))
                    requests.get(f"{upstream}/dead/off?/{_DEAD}/query", timeout=5)
            yield from _isolated(rate, well, sick, strangers.share)


def _isolated(rate: int, well: list[_Round], sick: list[_Round], others: float) -> Iterator[Row]:
    before, after = (min(each["others"].of().p99 for each in rounds) for rounds in (well, sick))
    failed = sum(1 - _share_of_good(each["others"]) for each in (*well, *sick)) / (2 * len(well))
    note = f"{failed:.2%} of their calls failed" if failed else ""
    yield Row(
        "P6", f"the others' p99 at {rate} calls/s, one of 40 departments dead", f"{after:,.1f} ms",
        f"{before:,.1f} ms with all well", after / before, "≤ 1.1 ×", after <= 1.1 * before and failed < 0.001,
        others=others, note=note,
    )  # fmt: skip
    refused = min((each["dead"].of().p99 for each in sick), default=math.nan)
    yield Row(
        "P6", f"callers of the dead one at {rate} calls/s, p99", f"{refused:,.1f} ms", target="≤ 50 ms",
        met=refused <= _AT_ONCE_MS["P6"], others=others,
    )  # fmt: skip


def overload(stand: Stand, timing: Timing) -> Iterator[Row]:
    """Against one department with the shipped limits, and twice what it could bear."""
    with ExitStack() as stack:
        upstream = stack.enter_context(answers.at_once([answers.rest()]))
        plan = Plan({"housing_fund": upstream}, max_in_flight=220)
        hub = stack.enter_context(stand.hub(plan))
        question = hub.call("housing-fund-records")
        closed([question], _CONNECTIONS, timing.warm)
        with Strangers() as strangers:
            peak = max(closed([question], _CONNECTIONS, timing.seconds).rate for _ in range(timing.rounds))
            storms = [scheduled({"all": [question]}, 2 * peak, timing.seconds)["all"] for _ in range(timing.rounds)]
    good = max(storm.of(200).rate for storm in storms)
    refused = min((storm.of(429, 503).p99 for storm in storms), default=math.nan)
    half = min((storm.of(429, 503).p50 for storm in storms), default=math.nan)
    lost = max(storm.of(599).count / storm.of().count for storm in storms)
    counts = storms[-1].of().statuses
    note = f"answers by status: {counts}"
    yield Row(
        "P7", "answers at twice the load, open loop", f"{good:,.0f}/s", f"{peak:,.0f}/s at peak", good / peak,
        "≥ 0.9 ×", good >= 0.9 * peak and lost == 0, others=strangers.share, note=note,
    )  # fmt: skip
    yield Row(
        "P7", "its refusals, p99", f"{refused:,.1f} ms", target="≤ 20 ms", met=refused <= _AT_ONCE_MS["P7"],
        others=strangers.share, note=f"p50 {half:,.1f} ms",
    )  # fmt: skip


def _share_of_good(arrivals: Arrivals) -> float:
    return arrivals.of(200).count / max(1, arrivals.of().count)

"""P6, `half` and P7: one dead department of forty, twenty of them, and twice the load the hub can bear.

Open loop, from the scheduled time.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from tests.bench import answers, forty
from tests.bench.load import Arrivals, Question, closed, scheduled
from tests.bench.processes import SERVER_CPU, front, has_nginx
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
    for rate, rig in _rounds(stand, timing, (_DEAD,)):
        yield _isolated("P6", "one", rate, rig, 1.1)
        refused = min((each["dead"].of().p99 for each in rig.sick), default=math.nan)
        yield Row(
            "P6", f"callers of the dead one at {rate} calls/s, p99", f"{refused:,.1f} ms", target="≤ 50 ms",
            met=refused <= _AT_ONCE_MS["P6"], others=rig.strangers,
        )  # fmt: skip


def half_dead(stand: Stand, timing: Timing) -> Iterator[Row]:
    """Twenty that accept and never answer; what the others feel once the hub knows, and in the note until it does."""
    for rate, rig in _rounds(stand, timing, forty.PLAIN[:20]):
        yield _isolated("half", "twenty", rate, rig, 1.5)


@dataclass(frozen=True)
class _Rig:
    """The rounds with all well, those in which the hub learns who is dead, and those after it did."""

    well: list[_Round]
    learning: list[_Round]
    sick: list[_Round]
    strangers: float


def _rounds(stand: Stand, timing: Timing, dead: Sequence[str]) -> Iterator[tuple[int, _Rig]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(answers.later(forty.plain_answers(), _UPSTREAM_MS, folder))
        hub = stack.enter_context(stand.hub(Plan(package=forty.make(folder, upstream))))
        lost = [name.replace("_", "-") for name in dead]
        kinds = {
            "others": [hub.call(name) for name in forty.SERVICES if name not in lost],
            "dead": [hub.call(name) for name in lost],
        }
        for rate in _RATES:
            scheduled(kinds, rate, timing.warm)
            well, learning, sick = [], [], []
            with Strangers() as strangers:
                for _ in range(timing.rounds):
                    well.append(scheduled(kinds, rate, timing.seconds))
                    _turn(upstream, "on", dead)
                    learning.append(scheduled(kinds, rate, _OPENS_WITHIN_S))
                    sick.append(scheduled(kinds, rate, timing.seconds))
                    _turn(upstream, "off", dead)
            yield rate, _Rig(well, learning, sick, strangers.share)


def _turn(upstream: str, which: str, dead: Sequence[str]) -> None:
    for name in dead:
        requests.get(f"{upstream}/dead/{which}?/{name}/query", timeout=5)


def _isolated(row: str, how_many: str, rate: int, rig: _Rig, most: float) -> Row:
    before, learning, after = (
        min(each["others"].of().p99 for each in rounds) for rounds in (rig.well, rig.learning, rig.sick)
    )
    rounds = (*rig.well, *rig.sick)
    failed = sum(1 - _share_of_good(each["others"]) for each in rounds) / len(rounds)
    note = f"{learning:,.1f} ms while the hub learns it" + (f"; {failed:.2%} of their calls failed" if failed else "")
    return Row(
        row, f"the others' p99 at {rate} calls/s, {how_many} of 40 departments dead", f"{after:,.1f} ms",
        f"{before:,.1f} ms with all well", after / before, f"≤ {most} ×", after <= most * before and failed < 0.001,
        others=rig.strangers, note=note,
    )  # fmt: skip


def overload(stand: Stand, timing: Timing) -> Iterator[Row]:
    """Against one department with the shipped limits, and twice what it could bear: as it is put up (docs/nginx.conf
    before it, on the same core), and by itself."""
    with ExitStack() as stack:
        upstream = stack.enter_context(answers.at_once([answers.rest()]))
        plan = Plan({"housing_fund": upstream}, max_in_flight=220)
        hub = stack.enter_context(stand.hub(plan))
        question = hub.call("housing-fund-records")
        if has_nginx():
            url = stack.enter_context(front(hub.url, (64, 24), [SERVER_CPU]))
            through = replace(question, url=question.url.replace(hub.url, url))
            yield from _stormed("as it is put up", through, timing, judged=True)
        yield from _stormed("by itself", question, timing, judged=not has_nginx())


def _stormed(how: str, question: Question, timing: Timing, *, judged: bool) -> Iterator[Row]:
    closed([question], _CONNECTIONS, timing.warm)
    with Strangers() as strangers:
        peak = max(closed([question], _CONNECTIONS, timing.seconds).rate for _ in range(timing.rounds))
        storms = [scheduled({"all": [question]}, 2 * peak, timing.seconds)["all"] for _ in range(timing.rounds)]
    good = max(storm.of(200).rate for storm in storms)
    refused = min((storm.of(429, 503).p99 for storm in storms), default=math.nan)
    half = min((storm.of(429, 503).p50 for storm in storms), default=math.nan)
    lost = max(storm.of(599).count / storm.of().count for storm in storms)
    note = f"answers by status: {storms[-1].of().statuses}"
    yield Row(
        "P7", f"answers at twice the load, open loop, {how}", f"{good:,.0f}/s", f"{peak:,.0f}/s at peak", good / peak,
        "≥ 0.9 ×" if judged else "", good >= 0.9 * peak and lost == 0 if judged else None, others=strangers.share,
        note=note,
    )  # fmt: skip
    yield Row(
        "P7", f"its refusals, p99, {how}", f"{refused:,.1f} ms", target="≤ 20 ms" if judged else "",
        met=refused <= _AT_ONCE_MS["P7"] if judged else None, others=strangers.share, note=f"p50 {half:,.1f} ms",
    )  # fmt: skip


def _share_of_good(arrivals: Arrivals) -> float:
    return arrivals.of(200).count / max(1, arrivals.of().count)

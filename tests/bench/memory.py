"""Memory: what a web worker holds once all six systems were used by it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.load import closed
from tests.bench.processes import OTHER_CPU, SERVER_CPU, pss_mib
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_MOST_MIB = 150
_SERVICES = ("medical-insurance-balance", "household-members", "marriage-record", "social-security-contributions",
             "housing-fund-records", "vehicle-list")  # fmt: skip


def memory(stand: Stand, timing: Timing) -> Iterator[Row]:
    with Strangers() as strangers, stand.hub(Plan(workers=2, cpus=(SERVER_CPU, OTHER_CPU))) as hub:
        closed([hub.call(name) for name in _SERVICES], 64, timing.warm + timing.seconds)
        workers = [each for child in hub.process.children() for each in pss_mib(child)[:1]]
        whole = sum(pss_mib(hub.process))
    most = max(workers)
    yield Row(
        "memory", "PSS of a web worker with six systems, under load", f"{most:.0f} MiB", f"{whole:.0f} MiB in all",
        target="≤ 150 MiB", met=most <= _MOST_MIB, others=strangers.share,
        note=f"{len(workers)} workers: {', '.join(f'{each:.0f}' for each in workers)} MiB",
    )  # fmt: skip

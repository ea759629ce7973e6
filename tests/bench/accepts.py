"""What a whole durable accept costs: an application handed in over HTTP, 202 when it is kept, next to a bare commit of
two rows on the same server. `python -m tests.bench.accepts URL TOKEN SECONDS` hands in."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from tests.bench import filings
from tests.bench.processes import OTHER_CPU, ROOT, SERVER_CPU, cpu_seconds
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_SERVICE, _LEAST = "household-application", 0.5
_BODY = json.dumps({"fields": {"kind": "address_change", "reason": "搬家"}})


def accepts(stand: Stand, timing: Timing) -> Iterator[Row]:
    """One worker on its own processor, eight callers; each application is another one, with a filing and a message."""
    plan = Plan(services={_SERVICE: {"once_by": []}})
    rates, bares, cpu = list[float](), list[float](), list[float]()
    with stand.hub(plan) as hub, Strangers() as strangers:
        _probe("accepts", hub.url, hub.token, str(timing.warm), cpus=(OTHER_CPU,))
        for _ in range(timing.rounds):
            before = cpu_seconds(hub.process)
            rates.append(_probe("accepts", hub.url, hub.token, str(timing.seconds), cpus=(OTHER_CPU,)))
            cpu.append((cpu_seconds(hub.process) - before) / (rates[-1] * (timing.seconds + filings.WARM_S)) * 1e6)
            bares.append(_probe("filings", "bare", str(timing.seconds), cpus=(SERVER_CPU, OTHER_CPU), at=stand))
    rate, bare = max(rates), max(bares)
    yield Row(
        "accepts", "applications kept over HTTP (202), one worker", f"{rate:,.0f}/s",
        f"{bare:,.0f}/s two rows, one commit", rate / bare, f"≥ {_LEAST} ×", rate >= _LEAST * bare,
        hub_cpu_us=min(cpu), others=strangers.share,
    )  # fmt: skip


def _probe(module: str, *arguments: str, cpus: tuple[int, ...], at: Stand | None = None) -> float:
    run = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments], cwd=ROOT, capture_output=True, text=True,
        timeout=600, check=True, env={**os.environ, **(at.environ if at else {})},
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )  # fmt: skip
    return float(json.loads(run.stdout.strip().splitlines()[-1])["rate"])


def handed_in(url: str, token: str, seconds: float) -> float:
    place, path = urlsplit(url).netloc, f"/api/v1/services/{_SERVICE}/cases"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def one(_: int) -> Callable[[], None]:
        connection = http.client.HTTPConnection(place, timeout=60)

        def act() -> None:
            connection.request("POST", path, _BODY.encode(), {**headers, "Idempotency-Key": uuid.uuid4().hex})
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == 202, told

        return act

    return filings.rate(seconds, one)


if __name__ == "__main__":
    print(json.dumps({"rate": handed_in(sys.argv[1], sys.argv[2], float(sys.argv[3]))}))

"""What a whole durable accept costs: an application handed in over HTTP, 202 when it is kept. "The same server" of the
target is the web server, as in the other rows: a bare Flask view on it that commits two rows. The note under the row
has the same two rows without any HTTP. `python -m tests.bench.accepts URL TOKEN SECONDS` hands in."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import psutil

from hub.demo.ports import free_port
from tests.bench import filings
from tests.bench.processes import OTHER_CPU, ROOT, SERVER_CPU, cpu_seconds, granian, started
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_SERVICE, _LEAST = "household-application", 0.5
_BODY = json.dumps({"fields": {"kind": "address_change", "reason": "搬家"}})


def accepts(stand: Stand, timing: Timing) -> Iterator[Row]:
    """One worker on its own processor, eight callers; each application is another one, with a filing and a message."""
    plan, port = Plan(services={_SERVICE: {"once_by": []}}), free_port()
    two, command = f"http://127.0.0.1:{port}/", granian("tests.bench.references:two_rows", port, 256)
    with ExitStack() as stack:
        hub = stack.enter_context(stand.hub(plan))
        view = stack.enter_context(started(command, two, [SERVER_CPU], stand.environ))
        strangers = stack.enter_context(Strangers())
        sides = {hub.process: f"{hub.url}/api/v1/services/{_SERVICE}/cases", view: two}
        found: dict[psutil.Process, list[tuple[float, float]]] = {each: [] for each in sides}
        for url in sides.values():
            _probe("accepts", url, hub.token, str(timing.warm), cpus=(OTHER_CPU,))
        for _ in range(timing.rounds):
            for process, url in sides.items():
                before = cpu_seconds(process)
                rate = _probe("accepts", url, hub.token, str(timing.seconds), cpus=(OTHER_CPU,))
                spent = (cpu_seconds(process) - before) / (rate * (timing.seconds + filings.WARM_S))
                found[process].append((rate, spent * 1e6))
        bare = max(_probe("filings", "bare", str(timing.seconds), cpus=(SERVER_CPU, OTHER_CPU), at=stand)
                   for _ in range(timing.rounds))  # fmt: skip
    (rate, cpu_us), (two_rate, two_cpu_us) = (max(found[each]) for each in sides)
    yield Row(
        "accepts", "applications kept over HTTP (202), one worker", f"{rate:,.0f}/s",
        f"{two_rate:,.0f}/s bare Flask, two rows", rate / two_rate, f"≥ {_LEAST} ×", rate >= _LEAST * two_rate,
        hub_cpu_us=cpu_us, reference_cpu_us=two_cpu_us, others=strangers.share,
        note=f"{rate / bare:.2f} × of {bare:,.0f}/s, two rows committed without HTTP",
    )  # fmt: skip


def _probe(module: str, *arguments: str, cpus: tuple[int, ...], at: Stand | None = None) -> float:
    run = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments], cwd=ROOT, capture_output=True, text=True,
        timeout=600, check=True, env={**os.environ, **(at.environ if at else {})},
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )  # fmt: skip
    return float(json.loads(run.stdout.strip().splitlines()[-1])["rate"])


def handed_in(url: str, token: str, seconds: float) -> float:
    place, path = urlsplit(url).netloc, urlsplit(url).path
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

"""The row `wire_soap`: calls a second through SOAP and X-Road, against the bare library asking the same twin.

One caller each, in turns. The twin runs in a process of its own; `python -m tests.bench.wire_soap` is that of X-Road.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import requests
import zeep
from zeep.wsse.username import UsernameToken

from adapters.twins.security_server import SERVICE, SecurityServer
from adapters.twins.wire import Server
from hub.port import Adapter, Call
from tests.bench.answers import ID_NUMBER, SOAP_PATH, WSDL
from tests.bench.processes import ROOT
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.protocols.departments import opened as soap_opened
from tests.protocols.residents_by_xroad import opened as road_opened

LEAST = 0.8


def wire_soap(stand: Stand, timing: Timing) -> Iterator[Row]:
    address = stand.environ["MEDICAL_INSURANCE_ADDRESS"]
    names = "username", "password"
    username, password = (_secret(stand.home, f"medical_insurance_{name}") for name in names)
    adapter = soap_opened("medical_insurance", address, username=username, password=password)
    client = zeep.Client(str(WSDL), wsse=UsernameToken(username, password, use_digest=True))
    service = client.create_service(next(iter(client.wsdl.bindings)), address + SOAP_PATH)
    sides = {
        "ours": _asking(adapter, "query_payments"),
        "bare": lambda: service.queryPayments(aae100="1", aac002=ID_NUMBER),
    }
    yield _row("SOAP call, user token, GBK", sides, timing, "zeep")
    with _road() as address:
        adapter, session = road_opened(address), requests.Session()
        url, headers = f"{address}/r1/{SERVICE}/v1/persons/search", {"X-Road-Client": "CN-TEST/GOV/360423/HUB"}
        sides = {
            "ours": _asking(adapter, "query_person"),
            "bare": lambda: session.post(url, json={"id": ID_NUMBER}, headers=headers, timeout=5).json(),
        }
        yield _row("X-Road call, hash verified", sides, timing, "requests")


def _secret(home: Path, name: str) -> str:
    return (home / "secrets" / name).read_text(encoding="utf-8").strip()


def _asking(adapter: Adapter, operation: str) -> Callable[[], object]:
    return lambda: adapter.call(Call(operation, {"id_number": ID_NUMBER}, time.monotonic() + 5))


def _row(what: str, sides: Mapping[str, Callable[[], object]], timing: Timing, library: str) -> Row:
    best, cpu = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0.0)
    for ask in sides.values():
        _rate(ask, timing.warm)
    with Strangers() as strangers:
        for _ in range(timing.rounds):
            for name, ask in sides.items():
                rate, each = _rate(ask, timing.seconds)
                if rate > best[name]:
                    best[name], cpu[name] = rate, each
    ratio = best["ours"] / best["bare"]
    return Row(
        "wire_soap", what, f"{best['ours']:,.0f}/s", f"{best['bare']:,.0f}/s bare {library}", ratio, f"≥ {LEAST} ×",
        ratio >= LEAST, cpu["ours"], cpu["bare"], strangers.share,
    )  # fmt: skip


def _rate(ask: Callable[[], object], seconds: float) -> tuple[float, float]:
    """Calls a second, and the processor time of one in µs."""
    started, spent, count = time.perf_counter(), time.process_time(), 0
    while (passed := time.perf_counter() - started) < seconds or not count:
        ask()
        count += 1
    return count / passed, (time.process_time() - spent) / count * 1e6


@contextlib.contextmanager
def _road() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.wire_soap"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()  # which ends it


if __name__ == "__main__":
    print(Server(SecurityServer()).start().address, flush=True)
    threading.Thread(target=sys.stdin.read).start()

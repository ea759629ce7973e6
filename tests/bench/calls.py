"""P3, P4, P5 and P9: calls through the hub against a proxy, the naive hub and a bare view with the same client."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil

from hub.demo.ports import free_port
from tests.bench import answers, forty
from tests.bench.load import Question, Result, closed
from tests.bench.processes import OTHER_CPU, SERVER_CPU, granian, gunicorn, has_nginx, nginx, started
from tests.bench.rounds import Best, Side, Timing, compared
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row, skipped

_CONNECTIONS, _MANY = 32, 1000
_UPSTREAM_MS = 200.0
_BODY = '{"fields": {}}'
_JSON = {"Content-Type": "application/json"}


class Bench:
    """Servers of one row, ended together."""

    def __init__(self, stack: ExitStack, stand: Stand) -> None:
        self._stack, self._stand = stack, stand

    def upstream(self, *canned: answers.Canned) -> str:
        return self._stack.enter_context(answers.at_once(canned))

    def hub(self, plan: Plan, service: str) -> Side:
        hub = self._stack.enter_context(self._stand.hub(plan))
        return Side(hub.process, partial(closed, [hub.call(service)], _CONNECTIONS))

    def proxy(self, upstream: str, path: str) -> Side:
        block = f"upstream far {{ server {upstream.removeprefix('http://')}; keepalive 64; }}"
        pass_on = 'location / { proxy_pass http://far; proxy_http_version 1.1; proxy_set_header Connection ""; }'
        url, process = self._stack.enter_context(nginx(pass_on, [SERVER_CPU], block))
        question = Question(url + path, "POST", _BODY, _JSON)
        return Side(process, partial(closed, [question], _CONNECTIONS))

    def server(self, command: list[str], port: int, path: str, environ: Mapping[str, str]) -> Side:
        url = f"http://127.0.0.1:{port}{path}"
        process: psutil.Process = self._stack.enter_context(started(command, url, [SERVER_CPU], environ))
        return Side(process, partial(closed, [Question(url, "POST", _BODY, _JSON)], _CONNECTIONS))


def rest(stand: Stand, timing: Timing) -> Iterator[Row]:
    """An account, as most reads are, decides; twenty records show what a long answer costs more."""
    yield from _rest(stand, timing, "REST call, one signed account", "housing-fund-account", answers.account())
    for row in _rest(stand, timing, "the same with 20 records, 2 KB", "housing-fund-records", answers.rest()):
        yield replace(row, target="", met=None)


def _rest(stand: Stand, timing: Timing, what: str, service: str, canned: answers.Canned) -> Iterator[Row]:
    what += ", upstream at once"
    with ExitStack() as stack:
        bench = Bench(stack, stand)
        upstream = bench.upstream(canned)
        far, port = upstream + canned.path, free_port()
        sides = {
            "hub": bench.hub(Plan({"housing_fund": upstream}), service),
            "naive": bench.server(gunicorn("tests.bench.references:naive()", port), port, "/", {"UPSTREAM": far}),
        }
        port = free_port()
        sides["client"] = bench.server(
            granian("tests.bench.references:client", port, 256), port, "/", {"UPSTREAM": far}
        )
        if has_nginx():
            sides["nginx"] = bench.proxy(upstream, canned.path)
        best, others = compared(sides, timing)
    if "nginx" in best:
        yield _against("P3", what, best["hub"], best["nginx"], "nginx proxy_pass", 0.035, others)
    else:
        yield skipped("P3", what, "nginx is not installed")
    yield _against("P3", what, best["hub"], best["naive"], "naive hub", 1.7, others)
    share = best["hub"].cpu_us - best["client"].cpu_us
    yield Row(
        "P9", "the hub's own share of that call, in CPU", f"{share:,.0f} µs",
        f"{best['client'].result.rate:,.0f}/s bare view + client", best["hub"].cpu_us / best["client"].cpu_us,
        "≤ 300 µs", share <= 300, best["hub"].cpu_us, best["client"].cpu_us, others,
    )  # fmt: skip


def soap(stand: Stand, timing: Timing) -> Iterator[Row]:
    with ExitStack() as stack:
        bench, port = Bench(stack, stand), free_port()
        upstream = bench.upstream(answers.soap())
        environ = {
            "UPSTREAM": upstream + answers.SOAP_PATH,
            "WSDL": str(answers.WSDL),
            "OPERATION": "queryPayments",
            "ARGUMENTS": json.dumps({"aae100": "1", "aac002": answers.ID_NUMBER}),
        }
        sides = {
            "hub": bench.hub(Plan({"medical_insurance": upstream}), "medical-insurance-payments"),
            "naive": bench.server(gunicorn("tests.bench.references:naive()", port), port, "/soap", environ),
        }
        best, others = compared(sides, timing)
    yield _against("P4", "SOAP call, 22 rows, GBK", best["hub"], best["naive"], "naive hub with zeep", 3, others)


def many(stand: Stand, timing: Timing) -> Iterator[Row]:
    """All on both processors, as a county would run it."""
    everywhere = (SERVER_CPU, OTHER_CPU)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        canned = forty.plain_answers()
        upstream = stack.enter_context(answers.later(canned, _UPSTREAM_MS, folder))
        plan = Plan(package=forty.make(folder, upstream), workers=2, cpus=everywhere)
        hub = stack.enter_context(stand.hub(plan))
        port = free_port()
        url, environ = f"http://127.0.0.1:{port}/", {"UPSTREAM": upstream + canned[0].path}
        command = granian("tests.bench.references:proxy", port, 256, 2)
        proxy = stack.enter_context(started(command, url, everywhere, environ))
        asked = [hub.call(name.replace("_", "-")) for name in forty.PLAIN]
        sides = {
            "hub": Side(hub.process, partial(_only_good, asked)),
            "proxy": Side(proxy, partial(closed, [Question(url, "POST", _BODY, _JSON)], _MANY)),
        }
        best, others = compared(sides, timing)
    hub_best, proxy_best = best["hub"], best["proxy"]
    what = f"{_MANY:,} callers, {len(asked)} departments that take {_UPSTREAM_MS:.0f} ms, 2 workers"
    yield _against("P5", what, hub_best, proxy_best, "bare Flask proxy", 0.8, others, tolerated=1.0)
    p99, limit = hub_best.result.p99, 5 * _UPSTREAM_MS
    yield Row(
        "P5", "their p99", f"{p99:,.0f} ms", f"{proxy_best.result.p99:,.0f} ms", p99 / _UPSTREAM_MS, "≤ 5 × 200 ms",
        p99 <= limit, others=others,
    )  # fmt: skip


def _only_good(asked: list[Question], seconds: float) -> Result:
    """The rate of answers, not of refusals."""
    result = closed(asked, _MANY, seconds)
    return replace(result, rate=result.rate * result.statuses.get(200, 0) / max(1, result.count))


def _against(
    row: str, what: str, hub: Best, other: Best, name: str, least: float, others: float, tolerated: float = 0.001
) -> Row:
    ratio = hub.result.rate / other.result.rate
    note = f"{hub.refused:.1%} of its answers were no 200" if hub.refused else ""
    return Row(
        row, what, f"{hub.result.rate:,.0f}/s", f"{other.result.rate:,.0f}/s {name}", ratio, f"≥ {least} ×",
        ratio >= least and hub.refused <= tolerated, hub.cpu_us, other.cpu_us, others, note,
    )  # fmt: skip

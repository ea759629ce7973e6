"""/metrics: totals of all workers, by route, and no person in any label."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.door.wire import Server, serving


def figures(server: Server) -> dict[str, float]:
    text = server.get("/metrics").content.decode()
    return {name: float(value) for name, value in re.findall(r"^(hub_\S+) (\S+)$", text, re.MULTILINE)}


def requests(route: str, status: int, code: str = "", method: str = "GET") -> str:
    return f'hub_http_requests_total{{code="{code}",method="{method}",route="{route}",status="{status}"}}'


def test_requests_are_counted_by_rule_and_code(server: Server) -> None:
    for thing in ("11010519491231002X", "b", "c"):
        server.get(f"/api/v1/things/{thing}")
    server.get("/api/v1/none")
    server.ask("BREW", "/api/v1/things")
    text = server.get("/metrics").content.decode()
    assert "11010519491231002X" not in text
    assert "BREW" not in text
    counted = figures(server)
    assert (
        counted['hub_http_requests_total{code="",method="GET",route="/api/v1/things/<string:thing>",status="200"}'] >= 3
    )
    assert counted['hub_http_requests_total{code="NOT_FOUND",method="GET",route="none",status="404"}'] >= 1
    assert counted['hub_http_requests_total{code="METHOD_NOT_ALLOWED",method="other",route="none",status="405"}'] >= 1
    assert counted['hub_http_request_seconds_count{method="GET",route="/api/v1/things/<string:thing>"}'] >= 3


def test_any_worker_shows_the_totals(tmp_path: Path) -> None:
    with serving("tests.door.served:app", workers=2, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)) as server:
        asked, until = 0, time.monotonic() + 60
        while asked < 40 or len(list(tmp_path.glob("counter_*.db"))) < 2:  # each of both workers has one
            assert server.get("/healthz").body == {"status": "alive"}
            assert time.monotonic() < until, "only one worker answers"
            asked += 1
        shown: set[float] = set()
        while shown != {float(asked)}:  # each worker writes its own down every half second
            assert time.monotonic() < until and max(shown, default=0) <= asked, shown
            shown = {figures(server).get(requests("/healthz", 200), 0.0) for _ in range(8)}
        timed = figures(server)['hub_http_request_seconds_bucket{le="+Inf",method="GET",route="/healthz"}']
    assert timed == asked

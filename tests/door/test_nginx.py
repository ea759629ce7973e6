"""docs/nginx.conf, as it is shipped, before a hub whose answers wait: whom it turns away, and in which words."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from blueprints.app import create_app
from blueprints.peak import ESSENTIAL, order
from blueprints.problems import Problems
from hub.errors import Problem
from hub.main import Hub
from hub.trace import Trace
from tests.bench.processes import ROOT, front, has_nginx

SHIPPED = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
TRACE = "0af7651916cd43dd8448eb211c80319c"
LIST, CODE = "/api/v1/services", "/api/v1/health-code"


class Waiting(ThreadingHTTPServer):
    """Stands in for a hub: what goes to /api/ waits until it may be answered."""

    daemon_threads = True

    def __init__(self) -> None:
        self.may, self.inside = threading.Event(), threading.Semaphore(0)
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Waiting

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):
            self.server.inside.release()
            self.server.may.wait(60)
        told = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    if not has_nginx():
        assert not os.environ.get("CI"), "nginx is not installed, and in CI nothing may be skipped"
        pytest.skip("nginx is not installed here (.ci/components installs it)")
    server = Waiting()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.may.set()
    server.shutdown()
    server.server_close()


def test_feat_X10_who_finds_no_place_hears_the_hubs_sentence_and_codes_still_pass(waiting: Waiting, hub: Hub) -> None:
    with front(f"http://127.0.0.1:{waiting.server_port}", (2, 1), range(os.cpu_count() or 1)) as url:
        with ThreadPoolExecutor(3) as phones:

            def waits(path: str) -> Future[requests.Response]:
                asked = phones.submit(requests.get, url + path, timeout=60)
                assert waiting.inside.acquire(timeout=30)
                return asked

            inside = [waits(LIST), waits(LIST)]
            for language, wanted in (("zh-CN,zh;q=0.9", "zh-CN"), ("en-GB", "en")):
                headers = {"Accept-Language": language, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
                refused = requests.get(url + LIST, headers=headers, timeout=60)
                wait = refused.json()["retry_after"]
                assert wait in (2, 4, 6, 8)
                problem = Problem("OVERLOADED", origin="hub", retry_after=wait)
                status, ours, body = Problems(hub).render(problem, Trace(TRACE), language)
                assert (refused.status_code, refused.json()) == (status, json.loads(body))
                told = {**dict(ours), "X-Trace-Id": TRACE}
                assert told == {name: refused.headers[name] for name in told} and told["Content-Language"] == wanted
            assert len(requests.get(url + LIST, timeout=60).json()["trace_id"]) == 32
            inside.append(waits(CODE))
            assert requests.get(url + CODE, timeout=60).status_code == 503
            waiting.may.set()
            assert [each.result().status_code for each in inside] == [200] * 3
        told = requests.get(url + LIST, headers={"X-Forwarded-For": "1.2.3.4"}, timeout=60).json()
        assert (told["Host"], told["X-Forwarded-For"]) == (url.removeprefix("http://"), "1.2.3.4, 127.0.0.1")
        assert requests.get(f"{url}/api/v1/services/a%2Fb", timeout=60).status_code == 400


def test_what_has_places_of_its_own_is_what_a_late_worker_refuses_last(hub: Hub) -> None:
    rooms = dict(re.findall(r'"?(~\S+?)"? (hub_\w+);', SHIPPED.split("map $uri $hub_room")[1].split("\n}")[0]))
    paths = [re.sub(r"\{\w+\}", "x", path) for path in create_app(hub).extensions["openapi"]["paths"]]
    assert len(paths) > 100
    for path in [*paths, "/", "/gate", "/readyz", "/assets/x.js", "/ops/v1/services", "/docs", "/openapi.json"]:
        room = next((room for test, room in rooms.items() if re.search(test[1:], path)), "hub_first")
        assert (room == "hub_first") == (order(path) == ESSENTIAL), path

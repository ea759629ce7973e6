"""P7 and T29: more requests than the worker takes are refused at once; slow senders do not close the house."""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from contextlib import ExitStack, closing

from tests.door.wire import Server, serving

HEAD = (
    b"POST /api/v1/people HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
)


def test_feat_P7_too_many_at_once_are_told_to_wait() -> None:
    with serving("tests.door.served:app", threads=16, TEST_MAX_IN_FLIGHT="2", TEST_SLOW_S="3") as server:

        def work() -> None:
            while server.get("/api/v1/slow").status == 503:
                time.sleep(0.05)  # it was the look below that had the place

        busy = [threading.Thread(target=work) for _ in range(2)]
        for thread in busy:
            thread.start()
        until = time.monotonic() + 30
        while (told := server.get("/api/v1/me")).status == 200 and time.monotonic() < until:
            time.sleep(0.02)  # they are not inside yet
        assert (told.status, told.code) == (503, "OVERLOADED")
        assert told.body["origin"] == "hub"
        assert told.body["action"] == "wait"
        assert 2 <= int(told.headers["retry-after"]) == told.body["retry_after"] <= 8
        assert told.body["trace_id"] == told.headers["x-trace-id"] and told.body["trace_id"].strip("0")
        assert told.body["trace_id"] in told.body["detail"] and told.headers["x-frame-options"] == "DENY"
        english = server.get("/api/v1/me", {"Accept-Language": "en"})
        assert english.body["title"].isascii() and english.body["trace_id"] != told.body["trace_id"]
        assert all(thread.is_alive() for thread in busy), "refused at once, not after waiting for a place"
        for thread in busy:
            thread.join()
        assert server.get("/api/v1/me").status == 200


def test_threat_T29_slow_senders_leave_reads_alone(server: Server) -> None:
    """64 threads serve; 40 senders that never finish their bodies hold 40 of them."""
    with ExitStack() as stack:
        for _ in range(40):
            wire = stack.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=30)))
            wire.sendall(HEAD)
        for _ in range(200):
            wire = stack.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=30)))
            wire.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: local")
        started = time.monotonic()
        assert server.get("/api/v1/me").status == 200
        assert server.post("/api/v1/people", {"name": "a"}).status == 201
        assert time.monotonic() - started < 8


def test_threat_T29_many_slow_senders_close_only_the_reader() -> None:
    with serving("tests.door.served:app", threads=128) as server, ExitStack() as stack:
        wires = []
        for _ in range(100):
            wire = stack.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=30)))
            wire.sendall(HEAD)
            wires.append(wire)
            time.sleep(0.02)
        answered, _, _ = select.select(wires, [], [], 1)
        assert all(_status(wire) == 503 for wire in answered)
        assert 100 - 64 - 55 <= len(answered) <= 100 - 64
        assert server.get("/api/v1/me").status == 200
        told = server.post("/api/v1/people", {"name": "a"})
        assert (told.status, told.code) == (503, "OVERLOADED")


def _status(wire: socket.socket) -> int:
    answer = http.client.HTTPResponse(wire)
    answer.begin()
    return answer.status

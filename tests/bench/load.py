"""Load: closed loop by wrk where installed, else by our own sockets; open loop on a fixed schedule by our own."""

from __future__ import annotations

import json
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Question:
    """What is asked again and again."""

    url: str
    method: str = "GET"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def wire(self) -> bytes:
        parts = urlsplit(self.url)
        headers = {"Host": parts.netloc, **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body.encode()))
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + self.body.encode()


@dataclass(frozen=True)
class Result:
    """Requests a second, latencies in milliseconds, answers by status."""

    rate: float
    p50: float
    p99: float
    count: int
    statuses: dict[int, int]


def closed(questions: Sequence[Question], connections: int, seconds: float) -> Result:
    """The questions in turn, as fast as answers come, over so many connections, from the other processor."""
    if shutil.which("wrk"):
        return _wrk(questions, connections, seconds)
    return _own(questions, connections, seconds)


_SCRIPT = """
local made, number = {{}}, 0
function init(args)
  {made}
end
function request()
  number = number % #made + 1
  return made[number]
end
function done(summary, latency)
  io.write(string.format("SUM %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), summary.errors.status + summary.errors.read + summary.errors.timeout))
end
"""


def _made(question: Question) -> str:
    parts = urlsplit(question.url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = ", ".join(f"[{json.dumps(key)}] = {json.dumps(value)}" for key, value in question.headers.items())
    body = f", [==[{question.body}]==]" if question.body else ""
    return f'made[#made + 1] = wrk.format("{question.method}", {json.dumps(path)}, {{{headers}}}{body})'


def _wrk(questions: Sequence[Question], connections: int, seconds: float) -> Result:
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write(_SCRIPT.format(made="\n  ".join(map(_made, questions))))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", script.name]
    try:
        run = subprocess.run(
            [*command, questions[0].url], capture_output=True, text=True, timeout=seconds + 60, check=True
        )
    finally:
        Path(script.name).unlink()
    found = re.search(r"SUM (\d+) (\d+) (\d+) (\d+) (\d+)", run.stdout)
    assert found, run.stdout
    requests, micros, p50, p99, bad = map(int, found.groups())
    statuses = {200: requests - bad} | ({0: bad} if bad else {})
    return Result(requests / (micros / 1e6), p50 / 1000, p99 / 1000, requests, statuses)


def _own(questions: Sequence[Question], connections: int, seconds: float) -> Result:
    code = "import json,sys; from tests.bench.load import _loop, Question; q=json.load(sys.stdin);"
    code += "print(json.dumps(_loop([Question(**each) for each in q['q']], q['c'], q['s'])))"
    asked = {"q": [each.__dict__ for each in questions], "c": connections, "s": seconds}
    run = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(asked), capture_output=True, text=True, timeout=seconds + 60,
        check=True,
    )  # fmt: skip
    rate, p50, p99, count, statuses = json.loads(run.stdout)
    return Result(rate, p50, p99, count, {int(key): value for key, value in statuses.items()})


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


class _Connection:
    def __init__(self, question: Question) -> None:
        parts = urlsplit(question.url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire, self.buffer, self.sent_at = question.wire(), b"", 0.0

    def ask(self) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(self.wire)

    def take(self) -> int:
        """The status of a whole answer, 0 while it is incomplete. Raises ConnectionError when the peer hung up."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError
        self.buffer += piece
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return 0
        length = _LENGTH.search(self.buffer, 0, end + 2)
        if len(self.buffer) < end + 4 + (int(length[1]) if length else 0):
            return 0
        status = int(self.buffer[9:12])
        self.buffer = b""
        return status


def _loop(
    questions: Sequence[Question], connections: int, seconds: float
) -> tuple[float, float, float, int, dict[int, int]]:
    selector, statuses, took = selectors.DefaultSelector(), Counter[int](), []
    for number in range(connections):
        connection = _Connection(questions[number % len(questions)])
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask()
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        for key, _ in selector.select(0.2):
            if status := key.data.take():
                took.append(time.perf_counter() - key.data.sent_at)
                statuses[status] += 1
                key.data.ask()
    elapsed = time.perf_counter() - start
    took.sort()
    return len(took) / elapsed, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, len(took), dict(statuses)


@dataclass(frozen=True)
class Arrivals:
    """Latencies in milliseconds of one kind of question, by status; 599: no answer."""

    seconds: float
    took: Mapping[int, Sequence[float]]

    def of(self, *statuses: int) -> Result:
        chosen = statuses or tuple(self.took)
        times = sorted(each for status in chosen for each in self.took.get(status, ()))
        counts = {status: len(times) for status, times in self.took.items()}
        return Result(len(times) / self.seconds, _at(times, 0.5), _at(times, 0.99), len(times), counts)


def scheduled(kinds: Mapping[str, Sequence[Question]], rate: float, seconds: float) -> dict[str, Arrivals]:
    """Open loop: all questions in turn at a fixed rate; latency counts from the scheduled time."""
    questions = [(kind, question) for kind, several in kinds.items() for question in several]
    selector, waiting = selectors.DefaultSelector(), 0
    free: list[deque[_Connection]] = [deque() for _ in questions]
    took: dict[str, dict[int, list[float]]] = {kind: defaultdict(list) for kind in kinds}
    start, sent, total = time.perf_counter(), 0, int(rate * seconds)
    while (now := time.perf_counter() - start) < seconds + 8 and (sent < total or waiting):
        while sent < total and sent / rate <= now:
            index = sent % len(questions)
            connection = free[index].popleft() if free[index] else _Connection(questions[index][1])
            connection.ask()
            connection.sent_at = start + sent / rate
            selector.register(connection.socket, selectors.EVENT_READ, (index, connection))
            waiting += 1
            sent += 1
        for key, _ in selector.select(max(0.0, min(0.05, sent / rate - (time.perf_counter() - start)))):
            index, connection = key.data
            try:
                status = connection.take()
            except OSError:
                status = 599
            if status:
                selector.unregister(connection.socket)
                waiting -= 1
                took[questions[index][0]][status].append((time.perf_counter() - connection.sent_at) * 1e3)
                if status != 599:
                    free[index].append(connection)
    for each in [*selector.get_map().values()]:
        index, connection = each.data
        took[questions[index][0]][599].append((time.perf_counter() - connection.sent_at) * 1e3)
    return {kind: Arrivals(seconds, dict(times)) for kind, times in took.items()}


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")

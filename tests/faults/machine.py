"""What can befall the processes of a county: killed, frozen, not looked after. By their own ids only."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import psutil
import requests

from hub.demo.child import Mark, read_mark
from tests.county import County
from tests.phone import SECONDS, eventually


def mark(county: County, name: str) -> Mark:
    """Asked again while the supervisor is writing it."""
    path = county.home / "run" / "marks" / f"{name}.json"
    assert eventually(lambda: read_mark(path) is not None, 30), name
    found = read_mark(path)
    assert found is not None, name
    return found


def kill(county: County, name: str) -> None:
    os.kill(mark(county, name).pid, signal.SIGKILL)


def workers(county: County) -> list[int]:
    """The web workers."""
    return [process.pid for process in psutil.Process(mark(county, "serve").pid).children()]


def line_to_each(county: County) -> list[requests.Session]:
    """A kept connection to each web worker: whoever is quicker takes the next, so many in a row may be one worker's."""
    lines: dict[int, requests.Session] = {}
    for _ in range(500):
        before = {pid: _connections(pid) for pid in workers(county)}
        if set(before) <= set(lines):
            return list(lines.values())
        session = requests.Session()
        session.get(f"{county.base_url}/healthz", timeout=SECONDS)
        lines |= {pid: session for pid, known in before.items() if _connections(pid) - known}
    raise AssertionError("one worker takes no connection")


def _connections(pid: int) -> set[tuple[str, int]]:
    return {tuple(each.raddr) for each in psutil.Process(pid).net_connections("tcp4") if each.raddr}


@contextlib.contextmanager
def frozen(county: County, name: str) -> Iterator[None]:
    """All of its processes stand still, their connections stay open."""
    processes = _family(county, name)
    _signal(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(processes, signal.SIGCONT)


@contextlib.contextmanager
def gone(county: County, name: str) -> Iterator[None]:
    """Killed, and not started again before the end: the supervisor looks away."""
    os.kill(county.process.pid, signal.SIGSTOP)
    try:
        _signal(_family(county, name), signal.SIGKILL)
        yield
    finally:
        os.kill(county.process.pid, signal.SIGCONT)


def _family(county: County, name: str) -> list[int]:
    """The process and all below it: a server's own processes may be in sessions of their own."""
    first = psutil.Process(mark(county, name).pid)
    return [first.pid, *(process.pid for process in first.children(recursive=True))]


def _signal(processes: list[int], number: int) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

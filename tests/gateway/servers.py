"""Servers of a test's own, to be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from hub.demo.child import Mark, start
from hub.demo.embedded import embedded_redis
from tests.switches.postgres import Server


class OwnRedis:
    def __init__(self, home: Path) -> None:
        self._embedded = embedded_redis(home)
        self._log = home / "redis.log"
        self.url = self._embedded.url
        self.mark: Mark
        self.start()

    def start(self) -> None:
        process, self.mark = start(self._embedded.program, self._log)
        self._process = process
        end = time.monotonic() + 30
        while not self._embedded.program.ready():
            assert time.monotonic() < end, self._log.read_text(encoding="utf-8")
            time.sleep(0.02)

    def kill(self) -> None:
        send(self.mark, signal.SIGCONT)
        send(self.mark, signal.SIGKILL)
        self._process.wait(60)

    def pause(self) -> None:
        send(self.mark, signal.SIGSTOP)

    def resume(self) -> None:
        send(self.mark, signal.SIGCONT)


def send(mark: Mark, number: int) -> None:
    for pid in mark.members():
        os.kill(pid, number)


def send_to_postgres(server: Server, number: int) -> None:
    """To the server and every one of its backends, which have sessions of their own. A killed one is gone after it."""
    postmaster = psutil.Process(server.mark.pid)
    backends = postmaster.children(recursive=True)
    for process in (postmaster, *backends):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    if number == signal.SIGKILL:
        os.waitpid(server.mark.pid, 0)
        psutil.wait_procs(backends, 10)


@contextmanager
def own_redis(home: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(home)
    try:
        yield server
    finally:
        server.kill()

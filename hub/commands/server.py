"""The web server and its workers: one that dies is replaced, and the port stays open meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections import deque
from typing import Any

from granian._granian import ListenerSpec
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from hub.demo.child import end_with_parent

_DEATHS, _WITHIN_S = 12, 10.0
DRAIN_S = 25.0
_AGAIN_S = 1.0
_WAKE = signal.SIGURG  # means nothing to whoever does not expect it
# It counts connections, idle ones too, and whoever comes after that many waits unanswered. Refusing in time is the
# door's work (max_in_flight of hub.yaml), so this only bounds the sockets.
_CONNECTIONS = 8192


def serve_until_told(target: str, host: str, port: int, workers: int, threads: int) -> None:
    """Serve this WSGI app until SIGTERM; what is in progress then has 25 s to end."""
    os.register_at_fork(after_in_child=_as_worker)
    Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backlog=4096,
        backpressure=_CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(keep_alive=True, header_read_timeout=30_000, max_buffer_size=64 << 10),
        websockets=False,
        log_enabled=False,
    ).serve()


def _as_worker() -> None:
    """Until a worker has its own, it would keep the parent's signal handlers, which do nothing for it: a stop that
    comes while it still starts would be lost. Ctrl-C is for the parent, who tells it, once. A thread that is woken
    does not push the one aside that woke it and holds the interpreter: it could only wait for it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(_WAKE, lambda *_: None)
    os.setpgid(0, 0)
    end_with_parent(signal.SIGTERM)
    with contextlib.suppress(AttributeError, OSError):  # elsewhere than on Linux
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class Server(MPServer):
    """The library gives each worker a port of its own by SO_REUSEPORT, so that whoever waits at a dead one is cut off;
    it ends itself when one dies twice within 5.5 s, and misses a death that is told while it replaces another. Here
    the parent holds the one port: a phone waits a moment instead of being refused."""

    def _init_shared_socket(self) -> None:
        holder = ListenerSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._shd: Any = holder
        self._sso: Any = socket.socket(fileno=holder.get_fd())
        self._sso.set_inheritable(True)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        deaths: deque[float] = deque(maxlen=_DEATHS)
        while True:
            while not self.main_loop_interrupt.wait(_AGAIN_S):
                pass  # python acts on a signal only when it runs: one that came as it lay down is taken up here
            self.main_loop_interrupt.clear()  # before looking: whatever is told from here on wakes it again
            if self.interrupt_signal:
                return
            while self.interrupt_children:
                deaths.append(time.monotonic())
                if len(deaths) == _DEATHS and deaths[-1] - deaths[0] < _WITHIN_S:
                    return  # they cannot live at all: whoever started the server shall know
                self._respawn_workers([self.interrupt_children.pop(0)], spawn_target, target_loader)

    def _stop_workers(self) -> None:
        """A worker that had just begun to wait would sleep through its signal: it is woken until it has ended. The
        signal itself is sent once: the library waits for ever, and lets nobody else go on, when it takes a third."""
        until = time.monotonic() + DRAIN_S
        workers: list[Any] = self.wrks
        for each in workers:
            each.terminate()
        while (left := [each.inner for each in workers if each.is_alive()]) and time.monotonic() < until:
            left[0].join(_AGAIN_S)
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, _WAKE)
        for process in left:
            process.kill()
            process.join()
        workers.clear()

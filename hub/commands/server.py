"""The web server and its workers: one that dies is replaced, and the port stays open meanwhile."""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import Any

from granian._granian import ListenerSpec
from granian.server.mp import MPServer

_DEATHS, _WITHIN_S = 12, 10.0


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
            self.main_loop_interrupt.wait()
            self.main_loop_interrupt.clear()  # before looking: whatever is told from here on wakes it again
            if self.interrupt_signal:
                return
            while self.interrupt_children:
                deaths.append(time.monotonic())
                if len(deaths) == _DEATHS and deaths[-1] - deaths[0] < _WITHIN_S:
                    return  # they cannot live at all: whoever started the server shall know
                self._respawn_workers([self.interrupt_children.pop(0)], spawn_target, target_loader)

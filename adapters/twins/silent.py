"""A port that accepts whoever comes and never says a word: what a frozen database server looks like from outside."""

from __future__ import annotations

import socket
import threading

from adapters.twins.wire import Door


class Silent:
    """`port` on loopback. Used as a context; its guests are let go at the end."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._door = Door(self._wait)
        self.port = self._door.port
        self.guests = 0

    def __enter__(self) -> Silent:
        self._door.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._door.close()

    def _wait(self, guest: socket.socket) -> None:  # noqa: ARG002
        self.guests += 1
        self._over.wait()

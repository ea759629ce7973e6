"""A department that calls us by itself: signed callbacks, sent in the background, tried a few times.

Where to: the address in the environment (TWINS_CALL, with the system's name put in for {system}), or what a test says.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import queue
import secrets as chance
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress

_TRIES = 3


class Calling:
    """`key` gives the key to sign with, anew for each call."""

    def __init__(self, system: str, key: Callable[[], str]) -> None:
        self.url, self._key = os.environ.get("TWINS_CALL", "").format(system=system), key
        self._waiting: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=f"{system}-calls", daemon=True).start()

    def tell(self, body: bytes) -> None:
        self._waiting.put((chance.token_hex(8), body))

    def _run(self) -> None:
        while True:
            event, body = self._waiting.get()
            for _ in range(_TRIES if self.url else 0):
                with suppress(OSError):
                    urllib.request.urlopen(self._signed(event, body), timeout=5).close()
                    break
                time.sleep(0.5)

    def _signed(self, event: str, body: bytes) -> urllib.request.Request:
        at = str(int(time.time()))
        text = "\n".join((event, at, hashlib.sha256(body).hexdigest()))
        sign = hmac.new(self._key().encode(), text.encode(), "sha256").hexdigest()
        headers = {"X-Event": event, "X-Time": at, "X-Sign": sign, "Content-Type": "application/json"}
        return urllib.request.Request(self.url, body, headers)

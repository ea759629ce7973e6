"""Carries bytes between a guest and a real server, and shows the wire's toxics on the way back.

Toxics: latency_ms, hang, drip, truncate_at, garbage, accept_then_drop. `down` is the door's.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from adapters.twins.toxics import Toxics
from adapters.twins.twin import Answer, Twin
from adapters.twins.wire import reset


def relay(twin: Twin, guest: socket.socket, server: socket.socket) -> None:
    """Until one of the two leaves; `server` is connected."""
    twin.counted()
    try:
        threading.Thread(target=_pour, args=(guest, server), daemon=True).start()
        _bring(twin, server, guest)
    finally:
        guest.shutdown(socket.SHUT_RDWR)  # closing alone would not, while the other direction still reads


def _bring(twin: Twin, server: socket.socket, guest: socket.socket) -> None:
    """What the server says, until a toxic ends it. `cut` counts from the moment the toxic was set."""
    seen, brought = twin.toxics, 0
    while data := server.recv(65_536):
        faults, healed = twin.toxics, twin.healed
        if faults is not seen:
            seen, brought = faults, 0
        if twin.lucky(faults.hang):
            healed.wait()
            return
        time.sleep(faults.latency_ms / 1000)
        if twin.lucky(faults.accept_then_drop):
            reset(guest)
            return
        if faults.garbage:
            data = twin.spoiled(Answer(data)).body
        cut = faults.truncate_at
        data = data[: max(0, cut.at - brought)] if cut else data
        _send(guest, data, faults)
        brought += len(data)
        if (cut and brought >= cut.at) or faults.garbage:
            return


def _send(guest: socket.socket, data: bytes, faults: Toxics) -> None:
    pause = faults.drip.body if faults.drip else 0.0
    for piece in (data[at : at + 1] for at in range(len(data))) if pause else (data,):
        guest.sendall(piece)
        time.sleep(pause)


def _pour(one: socket.socket, other: socket.socket) -> None:
    """Also a killed client's end is told to the server: it would keep the client's locks."""
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)

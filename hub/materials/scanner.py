"""The virus scanner beside the hub: INSTREAM of clamd over TCP or a Unix socket; without one nothing is scanned."""

from __future__ import annotations

import contextlib
import socket
from typing import Literal

Finding = Literal["clean", "infected", "unscanned", "none"]
_CONNECT_S, _ANSWER_S = 1.0, 15.0
_CHUNK = 64 * 1024
_LONGEST_ANSWER = 4096


def scan(address: str, body: bytes) -> Finding:
    """`none`: no scanner is set up. `unscanned`: it could not be reached, or would not say."""
    if address == "none":
        return "none"
    try:
        with contextlib.closing(_connect(address)) as line:
            line.settimeout(_ANSWER_S)
            line.sendall(b"zINSTREAM\0")
            for start in range(0, len(body), _CHUNK):
                chunk = body[start : start + _CHUNK]
                line.sendall(len(chunk).to_bytes(4, "big") + chunk)
            line.sendall(bytes(4))
            answer = _answer(line)
    except OSError:
        return "unscanned"
    if answer.endswith(b" FOUND"):
        return "infected"
    return "clean" if answer == b"stream: OK" else "unscanned"


def _connect(address: str) -> socket.socket:
    if address.startswith("unix:"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(_CONNECT_S)
        try:
            line.connect(address.removeprefix("unix:"))
        except OSError:
            line.close()
            raise
        return line
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    return socket.create_connection((host, int(port)), _CONNECT_S)


def _answer(line: socket.socket) -> bytes:
    got = b""
    while b"\0" not in got and len(got) < _LONGEST_ANSWER and (piece := line.recv(_LONGEST_ANSWER)):
        got += piece
    return got.partition(b"\0")[0].strip()

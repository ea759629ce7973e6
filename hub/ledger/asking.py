"""Asks a witness to cosign a checkpoint (C2SP tlog-witness, add-checkpoint). What goes out to witnesses and to the time
stamping authority goes out here: they are no departments, and no citizen waits for them."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Sequence
from urllib.parse import urlsplit

_SECONDS = 3.0
_MOST = 64 << 10
Asked = str | int
"""The lines it adds under the note, or how many leaves it has seen."""


class Refused(Exception):
    """It did not cosign; the text says why."""


def request(old: int, path: Sequence[bytes], note: str) -> str:
    """The body: what it has seen, the proof that nothing of that is gone, the note."""
    proof = "".join(f"{base64.b64encode(each).decode()}\n" for each in path)
    return f"old {old}\n{proof}\n{note}"


def ask(address: str, old: int, path: Sequence[bytes], note: str) -> Asked:
    """Raises Refused."""
    status, raw = post(f"{address.rstrip('/')}/add-checkpoint", request(old, path, note).encode(), "text/plain")
    try:
        told = raw.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise Refused("it answers no text") from error
    if status == 200:
        return told
    if status == 409 and told.strip().isdigit():
        return int(told)
    raise Refused(f"it answers {status}")


def post(address: str, body: bytes, media_type: str) -> tuple[int, bytes]:
    """Status and body of the answer, of which 64 KiB are read. Raises Refused."""
    place = urlsplit(address)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=_SECONDS)
    try:
        connection.request("POST", place.path or "/", body, {"Content-Type": media_type})
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST)
    except (OSError, http.client.HTTPException) as error:
        raise Refused(f"it does not answer: {type(error).__name__}") from error
    finally:
        connection.close()

"""What every twin is made of: a request, an answer, the records it holds, its quirks and its admin address.

A twin module offers `make(secrets: Path, seed: int) -> Twin`; the sockets are in wire.py. Twins never import the hub.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from adapters.twins import toxics
from adapters.twins.toxics import Toxics


@dataclass(frozen=True, slots=True)
class Request:
    """What came in, as it was. Header names are lower case; `query` is the raw text after the question mark."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out. Content-Length is added; Content-Type only when `media_type` is given."""

    body: bytes = b""
    status: int = 200
    media_type: str = "text/html"
    headers: Sequence[tuple[str, str]] = ()


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(value, ensure_ascii=False).encode(), status, "application/json; charset=utf-8")


@dataclass(slots=True)
class _Kept:
    record: dict[str, Any]
    visible_at: float


class Records:
    """What the department holds of what was filed, countable from outside (`GET /twin/records`)."""

    def __init__(self, current: Callable[[], Toxics], lucky: Callable[[float], bool]) -> None:
        self._current, self._lucky = current, lucky
        self._kept: list[_Kept] = []
        self._lock = threading.Lock()
        self._number = 0

    def add(self, record: Mapping[str, Any]) -> int:
        """Keep it and return its running number; under accept_then_lose the number is all that there is."""
        faults = self._current()
        with self._lock:
            self._number += 1
            if not self._lucky(faults.accept_then_lose):
                kept = {"number": self._number, **record}
                self._kept.append(_Kept(kept, time.monotonic() + faults.late_visible_ms / 1000))
            return self._number

    def visible(self) -> list[dict[str, Any]]:
        """What the department's own queries show by now."""
        now = time.monotonic()
        with self._lock:
            return [kept.record for kept in self._kept if kept.visible_at <= now]

    def all(self) -> list[dict[str, Any]]:
        """The truth, for whoever counts."""
        with self._lock:
            return [kept.record for kept in self._kept]

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


@dataclass
class Twin:
    """One department's system. A twin of its own overrides `answer`, and `admin` or `forget` where it needs them.

    `charset` is what its bodies are written in; `quirks` names every quirk it can show and whether it does by default
    (false, true, or a word that says which form of it). `scheme` is http, or what its service door speaks instead.
    """

    scheme: ClassVar[str] = "http"

    system: str
    protocol: str
    seed: int = 0
    charset: str = "utf-8"
    quirks: Mapping[str, Any] = field(default_factory=dict)
    department: str = ""

    def __post_init__(self) -> None:
        self.toxics = Toxics()
        self.healed = threading.Event()
        self.calls = 0
        self._luck = Random(self.seed)  # replayable faults, not secrets
        self._lock = threading.Lock()
        self._shown = dict(self.quirks)
        self.records = Records(lambda: self.toxics, self.lucky)

    def answer(self, request: Request) -> Answer:
        """The department's own logic. Called by many threads at once."""
        raise NotImplementedError

    def converse(self, guest: socket.socket) -> None:
        """One connection at the service door of a twin that speaks no HTTP there."""
        raise NotImplementedError

    def admin(self, request: Request) -> Answer | None:  # noqa: ARG002
        """An address of its own below /twin/; None where there is none."""
        return None

    def forget(self) -> None:
        """What `POST /twin/reset` undoes beside records, toxics and quirks."""

    def quirk(self, name: str) -> Any:
        return self._shown[name]

    def lucky(self, share: float) -> bool:
        if not share:
            return False
        with self._lock:
            return self._luck.random() < share

    def rows(self, rows: Sequence[Any], contradict: Callable[[Any], Any]) -> list[Any]:
        """The rows of a list as the toxic `duplicate` leaves them; `contradict` makes the differing second one."""
        kind = self.toxics.duplicate
        if not kind:
            return list(rows)
        return [twin for row in rows for twin in (row, row if kind == "same" else contradict(row))]

    def counted(self) -> None:
        with self._lock:
            self.calls += 1

    def spoiled(self, answer: Answer) -> Answer:
        """The answer after garbage and charset."""
        body = answer.body
        if self.toxics.garbage:
            with self._lock:
                body = toxics.rubbish(self.toxics.garbage, self._luck)
        if self.toxics.charset:
            body = toxics.recoded(body, self.charset, self.toxics.charset)
        return Answer(body, answer.status, answer.media_type, answer.headers)

    def set_toxics(self, wanted: Toxics) -> None:
        """Who hangs under the old ones is let go: its connection is closed."""
        self.toxics, healed = wanted, self.healed
        self.healed = threading.Event()
        healed.set()

    def administer(self, request: Request) -> Answer:
        """Everything below /twin/. No toxic touches it."""
        own = self.admin(request)
        if own is not None:
            return own
        try:
            return self._administer(request)
        except (ValueError, AttributeError) as error:
            return as_json({"error": str(error)}, 400)

    def _administer(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/twin/records":
                return as_json({"records": self.records.all(), "calls": self.calls})
            case "PUT", "/twin/toxics":
                self.set_toxics(toxics.read(json.loads(request.body)))
            case "DELETE", "/twin/toxics":
                self.set_toxics(Toxics())
            case "PUT", "/twin/quirks":
                self._show(json.loads(request.body))
            case "GET", "/twin/quirks":
                pass
            case "POST", "/twin/reset":
                self._reset()
            case _:
                return as_json({"error": "not found"}, 404)
        return as_json({"quirks": self._shown, "healthy": self.toxics == Toxics()})

    def _show(self, wanted: Mapping[str, Any]) -> None:
        unknown = wanted.keys() - self.quirks.keys()
        if unknown:
            raise ValueError(f"this twin does not know {', '.join(sorted(unknown))}")
        self._shown = self._shown | dict(wanted)

    def _reset(self) -> None:
        self.set_toxics(Toxics())
        self._shown = dict(self.quirks)
        self.records.clear()
        with self._lock:
            self.calls, self._luck = 0, Random(self.seed)
        self.forget()

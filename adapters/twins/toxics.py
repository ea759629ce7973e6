"""The faults a twin can be told to show, applied outside its own logic. `PUT /twin/toxics` replaces all of them.

latency_ms        the answer comes that much later
hang              accepts the request, never answers (true, or a share such as 0.1)
down              the service port refuses connections, open ones are reset
drip              milliseconds between two bytes: true (300), a number, or {"head_ms": 300, "body_ms": 800}
truncate_at       the body ends after n bytes: n, or {"at": n, "framing": "length" | "chunked" | "close"}
garbage           another body under 200: true or "bytes", "html", "empty", "json"
charset           the body re-encoded, declarations left as they are: "utf-8"
status            that HTTP status, the request is not carried out
duplicate         rows of lists come twice: true, or "contradict" for two rows that differ
accept_then_drop  carried out, then the connection is cut without an answer (true or a share)
accept_then_lose  answered as done, and not kept (true or a share)
late_visible_ms   what was filed shows in the department's own queries only that much later
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

GARBAGE = ("bytes", "html", "empty", "json")
FRAMINGS = ("length", "chunked", "close")


@dataclass(frozen=True, slots=True)
class Cut:
    at: int
    framing: str = "length"


@dataclass(frozen=True, slots=True)
class Drip:
    """Seconds between two bytes of the head and of the body."""

    head: float
    body: float


@dataclass(frozen=True, slots=True)
class Toxics:
    latency_ms: float = 0
    hang: float = 0.0
    down: bool = False
    drip: Drip | None = None
    truncate_at: Cut | None = None
    garbage: str = ""
    charset: str = ""
    status: int = 0
    duplicate: str = ""
    accept_then_drop: float = 0.0
    accept_then_lose: float = 0.0
    late_visible_ms: float = 0


def read(wanted: Mapping[str, Any]) -> Toxics:
    """The toxics a PUT asks for. Raises ValueError naming the first one that is not understood."""
    toxics = Toxics()
    for name, value in wanted.items():
        if name not in _READERS:
            raise ValueError(f"unknown toxic {name}")
        try:
            toxics = replace(toxics, **{name: _READERS[name](value)})
        except (TypeError, LookupError, ValueError) as error:
            raise ValueError(f"toxic {name}: value not understood") from error
    return toxics


def _share(value: Any) -> float:
    share = float(value)
    if not 0.0 <= share <= 1.0:
        raise ValueError
    return share


def _milliseconds(value: Any) -> float:
    if isinstance(value, bool) or float(value) < 0:
        raise ValueError
    return float(value)


def _drip(value: Any) -> Drip | None:
    if isinstance(value, Mapping):
        return Drip(float(value.get("head_ms", 0)) / 1000, float(value.get("body_ms", 0)) / 1000)
    pause = 0.3 if value is True else float(value) / 1000
    return Drip(pause, pause) if pause else None


def _cut(value: Any) -> Cut | None:
    if value is None or value is False:
        return None
    cut = Cut(int(value["at"]), value.get("framing", "length")) if isinstance(value, Mapping) else Cut(int(value))
    if cut.at < 0 or cut.framing not in FRAMINGS:
        raise ValueError
    return cut


def _one_of(*names: str) -> Callable[[Any], str]:
    """`true` means the first of the names."""

    def reader(value: Any) -> str:
        chosen = names[0] if value is True else value or ""
        if chosen not in ("", *names):
            raise ValueError
        return str(chosen)

    return reader


def _charset(value: Any) -> str:
    name = "utf-8" if value is True else str(value or "")
    "".encode(name or "utf-8")  # LookupError on an unknown one
    return name


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "latency_ms": _milliseconds,
    "hang": _share,
    "down": bool,
    "drip": _drip,
    "truncate_at": _cut,
    "garbage": _one_of(*GARBAGE),
    "charset": _charset,
    "status": int,
    "duplicate": _one_of("same", "contradict"),
    "accept_then_drop": _share,
    "accept_then_lose": _share,
    "late_visible_ms": _milliseconds,
}


def rubbish(kind: str, luck: Random) -> bytes:
    """The body that stands in for the real one."""
    if kind == "html":
        return "<html><body><h1>502 Bad Gateway</h1><p>网关错误</p></body></html>".encode("gb18030")
    if kind == "json":
        return b'{"code": "0000", "data": [1, 2, 3]}'
    return luck.randbytes(luck.randint(1, 2048)) if kind == "bytes" else b""


def recoded(body: bytes, own: str, wanted: str) -> bytes:
    """The same text in another charset, its declarations untouched: what a mis-set server sends."""
    try:
        return body.decode(own).encode(wanted)
    except UnicodeError:
        return body

"""What the hub itself puts into a message of its own making: a running number, a secret, the time in China."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from adapters.protocols.facts import Strict, Words, unusable

_CHINA = timezone(timedelta(hours=8))
SOURCES = ("serial", "secret", "clock")

Stamp = Callable[[], str]


class StampFacts(Strict):
    """A `serial` number, a `secret` by name, or China's time in the format `clock`."""

    serial = fields.Boolean(load_default=False)
    secret = Words(load_default="")
    clock = Words(load_default="")

    @validates_schema
    def one_source(self, data: dict[str, Any], **_: Any) -> None:
        if sum(bool(data[source]) for source in SOURCES) > 1:
            raise ValidationError(f"at most one of {', '.join(SOURCES)}")


def stamp(facts: Mapping[str, Any], digits: int, keys: Mapping[str, str]) -> Stamp | None:
    """How a field is filled, or None where the hub does not; `digits` is the width of a serial number."""
    if facts["serial"]:
        return _Serials(digits).next
    if facts["secret"]:
        return partial(str, secret(keys, facts["secret"]))
    return _Clock(facts["clock"]).now if facts["clock"] else None


def secret(keys: Mapping[str, str], name: str) -> str:
    if not keys.get(name):
        raise unusable(f"the secret {name} is missing")
    return keys[name]


class _Serials:
    """Running numbers from a place of their own, so that two workers hardly ever use the same one."""

    def __init__(self, digits: int) -> None:
        self._beyond = 10 ** min(digits, 18)
        self._last = secrets.randbelow(self._beyond)
        self._lock = threading.Lock()

    def next(self) -> str:
        with self._lock:
            self._last = (self._last + 1) % self._beyond
            return str(self._last)


class _Clock:
    """China's time, written anew when the second is another."""

    def __init__(self, form: str) -> None:
        self._form, self._finer = form, "%f" in form
        self._told = -1, ""

    def now(self) -> str:
        now = time.time()
        second, told = self._told
        if second != int(now) or self._finer:
            told = datetime.fromtimestamp(now, _CHINA).strftime(self._form)
            self._told = int(now), told
        return told

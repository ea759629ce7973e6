"""Kept answers: fresh ones spare the department a question, older ones stand in, marked stale, while it fails.

Everything is sealed, in Redis as in the small store of this process in front of it. A key holds no personal value.
Of one person and service at most eight answers are kept, whatever fields are asked for. Redis is told behind the
citizen's back: many answers in one trip, and none of them waits for it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import orjson
from redis import Redis

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.gateway.orders import Answer
from hub.gateway.passage import Onward, Passage
from hub.gateway.redis_line import Away, RedisLine
from hub.port import Garbled, OutcomeUnknown, Unavailable
from hub.settings.shapes import Service

_PURPOSE = "gateway.answer"
_SLOTS = 8
_BYTES_HERE = 16 << 20
_LINGER_S = 0.01
_WAITING = 5000  # more than this and Redis is too slow to matter: the newest are kept in this process only


class Kept:
    """Sealed answers by person, service and fields."""

    def __init__(self, line: RedisLine, crypto: Crypto) -> None:
        self._line = line
        self._crypto = crypto
        self._here: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[bytes, int]] = {}
        self._wake, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="kept-answers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._wake.set()
        if self._thread.ident:
            self._thread.join(2)

    def find(self, service: Service, passage: Passage) -> Iterator[Answer]:
        """What is kept for this question: here, then in Redis, where another worker may have put a younger one."""
        name, purpose = self._names(service, passage)
        here = self._here.get(name)
        if here is not None:
            yield from self._opened(here, purpose)
        with suppress(Away):
            shared = self._line.ask(lambda redis: redis.get(name))
            if isinstance(shared, bytes) and shared != here:
                yield from self._opened(shared, purpose)

    def keep(self, service: Service, passage: Passage, answer: Answer) -> None:
        name, purpose = self._names(service, passage)
        sealed = self._crypto.seal(answer.packed(), purpose)
        self._keep_here(name, sealed)
        with self._lock:
            if len(self._waiting) < _WAITING:
                self._waiting[name] = sealed, max(service.cache_s, service.stale_s)
        self._wake.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.wait()
            time.sleep(_LINGER_S)  # so that what comes together goes together
            self.flush()

    def flush(self) -> None:
        """Tell Redis what it has not been told yet; what it does not take is kept in this process only."""
        self._wake.clear()
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if waiting:
            with suppress(Away):
                self._line.ask(partial(_told, waiting))

    def forget(self, subject_tag: bytes, services: Iterable[str]) -> None:
        """Wipe what is kept of one person: at logout, or when a consent is withdrawn."""
        names = [_name(subject_tag, service, slot) for service in services for slot in range(_SLOTS)]
        with self._lock:
            for name in names:
                self._waiting.pop(name, None)
                self._size -= len(self._here.pop(name, b""))
        if names:
            with suppress(Away):
                self._line.ask(lambda redis: redis.delete(*names))

    def _opened(self, sealed: bytes, purpose: str) -> Iterator[Answer]:
        with suppress(Problem):  # the fields are part of the purpose: another question's answer does not open
            yield Answer.unpacked(self._crypto.open(sealed, purpose))

    def _keep_here(self, name: str, sealed: bytes) -> None:
        with self._lock:
            self._size += len(sealed) - len(self._here.pop(name, b""))
            self._here[name] = sealed
            while self._size > _BYTES_HERE:
                self._size -= len(self._here.popitem(last=False)[1])

    def _names(self, service: Service, passage: Passage) -> tuple[str, str]:
        question = orjson.dumps([service.version, dict(passage.fields)], option=orjson.OPT_SORT_KEYS).decode()
        digest = self._crypto.lookup(question, _PURPOSE)
        name = _name(passage.subject_tag, service.id, digest[0] % _SLOTS)
        return name, f"{_PURPOSE}:{name}:{digest.hex()}"


def _told(waiting: Mapping[str, tuple[bytes, int]], redis: Redis) -> None:
    with redis.pipeline(transaction=False) as line:
        for name, (sealed, seconds) in waiting.items():
            line.set(name, sealed, ex=seconds)
        line.execute()


def _name(subject_tag: bytes, service: str, slot: int) -> str:
    return f"hub:answer:{subject_tag.hex()[:32]}:{service}:{slot}"


class Cached:
    """The step: a fresh answer ends the way here; a failure below may be bridged by an older one."""

    def __init__(self, kept: Kept, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock

    def __call__(self, onward: Onward, passage: Passage) -> Answer:
        service = passage.service
        if service is None or passage.write or not (service.cache_s or service.stale_s):
            return onward(passage)
        kept = self._younger(service, passage, service.cache_s)
        if kept is not None:
            passage.cached = True
            return kept
        try:
            answer = onward(passage)
        except (Unavailable, OutcomeUnknown, Garbled) as failure:
            older = self._younger(service, passage, service.stale_s)
            if older is None or failure.kind.action != "wait":  # what a person must look into is not papered over
                raise
            passage.stale, passage.failure = True, failure.code
            return replace(older, stale=True)
        self._kept.keep(service, passage, answer)
        return answer

    def _younger(self, service: Service, passage: Passage, seconds: int) -> Answer | None:
        if not seconds:
            return None
        oldest = self._clock.now() - timedelta(seconds=seconds)
        return next((kept for kept in self._kept.find(service, passage) if kept.at > oldest), None)

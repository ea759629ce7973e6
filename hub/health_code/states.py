"""How everybody stands, as this worker knows it: at most some seconds behind the database, and going on without it.

In memory first, then sealed in Redis, then the table. A thread asks twice a second what changed and puts it into both.
While PostgreSQL is away the last known is good for the minutes that the configuration says; then it is not believed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import structlog
from redis import Redis
from sqlalchemy import Connection, func, select

from hub.clock import Clock
from hub.crypto import Crypto, mask_id, mask_name
from hub.database import Database
from hub.errors import Problem
from hub.gateway.redis_line import Away, RedisLine
from hub.health_code.models import ChangeRow, CodeRow

HOLDER = "health_code.holder"
_STATE = "health_code.state"
_BELIEVED_S = 5.0
_EVERY_S = 0.4
_KNOWN = 50_000
_KEPT_S = 86_400
_AT_ONCE = 1000
_TOLD = timedelta(minutes=10)
# What is older than what is there is not put: two workers may have read in another order than they write.
_NEWER = """
local old = redis.call('get', KEYS[1])
if old and tonumber(string.sub(old, 1, 16)) > tonumber(ARGV[1]) then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""
_COLUMNS = (CodeRow.citizen_id, CodeRow.grade, CodeRow.reason, CodeRow.declared_at, CodeRow.valid_until,
            CodeRow.review_by, CodeRow.paper_serial, CodeRow.version, CodeRow.holder_sealed)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """How one person stands. `grade` is empty where there is none yet; `review_by` is promised while a person looks."""

    citizen_id: str
    grade: str
    reason: str
    declared_at: datetime
    valid_until: datetime
    review_by: datetime | None
    paper_serial: int
    version: int
    name_masked: str
    id_masked: str


class States:
    """One for the process; without `start` it asks the table each time."""

    def __init__(
        self, database: Database, line: RedisLine, crypto: Crypto, clock: Clock, blind_s: Callable[[], float],
        is_over: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._database, self._line, self._crypto, self._clock = database, line, crypto, clock
        self._blind_s, self._is_over = blind_s, is_over
        self._put = line.client.register_script(_NEWER)
        self._known: OrderedDict[str, State] = OrderedDict()
        self._lock = threading.Lock()
        self._newest = -1
        self._confirmed = float("-inf")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="health-code", daemon=True)
        self._log = structlog.get_logger()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.ident:
            self._thread.join(5)

    def of(self, citizen_id: str) -> State | None:
        """None for who never declared. Raises STORE_UNAVAILABLE where nobody can say any more."""
        known, age = self._known.get(citizen_id), self._clock.monotonic() - self._confirmed
        if age < _BELIEVED_S:
            return known or self._from_redis(citizen_id) or self._loaded(citizen_id)
        if age < self._blind_s():
            found = [each for each in (self._from_redis(citizen_id), known) if each]
            if found:
                return max(found, key=lambda state: state.version)
        return self._loaded(citizen_id)

    def refresh(self) -> None:
        """Look now what changed; raises STORE_UNAVAILABLE. After the last day nothing is known any more."""
        if self._is_over():
            with self._lock:
                self._known.clear()
            return
        asked, more = self._clock.monotonic(), True
        while more:
            with self._database.read() as connection:
                newest, changed = self._changed(connection)
                found = self._read(connection, changed)
            self._publish(found, set(changed) - {state.citizen_id for state in found})
            more = len(changed) == _AT_ONCE
            with self._lock:
                self._newest = max(newest, self._newest)
        with self._lock:
            self._confirmed = max(asked, self._confirmed)

    def forget(self, citizens: Sequence[str]) -> int:
        """The copies in Redis of these people; how many there were. Raises Away: then some may still be there."""
        gone = 0
        for start in range(0, len(citizens), _AT_ONCE):
            names = [self._name(each) for each in citizens[start : start + _AT_ONCE]]
            gone += self._line.ask(partial(_deleted, names))
        return gone

    def _changed(self, connection: Connection) -> tuple[int, Sequence[str]]:
        """A worker begins with the last minutes: whoever made a change may have died before telling Redis."""
        if self._newest < 0:
            old = ChangeRow.at < self._clock.now() - _TOLD
            self._newest = connection.scalar(select(func.coalesce(func.max(ChangeRow.id), 0)).where(old)) or 0
        wanted = select(ChangeRow.id, ChangeRow.citizen_id).where(ChangeRow.id > self._newest)
        rows = connection.execute(wanted.order_by(ChangeRow.id).limit(_AT_ONCE)).all()
        return max((row[0] for row in rows), default=self._newest), [row[1] for row in rows]

    def _loaded(self, citizen_id: str) -> State | None:
        with self._database.read() as connection:
            found = self._read(connection, [citizen_id])
        self._publish(found, ())
        return found[0] if found else None

    def _read(self, connection: Connection, citizens: Sequence[str]) -> list[State]:
        if not citizens:
            return []
        rows = connection.execute(select(*_COLUMNS).where(CodeRow.citizen_id.in_(citizens)))
        return [self._state(row) for row in rows]

    def _state(self, row: Any) -> State:
        whose, number = orjson.loads(self._crypto.open(row.holder_sealed, f"{HOLDER}:{row.citizen_id}"))
        told = {name: value for name, value in row._mapping.items() if name != "holder_sealed"}
        return State(**told, name_masked=mask_name(whose), id_masked=mask_id(number))

    def _publish(self, found: Iterable[State], gone: Iterable[str]) -> None:
        for state in found:
            self._remember(state)
            name = self._name(state.citizen_id)
            sealed = self._crypto.seal(orjson.dumps(state), f"{_STATE}:{name}")
            value = f"{state.version:016d}".encode() + sealed
            self._ask(partial(self._put, [name], [state.version, value, _KEPT_S]))
        for citizen_id in gone:
            self._known.pop(citizen_id, None)
            self._ask(partial(_delete, self._name(citizen_id)))

    def _remember(self, state: State) -> None:
        with self._lock:
            known = self._known.get(state.citizen_id)
            if known is None or known.version <= state.version:
                self._known[state.citizen_id] = state
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def _from_redis(self, citizen_id: str) -> State | None:
        name = self._name(citizen_id)
        value = self._ask(lambda redis: redis.get(name))
        if not isinstance(value, bytes):
            return None
        with suppress(Problem):  # sealed under a key that is gone, or not by us: as good as lost
            told = orjson.loads(self._crypto.open(value[16:], f"{_STATE}:{name}"))
            for moment in ("declared_at", "valid_until", "review_by"):
                told[moment] = told[moment] and datetime.fromisoformat(told[moment])
            state = State(**told)
            self._remember(state)
            return state
        return None

    def _ask(self, question: Callable[..., object]) -> object:
        try:
            return self._line.ask(question)
        except Away:
            return None

    def _name(self, citizen_id: str) -> str:
        return f"hub:health:{self._crypto.lookup(citizen_id, _STATE).hex()[:32]}"

    def _watch(self) -> None:
        blind = False
        while not self._stopped.is_set():
            try:
                self.refresh()
                blind = False
            except Exception as error:
                if not blind:
                    self._log.warning("health_code_blind", error=type(error).__name__)
                blind = True
            self._stopped.wait(_EVERY_S)


def _delete(name: str, redis: Redis) -> None:
    redis.delete(name)


def _deleted(names: Sequence[str], redis: Redis) -> int:
    return int(redis.unlink(*names))

"""Feature X9: two citizens through one legacy cookie session never see each other's record.

The civil affairs twin keeps the current person in its session, as such systems do. Two controls stand against it, and
each is seen here to work alone: the session is used by one caller at a time, and an answer must name its person.
"""

from __future__ import annotations

import copy
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.crypto import Crypto
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.shared import SharedStore
from hub.port import Adapter, Garbled, OutcomeUnknown, PortError
from hub.settings.reader import read_yaml
from tests.county import SUITE
from tests.protocols.bureau import FOLDER, HAN, LIN, Bureau, ask
from tests.protocols.conftest import Worker

SYSTEM = "civil_affairs"
MIXED = "somebody else's record"


@pytest.fixture
def civil(start: Callable[[str], Bureau]) -> Iterator[Bureau]:
    yield start(SYSTEM)


def facts(**changes: Any) -> Mapping[str, Any]:
    """The shipped system.yaml with a control taken out."""
    value: dict[str, Any] = copy.deepcopy(read_yaml(FOLDER / SYSTEM / "system.yaml").value)
    value["form"]["session"] |= {"serial": changes.pop("serial", True)}
    return value | changes


def interleaved(adapters: Sequence[Adapter], calls: int) -> Counter[str]:
    """Two citizens at once, `calls` in all, each asking for their own record; what came of it, counted."""
    counted: Counter[str] = Counter()
    gate, guard = threading.Barrier(2), threading.Lock()

    def citizen(who: Mapping[str, str], adapter: Adapter) -> None:
        gate.wait()
        for _ in range(calls // 2):
            try:
                fields = ask(adapter, "query_marriage", 20, **who).fields
                own = fields["id_number"] == who["id_number"] and fields["name"] == who["name"]
                outcome = "own record" if own else MIXED
            except PortError as error:
                outcome = error.code
            with guard:
                counted[outcome] += 1

    threads = [
        threading.Thread(target=citizen, args=(who, adapter)) for who, adapter in zip((HAN, LIN), adapters, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counted


def test_feat_X9_a_thousand_interleavings_no_mix(civil: Bureau, worker: Worker) -> None:
    adapter = civil.open(worker(SYSTEM))
    assert interleaved([adapter, adapter], 1000) == {"own record": 1000}
    assert civil.twin.logins == 1


def test_feat_X9_quirk_Q16_between_workers_too(civil: Bureau, new_worker: Callable[[], Worker]) -> None:
    adapters = [civil.open(new_worker()(SYSTEM)) for _ in range(2)]
    assert interleaved(adapters, 100) == {"own record": 100}
    assert civil.twin.logins == 1


def test_feat_X9_fault_F16_when_redis_goes_away(civil: Bureau, redis: str) -> None:
    """Then no lock spans the workers: each logs in for itself, and the first control still stands alone."""
    civil.tell("/twin/quirks", Q16=False)  # or they would throw each other out for ever
    with Gate(redis) as gate:
        crypto = Crypto({"k1": os.urandom(32)}, SUITE)
        lines = [RedisLine(connect(gate.url)) for _ in range(2)]
        adapters = [civil.open(SharedStore(line, crypto).for_system(SYSTEM), facts(subject="")) for line in lines]
        assert interleaved(adapters, 40) == {"own record": 40}
        assert civil.twin.logins == 1
        gate.shut()
        assert interleaved(adapters, 1000) == {"own record": 1000}
        assert all(line.away for line in lines) and civil.twin.logins == 2
        for line in lines:
            line.close()


class Gate:
    """A door to Redis that can be shut."""

    def __init__(self, redis: str) -> None:
        parts = urlsplit(redis)
        self._path, self._host = parts.path if parts.scheme == "unix" else "", (parts.hostname, parts.port or 6379)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []

    def __enter__(self) -> Gate:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def shut(self) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:
                return
            inside = socket.socket(socket.AF_UNIX if self._path else socket.AF_INET)
            inside.connect(self._path or self._host)
            self._open += [guest, inside]
            for one, other in ((guest, inside), (inside, guest)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)


def test_feat_X9_without_turns_the_answer_is_refused(civil: Bureau, worker: Worker) -> None:
    """The second control alone: the record of the other is never delivered."""
    adapter = civil.open(worker(SYSTEM), facts(serial=False))
    counted = interleaved([adapter, adapter], 1000)
    assert counted["UPSTREAM_SUBJECT_MISMATCH"] > 0
    assert counted[MIXED] == 0 and set(counted) == {"own record", "UPSTREAM_SUBJECT_MISMATCH"}


def test_feat_X9_without_both_the_twin_does_mix(civil: Bureau, worker: Worker) -> None:
    """What the tests above would look like if neither control were there: this drill can tell."""
    adapter = civil.open(worker(SYSTEM), facts(serial=False, subject=""))
    assert interleaved([adapter, adapter], 1000)[MIXED] > 0


def test_row_B96_the_record_of_another_person_is_refused(civil: Bureau, worker: Worker) -> None:
    adapter = civil.open(worker(SYSTEM))
    other = civil.twin.county.residents[LIN["id_number"]]
    civil.twin.resident = lambda form: other
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query_marriage", **HAN)
    assert caught.value.code == "UPSTREAM_SUBJECT_MISMATCH"
    assert LIN["id_number"] not in str(caught.value) and LIN["id_number"].encode() in caught.value.sample


def test_feat_X9_a_session_with_an_unanswered_request_is_left_behind(civil: Bureau, worker: Worker) -> None:
    """The department chooses the late caller's person when the next one is already on: in a session nobody uses."""
    adapter = civil.open(worker(SYSTEM))
    ask(adapter, "query_marriage", **HAN)
    civil.tell("/twin/toxics", latency_ms=700)
    with pytest.raises(OutcomeUnknown):
        ask(adapter, "query_marriage", 0.3, **LIN)  # her request is still on its way inside the department
    civil.tell("/twin/toxics", "DELETE")
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        assert ask(adapter, "query_marriage", **HAN).fields["id_number"] == HAN["id_number"]
    assert civil.twin.logins == 2

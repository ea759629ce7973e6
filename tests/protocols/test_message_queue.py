"""Message queues: a real RabbitMQ, a STOMP broker, and both at their worst (legacy.md Q52-Q55)."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from adapters.twins.message_queue_site import MessageQueueSite
from adapters.twins.relay import relay
from adapters.twins.toxics import Drip, Toxics
from adapters.twins.twin import Twin
from adapters.twins.wire import Server
from hub.errors import Problem
from hub.port import Call, Delivery, Denied, Garbled, OutcomeUnknown, Unavailable
from tests.county import eventually
from tests.protocols.queue import RESULTS, Kept, Rabbit, opened

RESULT = (RESULTS / "result.json").read_bytes()
DECLARATION = {"credit_code": "91360423MA0000001X", "org_name": "示范纺织（虚构）", "item_code": "FG01",
               "reopens_on": "2026-02-01"}  # fmt: skip


@pytest.fixture
def site() -> Iterator[MessageQueueSite]:
    running = MessageQueueSite().start()
    yield running
    running.stop()


class Line:
    """A queue on either broker, with an adapter on it."""

    def __init__(self, wire: str, broker: Rabbit | MessageQueueSite, prefetch: int = 50) -> None:
        self.broker = broker
        self.queue = broker.queue() if isinstance(broker, Rabbit) else "county.test_result"

        def change(facts: dict[str, Any]) -> None:
            facts["message_queue"].update(wire=wire, queue=self.queue, prefetch=prefetch)

        self.adapter = opened("nucleic_acid", broker.address, change)

    def put(self, *bodies: bytes, id: str = "") -> None:
        for body in bodies:
            if isinstance(self.broker, Rabbit):
                self.broker.put(self.queue, body, id=id or None)
            else:
                self.broker.put(self.queue, body, id)

    def empty(self) -> bool:
        if isinstance(self.broker, Rabbit):
            return self.broker.count(self.queue) == 0
        return not self.broker.waiting(self.queue)

    def collect(self, settle: bool = True) -> list[Delivery]:
        found = []
        for delivery in self.adapter.collect(time.monotonic() + 20):
            found.append(delivery)
            if settle:
                self.adapter.settle(delivery)
        return found


@pytest.fixture(params=["amqp", "stomp"])
def line(request: pytest.FixtureRequest) -> Line:
    return Line(request.param, request.getfixturevalue("rabbitmq" if request.param == "amqp" else "site"))


def test_quirk_Q52_what_is_not_acknowledged_comes_again(line: Line) -> None:
    line.put(b"1", b"2", b"3")
    assert [each.raw for each in line.collect(settle=False)] == [b"1", b"2", b"3"]
    assert sorted(each.raw for each in line.collect()) == [b"1", b"2", b"3"]
    eventually(line.empty, 20)
    assert line.collect() == []


def test_quirk_Q52_broken_off_in_the_middle(line: Line) -> None:
    line.put(b"1", b"2", b"3")
    deliveries = line.adapter.collect(time.monotonic() + 20)
    line.adapter.settle(next(deliveries))
    next(deliveries)
    deliveries.close()
    eventually(lambda: sorted(each.raw for each in line.collect(settle=False)) == [b"2", b"3"], 20)


def test_quirk_Q52_what_is_settled_out_of_turn_takes_none_before_it_along(rabbitmq: Rabbit) -> None:
    line = Line("amqp", rabbitmq)
    line.put(*(b"%d" % number for number in range(60)))
    deliveries = line.adapter.collect(time.monotonic() + 20)
    first, second, *rest = itertools.islice(deliveries, 40)
    for delivery in (first, *rest):
        line.adapter.settle(delivery)
    deliveries.close()
    left = {second.raw, *(b"%d" % number for number in range(40, 60))}
    eventually(lambda: {each.raw for each in line.collect(settle=False)} == left, 20)


def test_quirk_Q52_a_message_goes_by_the_departments_name_or_by_its_bytes(line: Line) -> None:
    line.put(b"1", id="result-1")
    assert [each.id for each in line.collect()] == ["result-1"]
    if isinstance(line.broker, Rabbit):
        line.put(b"1", b"1", b"2")
        ids = [each.id for each in line.collect()]
        assert ids[0] == ids[1] != ids[2] and len(ids[0]) == 64


def test_no_more_than_the_prefetch_are_on_their_way(rabbitmq: Rabbit) -> None:
    line = Line("amqp", rabbitmq, prefetch=5)
    line.put(*(b"%d" % number for number in range(20)))
    deliveries = line.adapter.collect(time.monotonic() + 20)
    next(deliveries)
    eventually(lambda: rabbitmq.count(line.queue) == 15, 20)
    time.sleep(0.3)
    assert rabbitmq.count(line.queue) == 15
    deliveries.close()


def test_quirk_Q55_gbk_without_a_content_type(rabbitmq: Rabbit) -> None:
    body = RESULT.decode("utf-8").encode("gbk")
    line = Line("amqp", rabbitmq)
    line.put(body)
    (delivery,) = line.collect()
    with pytest.raises(Garbled) as caught:  # utf-8 is pinned there
        list(line.adapter.read(delivery))
    assert caught.value.code == "UPSTREAM_CHARSET"
    gbk = opened("nucleic_acid", rabbitmq.address, lambda facts: facts.update(encoding="gbk"))
    (record,) = gbk.read(delivery)
    assert record.fields["name"] == "韩山福"
    with pytest.raises(Garbled):
        list(gbk.read(Delivery("m", RESULT, {"body": "json"})))


def declaring(address: str, topic: str, **more: Any) -> Any:
    def change(facts: dict[str, Any]) -> None:
        facts["message_queue"]["wire"] = address.partition("://")[0]
        facts["operations"]["declare"]["message_queue"]["topic"] = topic

    return opened("resumption", address, change, **more)


def declare(adapter: Any, seconds: float = 10.0, key: str = "K-0000000000000001", **more: str) -> Any:
    return adapter.call(Call("declare", {**DECLARATION, **more}, time.monotonic() + seconds, key=key))


def test_what_is_published_is_there_persistent_and_in_the_departments_words(rabbitmq: Rabbit) -> None:
    queue = rabbitmq.queue()
    reply = declare(declaring(rabbitmq.address, queue))
    assert (reply.done, reply.receipt) == (False, "K-0000000000000001")
    ((properties, body),) = rabbitmq.take(queue)
    assert (properties.message_id, properties.delivery_mode) == ("K-0000000000000001", 2)
    text = body.decode("gbk")
    assert "<qymc>示范纺织（虚构）</qymc>" in text and "<fgrq>20260201</fgrq>" in text
    assert "<ywlsh>K-0000000000000001</ywlsh>" in text


def test_threat_T15_row_B59_no_markup_of_a_citizen_gets_into_the_message(site: MessageQueueSite) -> None:
    declare(declaring(site.address, "q"), item_code="</sxbm><x>&")
    assert b"<sxbm>&lt;/sxbm&gt;&lt;x&gt;&amp;</sxbm>" in site.waiting("q")[0].body
    with pytest.raises(Problem, match="TEXT_CONTROL"):
        declare(declaring(site.address, "q"), item_code="a\0b")


@pytest.mark.parametrize("quirk", ["Q54", "lost", "silent"])
def test_quirk_Q54_fault_F1_fault_F11_fault_F12_no_receipt_is_no_answer(site: MessageQueueSite, quirk: str) -> None:
    site.quirks[quirk] = True
    with pytest.raises(OutcomeUnknown):
        declare(declaring(site.address, "q"), seconds=1)
    assert len(site.waiting("q")) == (quirk != "lost")  # which of both nobody can tell


@pytest.mark.parametrize("drip", [0.3, 2.0])
def test_fault_F4_a_broker_that_drips_ends_at_the_deadline(site: MessageQueueSite, drip: float) -> None:
    site.quirks["drip"] = drip
    started = time.monotonic()
    with pytest.raises((Unavailable, OutcomeUnknown)):
        declare(declaring(site.address, "q"), seconds=1)
    assert time.monotonic() - started < 10
    assert not site.waiting("q")


class Carrier(Twin):
    """Before a real broker: what it says comes a byte at a time, with this pause."""

    scheme = "amqp"

    def __init__(self, port: int, pause: float) -> None:
        super().__init__("broker", "message_queue")
        self._port, self.toxics = port, Toxics(drip=Drip(pause, pause))

    def converse(self, guest: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            relay(self, guest, server)


@contextmanager
def dripping(broker: Rabbit, pause: float) -> Iterator[str]:
    """Where it is reached. Its greeting has some 500 bytes."""
    door = Server(Carrier(broker.port, pause)).start()
    yield door.address
    door.stop()


def test_fault_F4_a_real_broker_that_drips_its_greeting_ends_at_the_deadline(rabbitmq: Rabbit) -> None:
    queue = rabbitmq.queue()
    with dripping(rabbitmq, 0.02) as address:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            declare(declaring(address, queue), seconds=1)
        assert time.monotonic() - started < 7
    assert rabbitmq.count(queue) == 0


def test_fault_F4_a_message_that_drips_in_ends_at_the_deadline(rabbitmq: Rabbit) -> None:
    queue = rabbitmq.queue()
    rabbitmq.put(queue, b"x" * 20_000)
    with dripping(rabbitmq, 0.001) as address:
        adapter = opened("nucleic_acid", address, lambda facts: facts["message_queue"].update(queue=queue))
        started = time.monotonic()
        with pytest.raises(Unavailable):
            list(adapter.collect(started + 2))
        assert time.monotonic() - started < 9
    eventually(lambda: rabbitmq.count(queue) == 1, 20)


def test_row_B94_a_message_that_is_too_long_is_not_gathered(rabbitmq: Rabbit) -> None:
    line = Line("amqp", rabbitmq)
    line.put(b"x" * ((16 << 20) + 1))
    with pytest.raises(Unavailable):
        line.collect()
    line.put(b"1" * (1 << 20), id="whole")
    assert rabbitmq.count(line.queue) == 2


class Between:
    """A wire to a broker that says nothing any more once `after` went through to it, and is then cut or kept open."""

    def __init__(self, port: int, after: bytes, silent: bool) -> None:
        self._broker, self._after, self._silent = port, after, silent
        self._through = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                guest, _ = self._listener.accept()
                host = socket.create_connection(("127.0.0.1", self._broker))
                for carry in (self._out, self._back):
                    threading.Thread(target=carry, args=(guest, host), daemon=True).start()

    def _out(self, guest: socket.socket, host: socket.socket) -> None:
        with suppress(OSError):
            while data := guest.recv(65_536):
                if self._after in data:
                    self._through.set()
                host.sendall(data)
                if self._through.is_set() and not self._silent:
                    time.sleep(0.2)  # it has reached the broker
                    guest.shutdown(socket.SHUT_RDWR)
                    host.shutdown(socket.SHUT_RDWR)

    def _back(self, guest: socket.socket, host: socket.socket) -> None:
        with suppress(OSError):
            while data := host.recv(65_536):
                if not self._through.is_set():
                    guest.sendall(data)

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize("silent", [False, True])
def test_quirk_Q54_fault_F1_fault_F12_the_broker_goes_away_before_it_confirms(rabbitmq: Rabbit, silent: bool) -> None:
    queue = rabbitmq.queue()
    with closing(Between(rabbitmq.port, b"91360423MA0000001X", silent)) as wire:
        adapter = declaring(f"amqp://127.0.0.1:{wire.port}", queue)
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            declare(adapter, seconds=3)
        assert time.monotonic() - started < 15
    assert rabbitmq.count(queue) == 1  # it had been done all the same


def test_nobody_listens_to_the_topic(rabbitmq: Rabbit) -> None:
    with pytest.raises(Unavailable):
        declare(declaring(rabbitmq.address, "county.nobody"))


def test_fault_F8_the_broker_is_away_or_refuses_us(rabbitmq: Rabbit, site: MessageQueueSite) -> None:
    lines = [Line("amqp", rabbitmq), Line("stomp", site)]
    for line in lines:
        line.adapter.probe(time.monotonic() + 10)
    wrong = {"username": "hub", "password": "wrong"}
    for line in lines:
        line.adapter._broker._place = _with(line.adapter._broker._place, **wrong)
        for act in (line.adapter.probe, lambda deadline, line=line: list(line.adapter.collect(deadline))):
            with pytest.raises(Denied):
                act(time.monotonic() + 10)
    closed = opened("resumption", "stomp://127.0.0.1:9")
    for act in (closed.probe, lambda deadline: list(closed.collect(deadline)), lambda _: declare(closed)):
        with pytest.raises(Unavailable):
            act(time.monotonic() + 10)
    unknown = opened("nucleic_acid", rabbitmq.address, lambda facts: facts["message_queue"].update(queue="nobody"))
    with pytest.raises(Unavailable):
        list(unknown.collect(time.monotonic() + 10))


def _with(place: Any, **changed: Any) -> Any:
    return replace(place, **changed)


def test_feat_C9_what_was_delivered_is_looked_up(site: MessageQueueSite) -> None:
    row = {"number": "K-1", "credit_code": "91360423MA0000001X", "org_name": "示范", "current_step": "decided",
           "declared_at": "2026-01-05T09:30:00+08:00", "handling_result": None}  # fmt: skip
    asked = Call("query_declarations", {"credit_code": "91360423MA0000001X"}, time.monotonic() + 3)
    (found,) = opened("resumption", site.address, records=Kept([row])).call(asked).fields["declarations"]
    assert found == {name: value for name, value in row.items() if name != "credit_code"}
    assert opened("resumption", site.address, records=Kept([])).call(asked).fields["declarations"] == []
    for nothing in (Kept(None), None):
        with pytest.raises(Unavailable):
            opened("resumption", site.address, records=nothing).call(asked)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1", "stomp://2130706433:1", "stomp://127.1:1", "stomp://169.254.169.254:1", "amqp://127.0.0.1:1"],
)
def test_threat_T11_addresses_that_are_not_admitted(address: str) -> None:
    with pytest.raises(Problem, match="CONFIG_INVALID"):
        opened("resumption", address, allow_private="2130706433" in address or "127.1" in address)


def test_threat_T11_a_loopback_address_is_admitted_by_name_only() -> None:
    opened("resumption", "stomp://127.0.0.1:1")
    with pytest.raises(Problem, match="CONFIG_INVALID"):
        opened("resumption", "stomp://127.0.0.1:1", allow_private=False)


def test_feat_C9_a_code_in_a_message_that_nobody_mapped_is_counted() -> None:
    counted: list[tuple[str, str, str]] = []
    adapter = opened("nucleic_acid", "amqp://127.0.0.1:9", unmapped=lambda *word: counted.append(word))
    (row,) = adapter.read(Delivery("m1", RESULT.replace(b'"jcjg": "0"', b'"jcjg": "9"')))
    assert row.code == "UPSTREAM_MALFORMED"
    assert counted == [("dataset results", "code table results", "9")]

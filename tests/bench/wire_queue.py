"""The row `wire_queue`: messages a second to and from a RabbitMQ of its own, against bare pika.

A message of ours is confirmed, and one that comes is read and acknowledged. Either side opens a connection for each
turn, as the protocol does: a filing is rare, and a broker that hangs then holds nobody's line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pika

from hub.port import Call, Record
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row, skipped
from tests.bench.wire import Ask, against
from tests.protocols.queue import INSTALLED, RESULTS, Rabbit, opened, rabbit

_MESSAGES = 1000
_DECLARED = {"credit_code": "91360423MA0000001X", "org_name": "示范纺织", "item_code": "FG01",
             "reopens_on": "2026-02-01"}  # fmt: skip


def wire_queue(_: Stand, timing: Timing) -> Iterator[Row]:
    if not INSTALLED:
        yield skipped("wire_queue", "messages over AMQP", "RabbitMQ is not installed")
        return
    with rabbit() as broker:
        sides = {"ours": _filing(broker), "bare": _publishing(broker)}
        yield against("wire_queue", "message sent and confirmed, AMQP", sides, timing, "pika")
        queue = broker.queue()
        sides = {"ours": _collecting(broker, queue), "bare": _consuming(broker, queue)}
        raw = (RESULTS / "result.json").read_bytes()
        what = "message received, read and acknowledged, AMQP"
        yield against(
            "wire_queue", what, sides, timing, "pika", _MESSAGES, lambda: broker.put(queue, *[raw] * _MESSAGES)
        )


def _filing(broker: Rabbit) -> Ask:
    queue = broker.queue()

    def change(facts: dict[str, Any]) -> None:
        facts["message_queue"]["wire"] = "amqp"
        facts["operations"]["declare"]["message_queue"]["topic"] = queue

    adapter = opened("resumption", broker.address, change)
    return lambda: adapter.call(Call("declare", _DECLARED, time.monotonic() + 5, key="D-1"))


def _publishing(broker: Rabbit) -> Ask:
    """The same message as its bytes."""
    queue = broker.queue()
    body = "".join(f"<{name}>{text}</{name}>" for name, text in _DECLARED.items())

    def ask() -> None:
        message = f'<?xml version="1.0" encoding="gbk"?><sbxx>{body}</sbxx>'.encode("gbk")
        with broker.channel() as channel:
            channel.confirm_delivery()
            properties = pika.BasicProperties(message_id="D-1", delivery_mode=2)
            channel.basic_publish("", queue, message, properties, mandatory=True)

    return ask


def _collecting(broker: Rabbit, queue: str) -> Ask:
    adapter = opened("nucleic_acid", broker.address, lambda facts: facts["message_queue"].update(queue=queue))

    def ask() -> None:
        deliveries = adapter.collect(time.monotonic() + 60)
        for delivery in islice(deliveries, _MESSAGES):
            (row,) = adapter.read(delivery)
            assert type(row) is Record
            adapter.settle(delivery)
        deliveries.close()

    return ask


def _consuming(broker: Rabbit, queue: str) -> Ask:
    """Each message as its fields, which all must be there."""

    def ask() -> None:
        with broker.channel() as channel:
            channel.basic_qos(prefetch_count=50)
            for method, _, body in islice(channel.consume(queue), _MESSAGES):
                row = json.loads(body)
                assert all(row[name] for name in ("sfzh", "xm", "jcxm", "jcjg", "cysj", "bbh"))
                channel.basic_ack(method.delivery_tag)
            channel.cancel()

    return ask

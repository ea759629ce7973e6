"""A message queue opened as the hub opens it, and the real broker that some tests stand on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pika
import pytest

from adapters.twins import rabbitmq
from adapters.twins.rabbitmq import INSTALLED
from hub.port import Records, Setting
from tests.protocols.departments import ADAPTERS, Change, facts_of

RESULTS = ADAPTERS / "nucleic_acid" / "samples"


@dataclass
class Kept:
    """Some rows that were delivered before; None: nothing ever was."""

    rows: Sequence[Mapping[str, Any]] | None

    def find(self, dataset: str, field: str, value: str) -> tuple[Sequence[Mapping[str, Any]], datetime | None]:
        rows = [row for row in self.rows or () if row.get(field) == value]
        return rows, None if self.rows is None else datetime.now(UTC)


def opened(system: str, address: str, change: Change | None = None, records: Records | None = None, **more: Any) -> Any:
    protocol, facts = facts_of(system, change)
    account = {"username": "hub", "password": "secret"}
    no_store: Any = None
    folder, more = ADAPTERS / system, {"allow_private": True, **more}
    return protocol.Adapter(Setting(system, address, facts, folder, no_store, account, records=records, **more))


class Rabbit(rabbitmq.Broker):
    """A RabbitMQ of this session. `address` is what a hub is told; the account is hub/secret."""

    @property
    def address(self) -> str:
        return f"amqp://127.0.0.1:{self.port}"

    def queue(self) -> str:
        """A new, empty, durable one."""
        name = f"county.{secrets.token_hex(6)}"
        with self.channel() as channel:
            channel.queue_declare(name, durable=True)
        return name

    def put(self, queue: str, *bodies: bytes, id: str | None = None) -> None:
        with self.channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish("", queue, body, pika.BasicProperties(message_id=id, delivery_mode=2))

    def count(self, queue: str) -> int:
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def take(self, queue: str) -> list[tuple[Any, bytes]]:
        """Everything in it, as the department would."""
        with self.channel() as channel:
            found = []
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                found.append((got[1], got[2]))
            return found


@contextmanager
def rabbit() -> Iterator[Rabbit]:
    """A broker of its own, ended with its name server."""
    if not INSTALLED:
        if os.environ.get("CI"):
            pytest.fail("RabbitMQ is not installed, and in CI nothing may be skipped")
        pytest.skip("RabbitMQ is not installed here (.ci/components installs it)")
    with rabbitmq.running(rabbitmq.Account("hub", "secret")) as broker:
        yield Rabbit(broker.port, broker.process, broker.owner)

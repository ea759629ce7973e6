"""A department's message queue: what it brings is stored and then acknowledged, what we write is published and
confirmed, and what was delivered can be looked up as if it had been asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from adapters.protocols.broker import Broker, Message, Place
from adapters.protocols.datasets import Datasets
from adapters.protocols.mapping import Operation, operations
from adapters.protocols.message_queue_amqp import Amqp
from adapters.protocols.message_queue_facts import FACTS
from adapters.protocols.message_queue_stomp import Stomp
from hub.port import BadRow, Call, Delivery, Record, Reply, Setting, Unavailable

__all__ = ["FACTS", "MEETS", "Adapter"]

MEETS = {"amqp": "broker", "stomp": "broker"}

_MEDIA = {"json": "application/json", "xml": "application/xml"}


class Adapter:
    """One queue, or a few of one broker."""

    def __init__(self, setting: Setting) -> None:
        self._facts = setting.facts
        self._own: Mapping[str, Any] = setting.facts["message_queue"]
        self._operations = operations(setting)
        self._datasets, self._records = Datasets(setting), setting.records
        place = Place.of(setting)
        self._broker: Broker = Amqp(place) if self._own["wire"] == "amqp" else Stomp(place)

    def call(self, call: Call) -> Reply:
        operation = self._operations[call.operation]
        return self._published(operation, call) if operation.write else self._looked_up(operation, call)

    def probe(self, deadline: float) -> None:
        self._broker.knock(deadline)

    def close(self) -> None:
        """Connections live no longer than a call."""

    def collect(self, deadline: float) -> Iterator[Delivery]:
        return self._broker.receive(deadline)

    def settle(self, delivery: Delivery) -> None:
        self._broker.acknowledge(delivery)

    def read(self, delivery: Delivery) -> Iterator[Record | BadRow]:
        return self._datasets.of_document(delivery.raw, delivery.headers.get("body", "json"))

    def _published(self, operation: Operation, call: Call) -> Reply:
        """Taken by the broker; what becomes of it comes back as an event, so it is not done yet."""
        body = self._written(operation, operation.outgoing(call))
        own = operation.own
        media = f"{_MEDIA[self._own['body']]}; charset={self._facts['encoding']}"
        self._broker.publish(Message(own["topic"], body, media, call.key, own["exchange"]), call.deadline)
        return Reply({}, call.key or None, False, len(body), 0)

    def _written(self, operation: Operation, wire: Mapping[str, str]) -> bytes:
        charset = "gbk" if self._facts["encoding"] == "gb2312" else self._facts["encoding"]
        if self._own["body"] == "json":
            return json.dumps(wire, ensure_ascii=False, separators=(",", ":")).encode(charset)
        root = ElementTree.Element(operation.own["root"])
        for name, text in wire.items():
            ElementTree.SubElement(root, name).text = text
        declaration = f'<?xml version="1.0" encoding="{charset}"?>'
        return (declaration + ElementTree.tostring(root, encoding="unicode")).encode(charset)

    def _looked_up(self, operation: Operation, call: Call) -> Reply:
        own, facts = operation.own, self._facts["operations"][operation.name]["answer"]
        if self._records is None:
            raise Unavailable("nothing is kept here")
        operation.outgoing(call)  # refuses what is not asked as it should be
        rows, came_at = self._records.find(own["dataset"], own["by"], str(call.fields[own["by"]]))
        if came_at is None:
            raise Unavailable("nothing was ever delivered")
        wanted = facts["lists"][own["rows"]]["fields"]
        found = [{name: row.get(each["from"]) for name, each in wanted.items()} for row in rows]
        asked = {name: call.fields.get(each["from"]) for name, each in facts["fields"].items()}
        return Reply({**asked, own["rows"]: found})

"""The second door of an adapter that otherwise only answers: it may be polled, and its department may call us."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.protocols.callback import Callback
from adapters.protocols.datasets import Datasets
from hub.port import BadRow, Call, Delivery, Denied, Record, Reply, Setting


class Inbound:
    """For the class that speaks: it offers `call`, and opens this with its setting."""

    def call(self, call: Call) -> Reply:
        raise NotImplementedError

    def open_inbound(self, setting: Setting) -> None:
        facts = setting.facts
        self._datasets = Datasets(setting)
        self._poll: Mapping[str, Any] | None = facts["poll"]
        self._lists = {name: each["list"] for name, each in facts["datasets"].items() if each["list"]}
        self._callback = Callback(setting) if facts["callback"] else None

    def collect(self, deadline: float) -> Iterator[Delivery]:
        """One question. The same answer on the same day is the same delivery, so that nothing is read twice, and what
        the department goes on telling does not expire."""
        if not self._poll or not self._poll["operation"]:
            return
        operation = self._poll["operation"]
        reply = self.call(Call(operation, self._poll["fields"], deadline))
        lists = {name: reply.fields[name] for name in self._lists.values()}
        raw = json.dumps(lists, ensure_ascii=False, sort_keys=True).encode()
        yield Delivery(f"{operation} {datetime.now(UTC):%Y-%m-%d}", raw, {"by": "poll"})

    def settle(self, delivery: Delivery) -> None:
        """A question needs no acknowledgement."""

    def read(self, delivery: Delivery) -> Iterator[Record | BadRow]:
        if delivery.headers.get("by") == "poll":
            return self._datasets.of_lists(delivery.raw, self._lists)
        return self._datasets.of_document(delivery.raw, delivery.headers.get("body", "json"))

    def receive(self, headers: Mapping[str, str], raw: bytes) -> Delivery:
        if self._callback is None:
            raise Denied("no callback is expected", code="CALLBACK_FORGED")
        return self._callback.receive(headers, raw)

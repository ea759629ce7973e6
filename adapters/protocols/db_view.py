"""Database views of a department, read through a read-only account; and its exchange tables, as deliveries.

It knows no department: views, columns and look-ups stand in system.yaml. The engine and its errors: db_view_line.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.protocols import probing
from adapters.protocols.db_view_exchange import Exchange
from adapters.protocols.db_view_facts import FACTS
from adapters.protocols.db_view_line import Line, kind_of
from adapters.protocols.db_view_proof import Proof
from adapters.protocols.db_view_rows import Question
from adapters.protocols.mapping import operations
from hub.port import BadRow, Call, Delivery, Garbled, Record, Reply, Setting

__all__ = ["FACTS", "MEETS", "Adapter"]

MEETS = {"postgresql": "database", "mysql": "database"}


class Adapter:
    """One database. Opening asks it nothing: what it must prove it proves before its first question."""

    may_hang = True  # no driver's time-out holds in every state of a server (legacy.md Q32)

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        own: Mapping[str, Any] = facts["db_view"]
        kind = kind_of(setting.address)
        self._probe: Mapping[str, Any] = facts["probe"]
        self._operations = operations(setting)
        self._questions = {
            name: Question(each, own["views"], own["schema"], kind) for name, each in facts["operations"].items()
        }
        self._line = Line(setting, kind, own)
        self._exchange = Exchange(setting, kind, self._line)
        self._proof = Proof(self._line, kind, own, self._exchange.marked)

    def call(self, call: Call) -> Reply:
        operation, question = self._operations[call.operation], self._questions[call.operation]
        wire = operation.outgoing(call)  # refuses what the department cannot hold, before any byte leaves
        parameters = question.parameters(wire)
        self._proof.require(call.deadline)
        try:
            rows = self._line.ask(question.statement(wire), parameters, call.deadline)
            tree, size = question.tree(rows, wire)
        except Garbled:
            self._proof.forget()  # the view may have changed: look at it before it is asked again
            raise
        return operation.reply(tree, call, sum(map(len, wire.values())), size)

    def probe(self, deadline: float) -> None:
        """Prove account and views anew, then ask something harmless."""
        self._proof.renew(deadline)
        probing.probe(self.call, self._probe, deadline)

    def collect(self, deadline: float) -> Iterator[Delivery]:
        self._proof.require(deadline)
        return self._exchange.collect(deadline)

    def settle(self, delivery: Delivery) -> None:
        self._exchange.settle(delivery)

    def read(self, delivery: Delivery) -> Iterator[Record | BadRow]:
        return self._exchange.read(delivery)

    def close(self) -> None:
        self._line.close()
        self._exchange.close()

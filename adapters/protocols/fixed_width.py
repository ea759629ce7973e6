"""Records of fixed width over bare TCP, as the cores of insurers and banks speak (legacy.md section 5).

A system is described by its system.yaml (fixed_width_facts.py). Frames and connections are in framed.py, bytes of a
field in fixed_width_layout.py, header and trailer in fixed_width_message.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from adapters.protocols import probing
from adapters.protocols.fixed_width_facts import FACTS
from adapters.protocols.fixed_width_message import Messages
from adapters.protocols.framed import Doubted, Exchange
from adapters.protocols.mapping import operations
from adapters.protocols.sample import Sampled
from hub.port import Call, Reply, Setting

__all__ = ["FACTS", "MEETS", "Adapter"]

MEETS = {"tcp": "frames", "tcps": "frames"}


class Adapter:
    """One fixed-width system."""

    tells_stages = True

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        own: Mapping[str, Any] = facts["fixed_width"]
        self._probe: Mapping[str, Any] = facts["probe"]
        self._operations = operations(setting)
        self._messages = Messages(facts, setting.secrets)
        self._exchange = Exchange(setting, own["framing"], own["connections"])

    def call(self, call: Call) -> Reply:
        operation = self._operations[call.operation]
        wire = operation.outgoing(call)
        make = partial(self._messages.question, call.operation, wire)
        answered = self._exchange.ask(make, deadline=call.deadline, write=operation.write, stage=call.stage)
        with Doubted(operation.write), Sampled(answered.message):
            header, at = answered.made
            tree = self._messages.read(operation, header, at, answered.message)
            return operation.reply(tree, call, answered.sent, answered.received)

    def probe(self, deadline: float) -> None:
        probing.probe(self.call, self._probe, deadline)

    def close(self) -> None:
        self._exchange.close()

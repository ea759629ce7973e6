"""ISO 8583, as banks collect contributions and pay benefits (legacy.md Q30, Q31), over framed TCP.

A write whose answer does not come is reversed, in time that is kept for it; it is never sent a second time. When the
reversal is confirmed nothing is booked, else its outcome is open and the hub asks.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from adapters.protocols import probing
from adapters.protocols.framed import Answered, Doubted, Exchange, Question
from adapters.protocols.iso8583_dialect import Dialect, Fields
from adapters.protocols.iso8583_facts import FACTS
from adapters.protocols.mapping import Operation, operations
from adapters.protocols.sample import Sampled
from adapters.protocols.stamps import stamp
from hub.port import Call, Garbled, OutcomeUnknown, PortError, Reply, Setting, Unavailable

__all__ = ["FACTS", "MEETS", "Adapter"]

MEETS = {"tcp": "frames", "tcps": "frames"}


class Adapter:
    """One ISO 8583 system."""

    def __init__(self, setting: Setting) -> None:
        own: Mapping[str, Any] = setting.facts["iso8583"]
        self._dialect = Dialect.read(setting.folder / own["dialect"])
        self._operations = operations(setting, _limited(setting.facts, self._dialect))
        self._probe: Mapping[str, Any] = setting.facts["probe"]
        stamps = {name: stamp(each, self._dialect.width(name), setting.secrets) for name, each in own["stamps"].items()}
        self._stamps = {name: each for name, each in stamps.items() if each is not None}
        self._echo, self._reversal = tuple(own["echo"]), own["reversal"]
        self._exchange = Exchange(setting, own["framing"], own["connections"])

    def call(self, call: Call) -> Reply:
        operation = self._operations[call.operation]
        wire = operation.outgoing(call)
        make = partial(self._stamped, operation.own["type"], wire)
        if not operation.write or not self._reversal:
            return self._asked(operation, call, make, call.deadline)
        sent = make()
        kept = min(self._reversal["reserve_s"], max(0.0, (call.deadline - time.monotonic()) / 2))
        try:
            return self._asked(operation, call, lambda: sent, call.deadline - kept)
        except OutcomeUnknown as error:
            self._reverse(sent, call.deadline, error)
            raise

    def probe(self, deadline: float) -> None:
        probing.probe(self.call, self._probe, deadline)

    def close(self) -> None:
        self._exchange.close()

    def _asked(self, operation: Operation, call: Call, make: Callable[[], Fields], deadline: float) -> Reply:
        answered = self._said(make, operation.own["answer_type"], deadline, operation.write)
        with Doubted(operation.write), Sampled(answered.message):
            return operation.reply(answered.made, call, answered.sent, answered.received)

    def _reverse(self, sent: Fields, deadline: float, lost: OutcomeUnknown) -> None:
        """Raises Unavailable when the department confirms that nothing is booked; what else it says proves nothing."""
        rule = self._reversal
        fields = {name: sent[name] for name in rule["carry"] if name in sent}
        for name, parts in rule["original"].items():
            joined = "".join(sent.get(part, "") for part in parts)
            fields[name] = joined.ljust(self._dialect.width(name), "0")
        fields = {**self._stamped(rule["type"], {}), **fields}
        try:
            answered = self._said(lambda: fields, rule["answer_type"], deadline, True)
        except PortError:
            return
        if answered.made.get(rule["path"], "").strip() in rule["done"]:
            raise Unavailable("its answer was lost, and the department has undone it") from lost

    def _said(self, make: Callable[[], Fields], answer_type: str, deadline: float, write: bool) -> Answered:
        def question() -> Question:
            fields = make()
            return Question(self._dialect.written(fields), partial(self._understood, fields, answer_type))

        return self._exchange.ask(question, deadline=deadline, write=write)

    def _understood(self, sent: Fields, answer_type: str, message: bytes) -> Fields:
        fields = self._dialect.understood(message)
        for name in self._echo:
            if fields.get(name) != sent[name] or fields["t"] != answer_type:
                raise Garbled("the answer to another question", sample=message)
        for name in ("t", *self._stamps):
            fields.pop(name, None)
        return fields

    def _stamped(self, type_: str, wire: Mapping[str, str]) -> Fields:
        given = {**wire, **{name: make() for name, make in self._stamps.items()}}
        return {"t": type_, **{name: self._dialect.filled(name, text) for name, text in given.items() if text}}


def _limited(facts: Mapping[str, Any], dialect: Dialect) -> Mapping[str, Any]:
    """The facts with the widths of the dialect, so that who wrote too much is told."""
    limited = copy.deepcopy(dict(facts))
    for operation in limited["operations"].values():
        request = operation["request"]
        for name in _unsent(request):
            dialect.width(name)
        for sent in request["fields"].values():
            width = dialect.width(sent["to"])
            sent["max_bytes"] = min(sent["max_bytes"] or width, width)
    return limited


def _unsent(request: Mapping[str, Any]) -> Iterable[str]:
    return [*request["constants"], *([request["key"]] if request["key"] else [])]

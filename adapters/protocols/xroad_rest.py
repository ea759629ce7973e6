"""A service behind X-Road, asked through the security server on our side (message protocol for REST, r1).

What a security server says, what the service says and what nobody should have said are three different things here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.protocols import probing
from adapters.protocols.answer_tree import Tree
from adapters.protocols.charset import decode
from adapters.protocols.json_answer import read_json
from adapters.protocols.maintenance import refuse_maintenance
from adapters.protocols.mapping import Operation, operations, rejected
from adapters.protocols.sample import Sampled
from adapters.protocols.transport import Request, Response, Transport, refuse
from adapters.protocols.xroad_rest_facts import FACTS, PLACE
from adapters.protocols.xroad_rest_wire import Asked, Writer, check_belongs, made_on_the_way
from hub.errors import Fault, invalid
from hub.port import Call, Reply, Setting

__all__ = ["FACTS", "Adapter"]

ROWS = "items"  # what an answer that is a bare list is called


class Adapter:
    """One provider's services."""

    tells_stages = True

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        own: Mapping[str, Any] = facts["xroad_rest"]
        self._probe: Mapping[str, Any] = facts["probe"]
        self._encoding: str = facts["encoding"]
        self._hashed = tuple(own["hashed"])
        self._maintenance = own["maintenance"]
        self._operations = operations(setting)
        self._fields = {
            name: {sent["to"]: field for field, sent in each["request"]["fields"].items()}
            for name, each in facts["operations"].items()
        }
        self._writer = Writer(
            setting.options.get("client") or own["client"],
            own["provider"],
            own["security_server"],
            own["user_prefix"],
            "gbk" if self._encoding == "gb2312" else self._encoding,
        )
        self._transport = Transport.of(setting)

    def call(self, call: Call) -> Reply:
        operation = self._operations[call.operation]
        wire = operation.outgoing(call)
        self._check_places(operation, wire)
        asked: list[Asked] = []

        def make() -> Request:
            asked.append(self._writer.asked(wire, operation.own))
            return asked[-1].request

        response = self._transport.ask(
            make, deadline=call.deadline, traceparent=call.traceparent, write=operation.write, stage=call.stage
        )
        with Sampled(response.body):
            tree = self._answer(operation, asked[-1], response)
            return operation.reply(tree, call, response.sent, response.received)

    def probe(self, deadline: float) -> None:
        probing.probe(self.call, self._probe, deadline)

    def close(self) -> None:
        self._transport.close()

    def _check_places(self, operation: Operation, wire: Mapping[str, str]) -> None:
        """What stands in a path is one step of it, and neither none nor one up."""
        wrong = [name for name in PLACE.findall(operation.own["path"]) if wire.get(name, "") in ("", ".", "..")]
        if wrong:
            raise invalid([Fault(self._fields[operation.name].get(name, ""), "FORMAT") for name in wrong])

    def _answer(self, operation: Operation, asked: Asked, response: Response) -> Tree:
        error = made_on_the_way(response, operation.write)
        if error:
            raise error
        check_belongs(asked, response, self._hashed)
        reason = operation.own["statuses"].get(str(response.status))
        if reason:
            raise rejected(reason)
        if response.status == 204:
            return {}
        if not 200 <= response.status < 300:
            raise refuse(response, operation.write)
        text = decode(response.body, self._encoding)
        refuse_maintenance(text, self._maintenance, operation.write)
        return read_json(f'{{"{ROWS}": {text}}}' if text.lstrip()[:1] == "[" else text)

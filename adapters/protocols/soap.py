"""SOAP 1.1 and 1.2. The WSDL is read once when the system is opened; at run time lxml writes and expat reads.

A system is described by its folder: system.yaml (soap_facts.py) and its WSDL. Requests are written in
soap_envelope.py, answers read in soap_answer.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.protocols import probing
from adapters.protocols.facts import unusable
from adapters.protocols.inbound import Inbound
from adapters.protocols.mapping import Operation, operations
from adapters.protocols.sample import Sampled
from adapters.protocols.soap_answer import Answers
from adapters.protocols.soap_envelope import Account, Envelope, Inner, Plan, planned, unplanned
from adapters.protocols.soap_facts import FACTS
from adapters.protocols.transport import Request, Transport
from adapters.protocols.wsdl import Message, Node, listed
from hub.port import Call, Reply, Setting

__all__ = ["FACTS", "Adapter"]


@dataclass(frozen=True, slots=True)
class _Compiled:
    operation: Operation
    envelope: Envelope
    answer: str  # the tag its answer must have; empty where any will do
    bare: bool  # that element is itself the value


class Adapter(Inbound):
    """One SOAP system. `unsupported` are the operations of its WSDL that cannot be called, each with one line why."""

    tells_stages = True

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        self._facts: Mapping[str, Any] = facts["soap"]
        self._probe: Mapping[str, Any] = facts["probe"]
        self._secrets = {wire: _secret(setting, name) for name, wire in self._facts["credentials"].items()}
        self._account = (
            None
            if self._facts["security"] == "none"
            else Account(_secret(setting, "username"), _secret(setting, "password"))
        )
        self._answers = Answers(self._facts, facts["encoding"])
        self._header = {wire: _secret(setting, name) for name, wire in self._facts["header"].items()}
        messages, self.unsupported = listed(
            setting.folder / self._facts["wsdl"], self._facts["service"], self._facts["port"]
        )
        self._compiled = {
            name: self._compile(operation, messages, facts["operations"][name])
            for name, operation in operations(setting).items()
        }
        self._transport = Transport.of(setting)
        self.open_inbound(setting)

    def call(self, call: Call) -> Reply:
        compiled = self._compiled[call.operation]
        wire = {**compiled.operation.outgoing(call), **self._secrets, **compiled.operation.own["outer"]}
        digest = self._facts["security"] == "digest"

        def make() -> Request:
            body = compiled.envelope.write(wire, self._account, digest, self._header)
            return Request("POST", self._facts["path"], compiled.envelope.headers, body)

        write = compiled.operation.write
        response = self._transport.ask(
            make, deadline=call.deadline, traceparent=call.traceparent, write=write, stage=call.stage
        )
        with Sampled(response.body):
            tree = self._answers.tree(compiled.operation, compiled.answer, response, compiled.bare)
            return compiled.operation.reply(tree, call, response.sent, response.received)

    def probe(self, deadline: float) -> None:
        probing.probe(self.call, self._probe, deadline)

    def close(self) -> None:
        self._transport.close()

    def _compile(self, operation: Operation, messages: Mapping[str, Message], facts: Mapping[str, Any]) -> _Compiled:
        message = messages.get(operation.own["operation"])
        if message is None:
            why = self.unsupported.get(operation.own["operation"], "the WSDL has no such operation")
            raise unusable(f"{operation.own['operation']}: {why}")
        if operation.own["action"] is not None:
            message = replace(message, action=operation.own["action"])
        request = facts["request"]
        wire = [*request["constants"], *([request["key"]] if request["key"] else [])]
        wire += [sent["to"] for sent in request["fields"].values()]
        inner, documents = None, self._facts["inner"] or {"request": None, "answer": None}
        if asked := documents["request"]:
            inner = Inner(asked["element"], asked["root"], asked["declaration"], unplanned(wire))
            wire = [asked["element"], *operation.own["outer"]]
        _expect(message.answer, [documents["answer"]["element"]] if documents["answer"] else _told(facts))
        plan = planned(message.request, [*wire, *self._facts["credentials"].values()])
        envelope = Envelope(message, plan, self._planned_header(message), inner, self._facts["request_encoding"])
        answer = "" if message.rpc else (message.answer.children[0] if message.bare_answer else message.answer).tag
        return _Compiled(operation, envelope, answer, message.bare_answer)

    def _planned_header(self, message: Message) -> Plan:
        if not self._header:
            return ()
        if message.header is None:
            raise unusable("the WSDL declares no header for it")
        return planned(message.header, self._header)


def _secret(setting: Setting, name: str) -> str:
    if not setting.secrets.get(name):
        raise unusable(f"the secret {name} is missing")
    return setting.secrets[name]


def _told(facts: Mapping[str, Any]) -> list[str]:
    """Every path that an operation reads of its answer."""
    answer = facts["answer"]
    paths = [entry["from"] for entry in answer["fields"].values()] + [answer["receipt"]]
    paths += [facts["outcome"]["path"]] if facts["outcome"] else []
    for rows in answer["lists"].values():
        paths += [rows["count"], *(f"{rows['from']}.{entry['from']}" for entry in rows["fields"].values())]
    return [path for path in paths if path]


def _expect(answer: Node, paths: list[str]) -> None:
    for path in paths:
        if answer.find(path) is None:
            raise unusable(f"the WSDL's {answer.name} has no {path}")

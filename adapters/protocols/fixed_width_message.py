"""Whole messages: header, body, trailer, what the hub stamps into them, and whether an answer belongs to a question."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from adapters.protocols.answer_tree import Tree
from adapters.protocols.fixed_width_layout import Layout
from adapters.protocols.framed import Question
from adapters.protocols.mapping import Operation
from adapters.protocols.signature import DIGESTS, KEYED
from adapters.protocols.stamps import Stamp, secret, stamp
from hub.port import Garbled


class Messages:
    """The messages of one system. `facts` is its system.yaml, `keys` its secrets by name."""

    def __init__(self, facts: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        own, charset = facts["fixed_width"], facts["encoding"]
        request, answer = own["request"], own["answer"]
        self._echo: tuple[str, ...] = tuple(own["echo"])
        self._asked = Layout(request["header"], charset)
        self._told, self._trailer = Layout(answer["header"], charset), Layout(_unsealed(answer), charset)
        self._ending = Layout(_unsealed(request), charset)
        self._stamps = _stamps([*request["header"], *request["trailer"]], keys)
        self._request_seal, self._answer_seal = _seal(request, own["mac"], keys), _seal(answer, own["mac"], keys)
        layouts = {name: each["fixed_width"] for name, each in facts["operations"].items()}
        self._requests = {name: Layout(layout["request"], charset) for name, layout in layouts.items()}
        self._answers = {name: Layout(layout["answer"], charset) for name, layout in layouts.items()}
        self._judged_early = {
            name
            for name, each in facts["operations"].items()
            if each["outcome"] and each["outcome"]["path"].startswith("header.")
        }

    def question(self, operation: str, wire: Mapping[str, str]) -> Question:
        """One message with a serial number of its own."""
        given = {**wire, **{name: make() for name, make in self._stamps.items()}}
        message = self._asked.packed(given) + self._requests[operation].packed(given) + self._ending.packed(given)
        if self._request_seal:
            message += self._request_seal.over(message)
        return Question(message, partial(self._begun, self._asked.come_back(given, self._echo)))

    def read(self, operation: Operation, header: dict[str, Any], at: int, message: bytes) -> Tree:
        """The tree of an answer behind its header. A refusal often ends with that, so it is judged first."""
        if operation.name in self._judged_early:
            operation.judge({"header": header})
        body, at = self._answers[operation.name].read(message, at)
        trailer, at = self._trailer.read(message, at)
        if at + (self._answer_seal.width if self._answer_seal else 0) != len(message):
            raise Garbled("the message is longer than its layout")
        return {"header": header, "body": body} | ({"trailer": trailer} if trailer else {})

    def _begun(self, sent: Mapping[str, str], answer: bytes) -> tuple[dict[str, Any], int]:
        """The header of an answer, without what is ours in it, and where it ends. Raises Garbled for an answer to
        another question (Q28) and for one that its department did not seal."""
        header, at = self._told.read(answer)
        if {name: header.pop(name).strip() for name in sent} != sent:
            raise Garbled("the answer to another question", sample=answer)
        seal = self._answer_seal
        if seal and not hmac.compare_digest(seal.over(answer[: -seal.width]), answer[-seal.width :]):
            raise Garbled("the answer's MAC is wrong", sample=answer)
        return header, at


@dataclass(frozen=True, slots=True)
class _Seal:
    """The department's check over all that stands before it, in hex, cut to its field."""

    width: int
    algorithm: str
    key: bytes
    upper: bool

    def over(self, data: bytes) -> bytes:
        keyed = KEYED.get(self.algorithm)
        text = (keyed(self.key, data) if keyed else DIGESTS[self.algorithm](data + self.key)).hex()
        return (text.upper() if self.upper else text).encode("ascii")[: self.width].ljust(self.width)


def _seal(around: Mapping[str, Any], facts: Mapping[str, Any] | None, keys: Mapping[str, str]) -> _Seal | None:
    field = next((field for field in around["trailer"] if field["mac"]), None)
    if field is None or facts is None:
        return None
    return _Seal(field["bytes"], facts["algorithm"], secret(keys, facts["secret"]).encode(), facts["case"] == "upper")


def _unsealed(around: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [field for field in around["trailer"] if not field["mac"]]


def _stamps(fields: Sequence[Mapping[str, Any]], keys: Mapping[str, str]) -> dict[str, Stamp]:
    made = {field["name"]: stamp(field, field["bytes"], keys) for field in fields}
    return {name: each for name, each in made.items() if each is not None}

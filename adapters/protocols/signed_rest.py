"""Signed REST: parameters out as JSON, form or query, JSON back; signatures, tokens and pages by system.yaml.

Status 200 is not success: the department's own result code decides, and the signature of its answer where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.protocols import probing
from adapters.protocols.answer_tree import as_path, leaf_of
from adapters.protocols.facts import unusable
from adapters.protocols.inbound import Inbound
from adapters.protocols.mapping import Operation, operations
from adapters.protocols.sample import Sampled
from adapters.protocols.signed_rest_facts import FACTS, Sign
from adapters.protocols.signed_rest_pages import merged, page_count, page_parameters
from adapters.protocols.signed_rest_wire import Exchange, Question, Wire
from adapters.protocols.ticket import Ticket, Tickets
from hub.port import Call, Denied, Garbled, OutcomeUnknown, PortError, Reply, Setting, Unavailable

__all__ = ["FACTS", "Adapter"]

SKEW_WORTH_TELLING_S = 60


class _TokenLost(Exception):
    """The department no longer takes our token."""


class Adapter(Inbound):
    """One signed REST system."""

    tells_stages = True

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        own: Mapping[str, Any] = facts["signed_rest"]
        self._keys = _keys(own, setting.secrets)
        self._working = self._keys[0]  # the one that was taken last; at first the new one
        self._probe: Mapping[str, Any] = facts["probe"]
        self._operations = operations(setting)
        self._results = {
            name: as_path((each["outcome"] or {}).get("path", "")) for name, each in facts["operations"].items()
        }
        self._token: Mapping[str, Any] | None = own["token"]
        self._tokens = Tickets(setting.shared, "token", self._fetch_token) if self._token else None
        self._wire = Wire(setting, setting.secrets)
        self.open_inbound(setting)

    @property
    def skew_s(self) -> float | None:
        """By how many seconds the department's clock was ahead of ours at its last answer, for `hub doctor`."""
        return self._wire.skew_s

    def call(self, call: Call) -> Reply:
        if self._token and call.operation == self._token["operation"]:
            raise Unavailable("the token is not for callers")
        return self._asked(self._operations[call.operation], call)

    def probe(self, deadline: float) -> None:
        probing.probe(self.call, self._probe, deadline)

    def close(self) -> None:
        self._wire.close()

    def _asked(self, operation: Operation, call: Call) -> Reply:
        wire = operation.outgoing(call)  # refuses what the department cannot hold, before any byte leaves
        paging = operation.own["paging"]
        exchanges = [self._let_in(operation, call, {**wire, **(page_parameters(paging, 0) if paging else {})})]
        with Sampled(exchanges[0].body):
            pages = page_count(exchanges[0].tree, paging) if paging else 1
        for number in range(1, pages):
            exchanges.append(self._let_in(operation, call, {**wire, **page_parameters(paging, number)}))
        sent, received = sum(each.sent for each in exchanges), sum(each.received for each in exchanges)
        with Sampled(exchanges[-1].body):
            tree = merged([each.tree for each in exchanges], paging) if paging else exchanges[0].tree
            return operation.reply(tree, call, sent, received)

    def _let_in(self, operation: Operation, call: Call, parameters: Mapping[str, str]) -> Exchange:
        """With a token where one is needed; when it turns out to be lost, with a new one, once."""
        if self._tokens is None or not operation.own["token"]:
            return self._exchanged(operation, call, parameters, None)
        ticket = self._tokens.current(call.deadline)
        try:
            return self._exchanged(operation, call, parameters, ticket)
        except _TokenLost as lost:
            ticket = self._tokens.renewed(ticket, call.deadline)
            if operation.write:
                raise OutcomeUnknown("the token was lost while filing", code="UPSTREAM_SESSION") from lost
        try:
            return self._exchanged(operation, call, parameters, ticket)
        except _TokenLost as again:
            raise Garbled("a new token is refused", code="UPSTREAM_SESSION") from again

    def _exchanged(
        self, operation: Operation, call: Call, parameters: Mapping[str, str], ticket: Ticket | None
    ) -> Exchange:
        """Signed with the key that works. While keys rotate, a read that is refused is asked once with the other."""
        keys = [self._working, *(key for key in self._keys if key != self._working)]
        for key in keys[:1] if operation.write else keys:
            try:
                exchange = self._tried(operation, call, parameters, ticket, key)
            except Denied as error:
                refused = error
                continue
            self._working = key
            return exchange
        if abs(self.skew_s or 0) > SKEW_WORTH_TELLING_S:
            refused.note += f"; the department's clock is {self.skew_s:+.0f} s ahead of ours"
        raise refused

    def _tried(
        self, operation: Operation, call: Call, parameters: Mapping[str, str], ticket: Ticket | None, key: str
    ) -> Exchange:
        token = self._token or {}
        sent = ((token["place"], token["name"], token["prefix"] + ticket.value),) if ticket else ()
        question = Question(parameters, operation.own, key, sent)
        exchange = self._wire.exchange(
            question,
            deadline=call.deadline,
            traceparent=call.traceparent,
            changes=operation.write,
            stage=call.stage,
        )
        with Sampled(exchange.body):
            self._judge(operation, exchange)
        return exchange

    def _judge(self, operation: Operation, exchange: Exchange) -> None:
        """Who refuses our key cannot sign with it: such an answer may say so unsigned, and nothing else."""
        try:
            if self._token and leaf_of(exchange.tree, self._results[operation.name]) in self._token["lost"]:
                raise _TokenLost
            operation.judge(exchange.tree)
        except Denied:
            raise
        except (PortError, _TokenLost):
            if exchange.authentic:
                raise
        if not exchange.authentic:
            raise Garbled("the answer is not signed as it should be")

    def _fetch_token(self, deadline: float) -> tuple[str, float]:
        assert self._token is not None
        operation = self._operations[self._token["operation"]]
        fields = self._asked(operation, Call(operation.name, {}, deadline)).fields
        return fields[self._token["field"]], max(1.0, fields[self._token["seconds_field"]] - self._token["early_s"])


def _keys(own: Mapping[str, Any], secrets: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the signing keys; the first must be there, another only while keys rotate. Every other secret a
    request needs must be there too: raises CONFIG_INVALID otherwise."""
    sign: Sign = own["sign"]
    needed = {stamp.value for stamp in own["stamps"].values() if stamp.source == "secret"}
    needed |= {sign.keys[0]} if sign.rule else set()
    missing = sorted(name for name in needed if not secrets.get(name))
    if missing:
        raise unusable(f"no secret {', '.join(missing)}")
    return tuple(secrets[name] for name in sign.keys if secrets.get(name)) or ("",)

"""WeChat, with what system.yaml cannot say: the body of a subscribe message, whose fields are its template's."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.protocols import signed_rest
from adapters.protocols.facts import Facts
from adapters.protocols.mapping import Operation
from adapters.protocols.signed_rest_wire import Exchange
from hub.port import Call

__all__ = ["FACTS", "Adapter"]

FACTS: type[Facts] = signed_rest.FACTS


class Adapter(signed_rest.Adapter):
    """`send_message` takes `data`: a text for each field of the template."""

    def _let_in(self, operation: Operation, call: Call, parameters: Mapping[str, str]) -> Exchange:
        if operation.name == "send_message":
            data: Mapping[str, str] = call.fields.get("data") or {}  # WeChat refuses a message without
            parameters = {**parameters, **{f"data.{name}.value": text for name, text in data.items()}}
        return super()._let_in(operation, call, parameters)

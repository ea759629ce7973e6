"""JSON over the product's own transport. The office says plainly which of the five errors it means."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import EXCLUDE

from adapters.protocols.facts import Facts
from adapters.protocols.transport import Transport, refuse
from hub.port import Call, Denied, Garbled, OutcomeUnknown, Rejected, Reply, Setting, Unavailable

ERRORS = {"denied": Denied, "unavailable": Unavailable, "unknown": OutcomeUnknown, "rejected": Rejected}


class FACTS(Facts):
    class Meta:
        unknown = EXCLUDE


class Adapter:
    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._transport = Transport(setting.address, allow_private=setting.allow_private)

    def call(self, call: Call) -> Reply:
        write = self.setting.facts["operations"][call.operation]["kind"] == "write"
        body = json.dumps({"operation": call.operation, "key": call.key, **call.fields}).encode()
        headers = {"Content-Type": "application/json", "X-Password": self.setting.secrets.get("password", "")}
        response = self._transport.send(
            "POST", "/", headers, body, deadline=call.deadline, traceparent=call.traceparent, write=write
        )
        if response.status != 200:
            raise refuse(response, write)
        try:
            answer: dict[str, Any] = json.loads(response.body)
        except ValueError:
            raise Garbled("no JSON", sample=response.body) from None
        if "bug" in answer:
            raise KeyError("a bug in an adapter")
        if "error" in answer:
            raise ERRORS[answer["error"]]("the office says so")
        return Reply(answer, request_bytes=response.sent, response_bytes=response.received)

    def probe(self, deadline: float) -> None:
        self.call(Call("query", {"id_number": "probe"}, deadline))

    def close(self) -> None:
        self._transport.close()

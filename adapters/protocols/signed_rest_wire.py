"""One exchange with a signed REST system: the request written and signed, the answer read, its signature checked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.protocols.charset import decode
from adapters.protocols.json_answer import read_json
from adapters.protocols.maintenance import refuse_maintenance
from adapters.protocols.sample import Sampled
from adapters.protocols.signed_rest_cipher import BodyCipher
from adapters.protocols.signed_rest_facts import AnswerSign
from adapters.protocols.signed_rest_request import Draft, Writer
from adapters.protocols.transport import Request, Response, Transport, refuse
from hub.port import Setting, Stage


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, on which line of system.yaml, under which key; `token` is (place, name, value), or nothing."""

    parameters: Mapping[str, str]
    line: Mapping[str, Any]
    key: str
    token: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """`authentic`: the answer is signed as it should be, or nobody asked for that."""

    tree: Mapping[str, Any]
    body: bytes
    sent: int
    received: int
    authentic: bool


class Wire:
    """Speaks to one system. `skew_s`: seconds by which the department's clock was ahead at its last answer."""

    def __init__(self, setting: Setting, account: Mapping[str, str]) -> None:
        own: Mapping[str, Any] = setting.facts["signed_rest"]
        self._dated: tuple[str, float] = "", 0.0
        self._encoding: str = setting.facts["encoding"]
        self._maintenance = own["maintenance"]
        self._answer_sign: AnswerSign | None = own["answer_sign"]
        charset = "gbk" if self._encoding == "gb2312" else self._encoding
        self._cipher = BodyCipher.declared(own["cipher"], account) if own["cipher"] else None
        self._writer = Writer(own["stamps"], own["sign"], charset, account, self._cipher)
        self._transport = Transport(setting.address, allow_private=setting.allow_private)

    @property
    def skew_s(self) -> float | None:
        date, at = self._dated
        try:
            return parsedate_to_datetime(date).timestamp() - at
        except ValueError:
            return None

    def exchange(
        self, question: Question, *, deadline: float, traceparent: str, changes: bool, stage: Stage | None = None
    ) -> Exchange:
        draft = Draft()

        def make() -> Request:  # a request that must be sent again is written again: its nonce and time are new
            nonlocal draft
            draft = self._writer.draft(question.parameters, question.line)
            for place, name, value in question.token:
                draft.put(place, name, value)
            return self._writer.signed(draft, question.line, question.key)

        response = self._transport.ask(make, deadline=deadline, traceparent=traceparent, write=changes, stage=stage)
        self._dated = response.headers.get("Date") or "", time.time()
        with Sampled(response.body):
            if response.status != 200:
                raise refuse(response, changes)
            plain = self._cipher.opened(response.body) if self._cipher else response.body
            text = decode(plain, self._encoding)
            refuse_maintenance(text, self._maintenance, changes)
            authentic = self._authentic(draft, response, question.key)
            return Exchange(read_json(text), plain, response.sent, response.received, authentic)

    def close(self) -> None:
        self._transport.close()

    def _authentic(self, draft: Draft, response: Response, key: str) -> bool:
        sign = self._answer_sign
        if sign is None:
            return True
        headers = {name: response.headers.get(name) or "" for name in (*sign.rule.fields, *sign.echo)}
        echoed = all(headers[name] == draft.headers.get(name) for name in sign.echo)
        values = {**headers, "@body": sign.rule.digest(response.body)}
        return echoed and sign.rule.verifies(values, key, response.headers.get(sign.name) or "")

"""One signed request: the operation's parameters, what the hub adds to them, and the signature over both."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote_plus

from adapters.protocols.signed_rest_cipher import BodyCipher
from adapters.protocols.signed_rest_facts import Sign, Stamp
from adapters.protocols.transport import Request

_CHINA = timezone(timedelta(hours=8))
_MEDIA = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class Draft:
    """A request being written: three places for named values."""

    parameters: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    def put(self, place: str, name: str, value: str) -> None:
        {"parameters": self.parameters, "headers": self.headers, "query": self.query}[place][name] = value


class Writer:
    """Writes requests of one system. `charset` is what bodies and queries are written in."""

    def __init__(
        self,
        stamps: Mapping[str, Stamp],
        sign: Sign,
        charset: str,
        account: Mapping[str, str],
        cipher: BodyCipher | None = None,
    ) -> None:
        self._stamps, self._sign, self._charset, self._account = stamps, sign, charset, account
        self._cipher = cipher

    def draft(self, parameters: Mapping[str, str], line: Mapping[str, Any]) -> Draft:
        """The parameters and fresh stamps: the time and the nonce are new for every try."""
        draft = Draft(dict(parameters))
        for name in self._stamps if line["stamps"] is None else line["stamps"]:
            stamp = self._stamps[name]
            draft.put(stamp.place, name, self._value(stamp))
        return draft

    def signed(self, draft: Draft, line: Mapping[str, Any], key: str) -> Request:
        """The signature goes in last; in a parameter it signs the others, in a header it may sign the whole body."""
        method, sign = line["method"].upper(), self._sign
        body: bytes | None = None
        if sign.rule is not None:
            derived = {"@method": method, "@path": line["path"]}
            if sign.place == "headers":
                body = self._body(draft, line)  # once: what is signed is what leaves, its random part included
                derived["@body"] = sign.rule.digest(body)
            values = {**draft.parameters, **draft.headers, **draft.query, **derived}
            draft.put(sign.place, sign.name, sign.rule.sign(values if sign.rule.fields else draft.parameters, key))
        headers = dict(draft.headers)
        if line["body"] in _MEDIA:
            media = self._cipher.media_type if self._cipher else _MEDIA[line["body"]]
            headers["Content-Type"] = f"{media}; charset={self._charset}"
        query = {**(draft.parameters if line["body"] == "query" else {}), **draft.query}
        target = line["path"] + (f"?{self._coded(query)}" if query else "")
        return Request(method, target, headers, self._body(draft, line) if body is None else body)

    def _body(self, draft: Draft, line: Mapping[str, Any]) -> bytes:
        match line["body"]:
            case "json":
                text = json.dumps(_nested(draft.parameters), ensure_ascii=False, separators=(",", ":"))
                written = text.encode(self._charset)
                return self._cipher.sealed(written) if self._cipher else written
            case "form":
                return self._coded(draft.parameters).encode("ascii")
            case _:
                return b""

    def _coded(self, values: Mapping[str, str]) -> str:
        """As urlencode does, without its look at the many values that need no coding."""
        return "&".join([f"{self._quoted(name)}={self._quoted(value)}" for name, value in values.items()])

    def _quoted(self, text: str) -> str:
        plain = text.isascii() and text.isalnum()
        return text if plain else quote_plus(text, encoding=self._charset, errors="strict")

    def _value(self, stamp: Stamp) -> str:
        match stamp.source:
            case "secret":
                return self._account[stamp.value]
            case "random":
                return secrets.token_hex(int(stamp.value))
            case "clock":
                return _moment(stamp.value)
            case _:
                return stamp.value


def _nested(parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """A name with a dot in it is a member of an object: `person.name`."""
    if not any("." in name for name in parameters):
        return parameters
    whole: dict[str, Any] = {}
    for name, value in parameters.items():
        *way, last = name.split(".")
        inner = whole
        for step in way:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return whole


def _moment(form: str) -> str:
    if form == "seconds":
        return str(int(time.time()))
    if form == "milliseconds":
        return str(time.time_ns() // 1_000_000)
    return datetime.now(_CHINA).strftime(form)

"""The pages of one site behind a login: one request, one page, told apart from everything that only looks like one.

A lost session, a maintenance page and a refused login all come with status 200; system.yaml names their marks, and
they are looked for before anything is read from a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from adapters.protocols.charset import decode
from adapters.protocols.facts import unusable
from adapters.protocols.form_session import SessionLost, cookie_header
from adapters.protocols.html_page import Page
from adapters.protocols.maintenance import refuse_maintenance
from adapters.protocols.sample import Sampled
from adapters.protocols.transport import Response, Transport, refuse
from hub.port import Denied, Setting, Stage


@dataclass(frozen=True, slots=True)
class Question:
    """One request. `changes` marks the one request of a write that may change something at the department."""

    method: str
    path: str
    deadline: float
    form: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""
    traceparent: str = ""
    changes: bool = False
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    page: Page
    body: bytes
    sent: int
    received: int


class Site:
    """Speaks to one site. Raises CONFIG_INVALID when a secret of its login is not there."""

    def __init__(self, setting: Setting) -> None:
        self._facts: Mapping[str, Any] = setting.facts["form"]
        self._encoding: str = setting.facts["encoding"]
        # A form goes out as what the department can store; a page is read as GB 18030 (legacy.md Q14, Q17).
        self._form_charset = "gbk" if self._encoding == "gb2312" else self._encoding
        login = self._facts["login"]
        missing = set(login["fields"].values()) - {name for name, value in setting.secrets.items() if value}
        if missing:
            raise unusable(f"no secret {', '.join(sorted(missing))}")
        self._account = {wire: setting.secrets[name] for wire, name in login["fields"].items()}
        self._transport = Transport(setting.address, allow_private=setting.allow_private)

    def fetch(self, question: Question) -> Fetched:
        """Raises SessionLost when the page says that nobody is logged in, or one of the port's errors."""
        response = self._send(question)
        with Sampled(response.body):
            text = self._text(response, question.changes)
            if any(mark in text for mark in self._facts["lost"]):
                raise SessionLost
            return Fetched(Page(text), response.body, response.sent, response.received)

    def sign_in(self, deadline: float) -> tuple[str, float]:
        """The cookies of a new session, and for how many seconds it is trusted."""
        login = self._facts["login"]
        response = self._send(Question("post", login["path"], deadline, {**login["constants"], **self._account}))
        with Sampled(response.body):
            text = self._text(response, False)
            if any(mark in text for mark in (*login["refused"], *self._facts["lost"])):
                raise Denied("the login was refused")
            return cookie_header(response.headers), self._facts["session"]["minutes"] * 60.0

    def close(self) -> None:
        self._transport.close()

    def _send(self, question: Question) -> Response:
        headers, body = {"Accept": "text/html"}, b""
        if question.cookie:
            headers["Cookie"] = question.cookie
        if question.method == "post":
            body = urlencode(question.form, encoding=self._form_charset, errors="strict").encode("ascii")
            headers["Content-Type"] = f"application/x-www-form-urlencoded; charset={self._form_charset}"
        return self._transport.send(
            question.method.upper(), question.path, headers, body,
            deadline=question.deadline, traceparent=question.traceparent, write=question.changes,
            stage=question.stage,
        )  # fmt: skip

    def _text(self, response: Response, changes: bool) -> str:
        if response.status != 200:
            raise refuse(response, changes)
        text = decode(response.body, self._encoding)
        refuse_maintenance(text, self._facts["maintenance"], changes)
        return text

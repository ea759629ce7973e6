"""Answers that are finished when they are made: a status, headers and bytes that only have to be sent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LINES = {each.value: f"{each.value} {each.phrase.upper()}" for each in HTTPStatus}


class Whole(Response):
    """A response that hands a finished body over as a list, which the server sends in one piece."""

    def get_app_iter(self, environ: WSGIEnvironment) -> Any:
        whole = self.is_sequence and not self._on_close and environ["REQUEST_METHOD"] != "HEAD"
        if whole and self.status_code >= 200 and self.status_code not in (204, 304):
            return list(self.iter_encoded())
        return super().get_app_iter(environ)


class Plain(Whole):
    """A whole body, with headers that need no second look. It may be sent many times, by many threads at once: sending
    it changes nothing in it. Whoever asks for its `headers` or changes it gets a response like any other."""

    def __init__(self, body: bytes, headers: list[tuple[str, str]], status: int = 200) -> None:
        # Without the library's own: to parse, copy and check what is finished cost as much as a small view.
        self._own, self.response = headers, [body]
        self._status, self._status_code = _LINES[status], status
        self._on_close, self.direct_passthrough = [], False

    def own(self, names: Iterable[str]) -> dict[str, str]:
        """Those of its headers that have these names."""
        return {name: value for name, value in self._own if name in names}

    @cached_property
    def headers(self) -> Headers:  # type: ignore[override]
        return Headers(self._own)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "headers" in self.__dict__ or self._on_close or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        body: list[bytes] = self.response  # type: ignore[assignment]
        start_response(self._status, [*self._own, ("Content-Length", str(len(body[0])))])
        return body

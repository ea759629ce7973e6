"""Answers that are the same for everybody, ready as bytes: given again as long as the switches and the configuration
they were made of are in force, before a view's arguments are even read.

The door's copies (kept.py) spare Flask as well, but do not see a switch; these do, and take over between two of them.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import orjson
from flask import Response, g, request

from blueprints import asking
from blueprints.kept import keep, question
from blueprints.whole import Plain
from hub.catalogue.service import Catalogue, Page, Stamp
from hub.errors import Problem

_MOST = 512
_LARGEST = 256 * 1024
_LATE_S = 600.0  # how long an answer stands in while PostgreSQL is away, as long as no switch says otherwise (F19)
View = TypeVar("View", bound=Callable[..., Response])
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Bytes:
    """One answer, and what it was made of."""

    fixed: Plain
    body: bytes
    headers: list[tuple[str, str]]
    stamp: Stamp


class Ready:
    """The answers of one app."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._answers: dict[Key, Bytes] = {}

    def view(self, view: View) -> View:
        """Outermost of a view's decorators below the route. The view makes its response by `answer`."""

        @wraps(view)
        def quick(*positional: Any, **named: Any) -> Response:
            key = question(asking.environ())
            kept = self._answers.get(key)
            if kept is not None and self._catalogue.holds(kept.stamp):
                keep()
                return _response(kept)
            try:
                response = view(*positional, **named)
            except Problem as problem:
                if problem.code != "STORE_UNAVAILABLE" or kept is None or not self._may_stand_in(kept):
                    raise
                return _response(kept)
            self._store(key, g.answer)
            return response

        return quick  # type: ignore[return-value]

    def _may_stand_in(self, kept: Bytes) -> bool:
        late = time.monotonic() - kept.stamp.until
        return late < _LATE_S and self._catalogue.holds(replace(kept.stamp, until=math.inf))

    def page(self, page: Page) -> Response:
        """The response of a view that lists."""
        return self.answer({"items": page.items, "next_cursor": page.next_cursor}, page.stamp)

    def answer(self, value: dict[str, Any], stamp: Stamp) -> Response:
        """The response of a view, in the language of the request."""
        body, language = orjson.dumps(value), asking.language()
        etag = hashlib.blake2b(body, key=language.encode(), digest_size=12).hexdigest()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Language", "zh-CN" if language == "zh" else "en"),
            ("Vary", "Accept-Language, Authorization, X-Client-Version"),
            ("Cache-Control", "private, no-cache" if stamp.personal else "no-cache"),
            ("ETag", f'"{etag}"'),
        ]
        g.answer = Bytes(Plain(body, headers), body, headers, stamp)
        return _response(g.answer)

    def _store(self, key: Key, answer: Bytes) -> None:
        if answer.stamp.personal or len(answer.body) > _LARGEST:
            return
        keep()
        if len(self._answers) >= _MOST:
            self._answers.clear()
        self._answers[key] = answer


def _response(answer: Bytes) -> Response:
    if "HTTP_IF_NONE_MATCH" not in asking.environ():
        return answer.fixed
    response = Response(answer.body, headers=answer.headers)
    response.make_conditional(request)
    return response

"""What every room's blueprint is made of: the strict parser under its arguments, its problem codes in the contract.

A view says with `@problem_codes(...)` what it may answer besides the codes that every route has; blueprints/openapi.py
turns that into documented responses. A code that this view answers with another status than its own is a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar

import flask_smorest
import orjson
from flask import Response

from blueprints.body import StrictParser, given
from blueprints.whole import Plain
from hub.fields import Form, Integer, Text, load

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row")
Code = str | tuple[str, int]

SIGNED_IN: tuple[Code, ...] = (
    "TOKEN_MISSING",
    "TOKEN_INVALID",
    "PROOF_INVALID",
    "SESSION_REVOKED",
    "STORE_UNAVAILABLE",
)
# The OpenAPI's way of saying that a token is welcome but not needed.
EITHER: list[dict[str, list[str]]] = [{}, {"bearer": []}]
STAFF: tuple[Code, ...] = (*SIGNED_IN, "ROLE_REQUIRED")
IDEMPOTENT: tuple[Code, ...] = (
    "IDEMPOTENCY_KEY_REQUIRED",
    "IDEMPOTENCY_KEY_INVALID",
    "IDEMPOTENCY_KEY_REUSED",
    "IDEMPOTENCY_IN_PROGRESS",
)
DEPARTMENT: tuple[Code, ...] = (
    "SERVICE_DISABLED",
    "DEPARTMENT_UNAVAILABLE",
    "DEPARTMENT_BUSY",
    "DEPARTMENT_DENIED",
    "DEPARTMENT_TIMEOUT",
    "DEPARTMENT_REJECTED",
    "UPSTREAM_MALFORMED",
    "UPSTREAM_CHARSET",
    "UPSTREAM_UNSAFE_XML",
    "UPSTREAM_TLS",
    "UPSTREAM_REDIRECT",
    "UPSTREAM_TRUNCATED",
    "UPSTREAM_TOO_LARGE",
    "UPSTREAM_SESSION",
    "UPSTREAM_SUBJECT_MISMATCH",
    "UPSTREAM_CONFLICT",
)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A room's blueprint. Its arguments are read by the strict reader."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        """Made once: a schema made anew for each request costs more than what it checks."""
        made = schema() if isinstance(schema, type) else schema
        marked: Callable[[View], View] = super().arguments(made, **options)
        if options.get("location", "json") != "json":
            return marked

        def decorate(view: View) -> View:
            @wraps(view)
            def asked(*positional: Any, **named: Any) -> Any:
                return view(*positional, load(made, given()), **named)

            asked._apidoc = marked(view)._apidoc  # type: ignore[attr-defined]
            return asked  # type: ignore[return-value]

        return decorate

    def doc(self, **named: Any) -> Callable[[View], View]:
        """Only what the document says of it: no wrapper."""
        marked: Callable[[View], View] = super().doc(**named)

        def decorate(view: View) -> View:
            view._apidoc = marked(view)._apidoc  # type: ignore[attr-defined]
            return view

        return decorate

    def response(self, *positional: Any, **named: Any) -> Callable[[View], View]:
        """Only what the document says of it: every view makes its answer itself."""
        marked: Callable[[View], View] = super().response(*positional, **named)

        def decorate(view: View) -> View:
            view._apidoc = marked(view)._apidoc  # type: ignore[attr-defined]
            return view

        return decorate


def problem_codes(*codes: Code) -> Callable[[View], View]:
    """The codes this view may answer, for the OpenAPI document."""

    def mark(view: View) -> View:
        described = deepcopy(getattr(view, "_apidoc", {}))
        manual = described.setdefault("manual_doc", {})
        manual["x-problem-codes"] = [*manual.get("x-problem-codes", []), *codes]
        view._apidoc = described  # type: ignore[attr-defined]
        return view

    return mark


class Count(Integer):
    """A whole number in a query string, where everything is text."""

    def accept(self, value: Any) -> int:
        plain = isinstance(value, str) and len(value) < 10 and value.isascii() and value.isdigit()
        return super().accept(int(value) if plain else value)


class Page(Form):
    """`?page_size=&cursor=` of every list."""

    page_size = Count(min=1, max=100, load_default=20)
    cursor = Text(min=1, max=200)


def paged(found: Sequence[Row], size: int, shown: Callable[[Row], Any], place: Callable[[Row], str]) -> dict[str, Any]:
    """A page of at most `size`; whoever looked asked for one more. `place` is where the next page begins."""
    onward = place(found[size - 1]) if len(found) > size else None
    return {"items": [shown(each) for each in found[:size]], "next_cursor": onward}


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer, made without a second look at it. `X_Origin="..."` becomes the header X-Origin."""
    told = [("Content-Type", "application/json"), *((name.replace("_", "-"), text) for name, text in headers.items())]
    return Plain(orjson.dumps(value), told, status)

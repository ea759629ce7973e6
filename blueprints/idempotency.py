"""`@idempotent`: the same key and the same body get the stored answer; the store itself is the gateway's.

The key belongs to whoever is signed in and to the route, so nobody meets another's answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, current_app, g, request

from blueprints import asking
from blueprints.auth import caller, the_hub
from blueprints.contract import IDEMPOTENT, SIGNED_IN, View, problem_codes
from blueprints.whole import Plain
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.gateway.idempotency import Running

_KEPT_HEADERS = ("Location", "X-Origin")


def idempotent(required: bool = True, ours: bool = False) -> Callable[[View], View]:
    """For a view that creates something. It stands right above the view, under the argument decorators. `ours`: all it
    does is one transaction of ours, which keeps its answer (`kept`)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def once(*positional: Any, **named: Any) -> Any:
            key = _key(required)
            if key is None:
                return view(*positional, **named)
            return _once(key, lambda: view(*positional, **named), ours)

        return problem_codes(*IDEMPOTENT, *SIGNED_IN)(once)  # type: ignore[return-value]

    return decorate


def _key(required: bool) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None and required:
        raise Problem("IDEMPOTENCY_KEY_REQUIRED")
    return key


def _once(key: str, view: Callable[[], Any], ours: bool) -> Response:
    route = f"{request.method} {request.path}"
    mandate = request.headers.get("X-Act-For")
    meant = [asking.body(), mandate]
    digest = hashlib.sha256(orjson.dumps(meant, option=orjson.OPT_SORT_KEYS)).digest()

    def run(running: Running) -> bytes:
        g.running = running
        made = view()
        return running.kept or _packed(made)

    stored, again = the_hub().submissions.once(caller().citizen_id, route, key, digest, run, ours, mandate)
    status, headers, body = orjson.loads(stored)
    told = [("Content-Type", "application/json"), *headers.items()]
    if again:
        told.append(("Idempotency-Replayed", "true"))
    return Plain(body.encode(), told, status)


def kept(session: Any, response: Response) -> Response:
    """This answer, from the commit of this session on: what was done and what was told of it are one. Raises
    IDEMPOTENCY_IN_PROGRESS when it took so long that another does it now; then nothing is done here."""
    running: Running | None = g.get("running")
    if running is not None and not running.keep(session, _packed(response)):
        raise Problem("IDEMPOTENCY_IN_PROGRESS", retry_after=1)
    return response


def kept_by(keep: Callable[[Mapping[str, Any]], bool], response: Response) -> Response | None:
    """The same where `keep` commits by itself, with what it is given. None where it did not: then nothing is done."""
    running: Running = g.running
    packed = _packed(response)
    if not keep(running.row(packed)):
        return None
    running.kept = packed
    return response


def _packed(answered: Any) -> bytes:
    """What is stored of an answer: status, the headers that belong to it, body."""
    if isinstance(answered, Plain):
        return orjson.dumps([answered.status_code, answered.own(_KEPT_HEADERS), answered.get_data(as_text=True)])
    response = current_app.make_response(answered)
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return orjson.dumps([response.status_code, headers, response.get_data(as_text=True)])

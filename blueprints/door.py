"""The door: what every request passes before Flask sees it, and every answer on its way out.

One WSGI middleware, because a hook in Flask costs more and does not see what Flask refuses by itself. It checks the
request line and the headers, lets in what this worker has room for (peak.py), and puts the trace id on every answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.http import parse_etags

from blueprints.asking import ARRIVED
from blueprints.inspection import check_client, check_headers, check_host, check_path, check_query
from blueprints.kept import KEEP, Copy, Kept
from blueprints.peak import Peak
from blueprints.problems import CODE, TRACE, Problems, preferred
from blueprints.traffic import ROUTE, Traffic
from hub.errors import Problem
from hub.trace import Trace, continued

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from hub.main import Hub
    from hub.settings.shapes import Snapshot

_ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
_NO_CONTENT = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
_NO_STORE = ("Cache-Control", "no-store")
_NO_TRACE = "0" * 32  # stands where the trace id will


class Door:
    """Wraps the app."""

    def __init__(self, app: WSGIApplication, hub: Hub, problems: Problems, traffic: Traffic, peak: Peak) -> None:
        self._app = app
        self._hub = hub
        self._problems = problems
        self._traffic = traffic
        self._kept = Kept()
        self._full: dict[tuple[str, int], tuple[Snapshot, list[tuple[str, str]], bytes]] = {}
        self._peak = peak

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        arrived = environ[ARRIVED] = time.monotonic()
        trace = environ[TRACE] = continued(environ.get("HTTP_TRACEPARENT"))
        leaving = Leaving(start_response, trace)
        settings = self._hub.settings.now.hub
        if wait := self._peak.enter(environ["PATH_INFO"], settings, trace.id):
            return self._turn_away(wait, environ, leaving, arrived)
        try:
            check_headers(environ)
            check_host(environ, settings.hosts)
            check_client(environ, settings.minimum_client)
            copy = self._kept.find(environ, arrived)
            body = self._pass(environ, leaving) if copy is None else _repeat(copy, environ, leaving)
        except Problem as problem:
            body = self._refuse(problem, environ, leaving)
        except Exception as error:
            self._problems.tell(error, trace)
            body = self._refuse(Problem("INTERNAL", origin="hub"), environ, leaving)
        finally:
            self._peak.leave()
        self._traffic.count(environ, leaving.status, time.monotonic() - arrived)
        return body

    def _pass(self, environ: WSGIEnvironment, leaving: Leaving) -> Iterable[bytes]:
        check_path(environ)
        if environ.get("QUERY_STRING"):
            check_query(environ["QUERY_STRING"])
        body = self._app(environ, leaving)
        if KEEP in environ and leaving.status == "200" and isinstance(body, list):
            self._kept.store(environ, time.monotonic(), leaving.own, body)
        return body

    def _turn_away(self, wait: int, environ: WSGIEnvironment, leaving: Leaving, arrived: float) -> list[bytes]:
        """The refusal of an overloaded worker, made beforehand: what turning away costs, the others do not get."""
        language, now = preferred(environ.get("HTTP_ACCEPT_LANGUAGE")), self._hub.settings.now
        made = self._full.get((language, wait))
        if made is None or made[0] is not now:
            problem = Problem("OVERLOADED", origin="hub", retry_after=wait)
            _, headers, body = self._problems.render(problem, Trace(_NO_TRACE), language)
            made = self._full[language, wait] = now, [*headers, ("Content-Length", str(len(body)))], body
        leaving("503 OVERLOADED", made[1])
        environ[CODE] = "OVERLOADED"
        self._traffic.count(environ, leaving.status, time.monotonic() - arrived)
        return [made[2].replace(_NO_TRACE.encode(), environ[TRACE].id.encode())]

    def _refuse(self, problem: Problem, environ: WSGIEnvironment, leaving: Leaving) -> list[bytes]:
        environ[CODE] = problem.code
        language = environ.get("HTTP_ACCEPT_LANGUAGE")
        status, headers, body = self._problems.render(problem, environ[TRACE], language)
        leaving(f"{status} {problem.code}", [*headers, ("Content-Length", str(len(body)))])
        return [body]


def _repeat(copy: Copy, environ: WSGIEnvironment, leaving: Leaving) -> list[bytes]:
    environ[ROUTE] = copy.route
    known = environ.get("HTTP_IF_NONE_MATCH")
    if copy.etag and known and (known == copy.etag or parse_etags(known).contains_weak(copy.etag.strip('"'))):
        leaving("304 NOT MODIFIED", [header for header in copy.headers if not header[0].startswith("Content-")])
        return []
    leaving("200 OK", list(copy.headers))
    return [copy.body]


class Leaving:
    """start_response with our headers: the trace, and what a browser must know. A view's own choice stands."""

    __slots__ = ("_start", "_trace", "own", "status")

    def __init__(self, start_response: StartResponse, trace: Trace) -> None:
        self._start = start_response
        self._trace = trace
        self.status = ""
        self.own: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status = status[:3]
        self.own = headers
        names = {name for name, _ in headers}
        sent = [*headers, *_ALWAYS, ("X-Trace-Id", self._trace.id)]
        if "Content-Security-Policy" not in names:
            sent.append(_NO_CONTENT)
        if "Cache-Control" not in names:
            sent.append(_NO_STORE)
        return self._start(status, sent, exc_info) if exc_info else self._start(status, sent)

"""The only translator of errors into answers: RFC 9457 problem details, in the caller's language.

Whatever a view or the framework raises ends here; nothing of it but its code, its notice and its faults gets out.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Flask, Response, request
from marshmallow import ValidationError
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import BadRequestKeyError, ClientDisconnected, HTTPException, SecurityError
from werkzeug.http import parse_accept_header
from werkzeug.routing import RequestRedirect

from hub.errors import KINDS, Fault, Problem, invalid
from hub.fields import faults
from hub.trace import Trace

if TYPE_CHECKING:
    from hub.main import Hub

MEDIA_TYPE = "application/problem+json"
CODE = "hub.code"  # where the door finds the code of an answer, for its counters
TRACE = "hub.trace"  # and where it leaves the trace
_log = structlog.get_logger("problems")
_CODE_OF_STATUS = {
    401: "TOKEN_MISSING",
    403: "ROLE_REQUIRED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    409: "STATE_CONFLICT",
    411: "HTTP_FRAMING",
    412: "PRECONDITION_FAILED",
    413: "BODY_TOO_LARGE",
    414: "HEADERS_TOO_LARGE",
    415: "MEDIA_TYPE",
    422: "FORMAT",
    428: "PRECONDITION_FAILED",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
    503: "OVERLOADED",
}
_WAIT_S = {502: 30, 504: 30}
# Under load these come by the thousand. Each is counted and on record; a line for each, written one at a time, held up
# the requests themselves.
_BY_THE_THOUSAND = frozenset({"DEPARTMENT_BUSY", "OVERLOADED"})
_A_LINE_S = 1.0
_HELP = {"zh": "如需帮助，请拨打 {hotline}，编号 {trace}。", "en": "For help call {hotline} and quote {trace}."}


class Problems:
    """Makes the answer of a problem with the texts and the hotline of the configuration in force."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told_at: dict[str, float] = {}

    def attach(self, app: Flask) -> None:
        """Take over every error of the app."""
        app.register_error_handler(Exception, self._answer)

    def _answer(self, error: Exception) -> Response | HTTPException:
        if isinstance(error, HTTPException) and (error.code or 500) < 400 and not isinstance(error, RequestRedirect):
            return error  # 304
        problem = translate(error)
        request.environ[CODE], trace = problem.code, request.environ[TRACE]
        if problem.status >= 500 or problem.note:
            self.tell(error, trace, request.method, str(request.url_rule or ""))
        status, headers, body = self.render(problem, trace, request.headers.get("Accept-Language"))
        response = Response(body, status, headers)
        if isinstance(error, HTTPException) and problem.status == 405:
            response.headers["Allow"] = dict(error.get_headers()).get("Allow", "")
        return response

    def part(self, problem: Problem) -> tuple[int, orjson.Fragment]:
        """Status and body of a problem that is one part of an answer."""
        trace = request.environ[TRACE]
        if problem.status >= 500:
            self.tell(problem, trace, request.method, str(request.url_rule or ""))
        status, _, body = self.render(problem, trace, request.headers.get("Accept-Language"))
        return status, orjson.Fragment(body)

    def render(self, problem: Problem, trace: Trace, languages: str | None) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of a problem."""
        language = preferred(languages)
        body = self._body(problem, trace, language)
        headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Content-Language", "zh-CN" if language == "zh" else "en"),
            ("Vary", "Accept-Language"),
            ("Cache-Control", "no-store"),
        ]
        if "retry_after" in body:
            headers.append(("Retry-After", str(body["retry_after"])))
        if problem.status == 401:
            headers.append(("WWW-Authenticate", "Bearer"))
        if problem.origin.startswith(("department:", "peer:")):
            headers.append(("X-Origin", problem.origin))
        return problem.status, headers, orjson.dumps(body)

    def _body(self, problem: Problem, trace: Trace, language: str) -> dict[str, Any]:
        settings = self._hub.settings.now
        notice = in_language(problem.notice, language)
        help_text = _HELP[language].format(hotline=settings.hub.hotline, trace=trace.id)
        body: dict[str, Any] = {
            **problem.extra,
            "type": f"/docs#{problem.code}",
            "title": self._sentence(problem.code, language),
            "status": problem.status,
            "detail": f"{notice}\n{help_text}" if notice else help_text,
            "instance": f"urn:trace:{trace.id}",
            "code": problem.code,
            "trace_id": trace.id,
            "origin": problem.origin,
            "action": problem.kind.action,
        }
        if notice:
            body["notice"] = notice
        if problem.faults:
            body["errors"] = [self._fault(fault, language) for fault in problem.faults[:20]]
        if problem.retry_after is not None or problem.kind.action == "wait":
            body["retry_after"] = problem.retry_after or _WAIT_S.get(problem.status, 5)
        return body

    def _fault(self, fault: Fault, language: str) -> dict[str, str]:
        message = in_language(fault.message, language) or self._sentence(fault.code, language)
        return {"path": fault.path, "code": fault.code, "message": message}

    def _sentence(self, code: str, language: str) -> str:
        own = self._hub.settings.now.texts.get(code)
        if own:
            return own.get(language) or own["zh"]
        return KINDS[code].title[language] if code in KINDS else code

    def tell(self, error: Exception, trace: Trace, method: str = "", route: str = "") -> None:
        """One line for operations: what and where, never what was sent. Of refusals under load, one a second."""
        problem = translate(error)
        if problem.code in _BY_THE_THOUSAND and self._just_told(f"{problem.code} {problem.origin}"):
            return
        seen = error.__cause__ or error
        frames = traceback.extract_tb(seen.__traceback__) if problem.status == 500 else []
        place = {"file": frames[-1].filename, "line": frames[-1].lineno} if frames else {}
        _log.warning(
            "problem",
            code=problem.code,
            status=problem.status,
            origin=problem.origin,
            note=problem.note,
            trace_id=trace.id,
            method=method,
            route=route,
            error=type(seen).__name__,
            **place,
        )

    def _just_told(self, what: str) -> bool:
        now = time.monotonic()
        just = now - self._told_at.get(what, -_A_LINE_S) < _A_LINE_S
        if not just:
            self._told_at[what] = now
        return just


def translate(error: Exception) -> Problem:
    """The problem that an exception is told as."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationError):
        return invalid(faults(error.messages))
    if isinstance(error, HTTPException):
        return Problem(_code(error))
    return Problem("INTERNAL", origin="hub", note=type(error).__name__)


def _code(error: HTTPException) -> str:
    if isinstance(error, RequestRedirect):
        return "NOT_FOUND"
    if isinstance(error, ClientDisconnected):
        return "HTTP_FRAMING"
    if isinstance(error, SecurityError):
        return "HOST_INVALID"
    if isinstance(error, BadRequestKeyError) or error.code == 400:
        return "PARAM_INVALID"
    return _CODE_OF_STATUS.get(error.code or 500, "INTERNAL")


def preferred(languages: str | None) -> str:
    """zh unless English is wanted more."""
    if not languages or languages.startswith("zh"):
        return "zh"
    accepted = parse_accept_header(languages.replace("_", "-")[:200], LanguageAccept)
    return "en" if accepted.best_match(["zh", "en"]) == "en" else "zh"


def in_language(text: str | Mapping[str, str] | None, language: str) -> str:
    """A text by language, or a plain one; empty where there is none."""
    if isinstance(text, Mapping):
        return text.get(language) or text.get("zh", "")
    return text or ""

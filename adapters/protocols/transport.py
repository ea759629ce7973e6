"""The one HTTP transport under all HTTP protocols: bytes out, bytes in, one total deadline, no surprises.

No redirects, no proxies, no cookies, no retries but one: a read whose kept connection the peer had already closed.
It reads bodies with the standard library's HTTPResponse and connects by itself, because that is half the CPU of
urllib3's pool per call (its connection, header and response classes are the rest), and because the deadline, the
byte caps and the stage of a failure must be ours on every byte anyway.
"""

from __future__ import annotations

import re
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from typing import Any

from adapters.protocols.facts import unusable
from adapters.protocols.http_answer import Answer, Head
from adapters.protocols.line import Line, PastDeadline, TooLarge
from adapters.protocols.lines import Lines
from adapters.protocols.target import Target, resolve
from hub.port import Denied, Garbled, Halted, OutcomeUnknown, PortError, Setting, Stage, Unavailable

BODY_CAP = 5 * 1024 * 1024

_PATH = re.compile(r"/[\x21-\x7e]*", re.ASCII)
_BREAK = re.compile(r"[\r\n\x00]")


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `framed` says that length or chunks proved it whole; else the protocol's own rule must.

    `body` is after decompression, `received` and `sent` are bytes on the wire.
    """

    status: int
    headers: Head
    body: bytes
    framed: bool
    sent: int
    received: int

    @property
    def media_type(self) -> str:
        return (self.headers.get("Content-Type") or "").lower()


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class Transport:
    """Calls one system. Opened once per process, used by many threads at once."""

    def __init__(
        self, address: str, *, allow_private: bool = False, ca_file: Path | None = None, keep: int = 8
    ) -> None:
        self._target: Target = resolve(address, allow_private)
        self._tls = ssl.create_default_context(cafile=ca_file) if self._target.secure else None
        self._lines = Lines(self._target, self._tls, keep)

    @classmethod
    def of(cls, setting: Setting) -> Transport:
        """As the system's entry in config says: `options.ca_file` names the CA of a department that has its own."""
        ca_file = setting.options.get("ca_file")
        try:
            return cls(
                setting.address,
                allow_private=setting.allow_private,
                ca_file=setting.folder / ca_file if ca_file else None,
            )
        except (OSError, ssl.SSLError) as error:
            raise unusable(f"ca_file: {type(error).__name__}") from error

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        deadline: float,
        traceparent: str = "",
        write: bool = False,
        stage: Stage | None = None,
    ) -> Response:
        """`ask` for a request that may be sent again as it is."""
        request = Request(method, path, headers, body)
        return self.ask(lambda: request, deadline=deadline, traceparent=traceparent, write=write, stage=stage)

    def ask(
        self,
        make: Callable[[], Request],
        *,
        deadline: float,
        traceparent: str = "",
        write: bool = False,
        stage: Stage | None = None,
    ) -> Response:
        """One request, one answer, by `deadline` (monotonic). Its path goes below the address's own path.

        `make` is called for each attempt, so that a nonce or time stamp in it is never sent twice.
        Raises Unavailable while no byte has left us, OutcomeUnknown after that, Garbled for an answer that is cut,
        too large, a redirect or no HTTP. Every other status is handed on: see `refuse`.
        """
        method, data = self._made(make, traceparent)
        line = None if write else self._lines.kept()  # a write takes a fresh line: a stale one would leave it in doubt
        if line is not None:
            try:
                return self._exchange(line, method, data, deadline)
            except _Stale:
                method, data = self._made(make, traceparent)
        if not write or stage is None:
            return self._exchange(self._lines.fresh(deadline), method, data, deadline, fresh=True)
        stage("before_connect")
        line = self._lines.fresh(deadline)
        stage("connected")
        return self._exchange(line, method, data, deadline, fresh=True, stage=stage)

    def certificate_until(self, deadline: float) -> datetime | None:
        """When the department's certificate ends, looked at on a line of its own; None without TLS. Raises as `ask`."""
        if self._tls is None:
            return None
        line = self._lines.fresh(deadline)
        try:
            shown: Any = line.sock.getpeercert()  # type: ignore[attr-defined]
            return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
        finally:
            line.hang_up()

    def close(self) -> None:
        self._lines.close()

    def _made(self, make: Callable[[], Request], traceparent: str) -> tuple[str, bytes]:
        request, target = make(), self._target
        if not _PATH.fullmatch(request.path) or _BREAK.search("".join(request.headers.values()) + traceparent):
            raise ValueError("a path or header of a request holds what it must not")
        lines = [f"{request.method} {target.path}{request.path} HTTP/1.1", f"Host: {target.host_header}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if traceparent:
            lines.append(f"traceparent: {traceparent}")
        if request.body or request.method != "GET":
            lines.append(f"Content-Length: {len(request.body)}")
        return request.method, "\r\n".join((*lines, "", "")).encode("latin-1") + request.body

    def _exchange(
        self,
        line: Line,
        method: str,
        data: bytes,
        deadline: float,
        *,
        fresh: bool = False,
        stage: Stage | None = None,
    ) -> Response:
        line.begin(deadline)
        keep = False
        try:
            answer, response = _converse(line, method, data, fresh, stage)
            keep = answer.isclosed() and not answer.will_close and not line.spare
            return response
        finally:
            if keep:
                self._lines.keep(line)
            else:
                line.hang_up()


class _Stale(Exception):
    """A kept connection was closed by the peer before it said a word."""


def _converse(
    line: Line, method: str, request: bytes, fresh: bool, stage: Stage | None
) -> tuple[Answer, Response]:
    told = stage or _untold
    try:
        whole = line.send(request, stage)
    except (OSError, PastDeadline, Halted) as error:
        if not fresh:
            raise _Stale from error
        raise Unavailable("nothing could be sent") from error
    if not whole:
        raise _broken(line, fresh, ConnectionError())
    answer = Answer(line, method=method)  # type: ignore[arg-type]  # it asks for makefile only
    try:
        answer.begin()
        told("head")
        line.allowed = line.received + BODY_CAP
        framed = answer.chunked or answer.length is not None
        body = inflated(answer.headers.get("Content-Encoding") or "", _whole(answer))
    except (PastDeadline, TimeoutError) as error:
        raise OutcomeUnknown("the deadline passed while waiting for the answer") from error
    except TooLarge as error:
        raise Garbled("the answer is larger than allowed", code="UPSTREAM_TOO_LARGE") from error
    except IncompleteRead as error:
        raise Garbled("the answer ends early", code="UPSTREAM_TRUNCATED", sample=error.partial) from error
    except OSError as error:  # also RemoteDisconnected and every TLS error
        raise _broken(line, fresh, error) from error
    except (HTTPException, ValueError) as error:
        raise Garbled(f"the answer is no HTTP: {type(error).__name__}") from error
    told("done")
    if 300 <= answer.status < 400:
        raise Garbled(f"status {answer.status}", code="UPSTREAM_REDIRECT")
    headers: Any = answer.headers  # a Head
    return answer, Response(answer.status, headers, body, framed, len(request), line.received)


def _untold(stage: str) -> None:
    """Nobody wants to know."""


def _broken(line: Line, fresh: bool, error: Exception) -> Exception:
    if line.received:
        return Garbled("the connection broke within the answer", code="UPSTREAM_TRUNCATED")
    return OutcomeUnknown(f"the connection broke: {type(error).__name__}") if fresh else _Stale()


def _whole(answer: Answer) -> bytes:
    if answer.length is not None and answer.length > BODY_CAP:
        raise TooLarge
    # one chunk may announce gigabytes: ask for no more than we would take
    body = answer.read(BODY_CAP + 1) if answer.chunked else answer.read()
    if len(body) > BODY_CAP:
        raise TooLarge
    return body


def inflated(encoding: str, body: bytes) -> bytes:
    """The body without its compression, counted while it grows."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Garbled(f"content encoding {encoding[:20]!r} was never asked for")
    engine = zlib.decompressobj(47)  # gzip or zlib, told apart by the first bytes
    try:
        plain = engine.decompress(body, BODY_CAP + 1)
    except zlib.error as error:
        raise Garbled("the compressed answer is damaged") from error
    if len(plain) > BODY_CAP:
        raise TooLarge
    if not engine.eof:
        raise Garbled("the compressed answer ends early", code="UPSTREAM_TRUNCATED")
    if engine.unused_data:
        raise Garbled("bytes follow the compressed answer")
    return plain


def refuse(response: Response, write: bool) -> PortError:
    """What an HTTP status outside the protocol's own answers means."""
    note, sample = f"status {response.status}", response.body
    if response.status in (401, 403, 407):
        return Denied(note, sample=sample)
    if response.status == 429:
        return Unavailable(note, sample=sample)
    if response.status >= 500:  # a read changed nothing; a write may have been carried out before it broke
        return OutcomeUnknown(note, sample=sample) if write else Unavailable(note, sample=sample)
    return Garbled(note, sample=sample)

"""Framed messages over bare TCP (`tcp://host:port`, TLS as `tcps://`): one question out, one answer in, one deadline.

Connections wait for the next call, or are made for each. One whose call did not end cleanly is never used again, so an
answer that comes late has nobody left to go to (legacy.md Q28).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from adapters.protocols.facts import unusable
from adapters.protocols.framing import Framing
from adapters.protocols.line import Line, PastDeadline
from adapters.protocols.lines import Lines
from adapters.protocols.target import resolve
from hub.port import Garbled, Halted, OutcomeUnknown, Setting, Stage, Unavailable

TCP: Mapping[str, int] = {"tcp": 0, "tcps": 0}
_PIECE = 16_384  # below the line's cap for what comes before a length is known


class Question(NamedTuple):
    """`message` goes out in one frame; `read` makes something of its answer, and raises Garbled for one that is not."""

    message: bytes
    read: Callable[[bytes], Any]


class Answered(NamedTuple):
    """The message that came back, and what the question's `read` made of it. Sizes are bytes on the wire."""

    message: bytes
    made: Any
    sent: int
    received: int


_AT_ONCE = nullcontext()


class _Stale(Exception):
    """A kept connection was closed by the peer before it said a word."""


class Exchange:
    """The connections to one system. Opened once per process, used by many threads at once."""

    def __init__(self, setting: Setting, framing: Framing, connections: Mapping[str, Any]) -> None:
        target = resolve(setting.address, setting.allow_private, TCP)
        self._framing = framing
        self._lines = Lines(target, _context(setting) if target.secure else None, connections["kept"])
        self._alone, self._shared = connections["alone"], setting.shared

    def ask(
        self, make: Callable[[], Question], *, deadline: float, write: bool, stage: Stage | None = None
    ) -> Answered:
        """One question, one answer, by `deadline` (monotonic).

        `make` is called for each attempt, so that no serial number is sent twice; there is a second one only for a
        read whose kept connection the peer had already closed. Raises Unavailable while no byte has left us; after
        that OutcomeUnknown, or for a read Garbled when the answer is cut, too large or not one to this question.
        """
        with self._turn(deadline):
            line = None if write else self._lines.kept()  # a stale connection would leave a write in doubt
            if line is not None:
                try:
                    return self._converse(line, make(), deadline, fresh=False)
                except _Stale:
                    pass
            stage = stage if write else None
            if stage is not None:
                stage("before_connect")
            line = self._lines.fresh(deadline)
            if stage is not None:
                stage("connected")
            with Doubted(write):
                return self._converse(line, make(), deadline, fresh=True, stage=stage)

    def close(self) -> None:
        self._lines.close()

    def _turn(self, deadline: float) -> AbstractContextManager[None]:
        return self._shared.lock("connection", deadline) if self._alone else _AT_ONCE

    def _converse(
        self, line: Line, question: Question, deadline: float, *, fresh: bool, stage: Stage | None = None
    ) -> Answered:
        line.begin(deadline)
        keep = False
        try:
            data = self._framing.wrap(question.message)
            _send(line, data, fresh, stage)
            frame, spare = _received(line, self._framing, fresh)
            if stage is not None:
                stage("done")
            message = frame[self._framing.width :]
            made = question.read(message)
            keep = not spare
            return Answered(message, made, len(data), len(frame))
        finally:
            if keep:
                self._lines.keep(line)
            else:
                line.hang_up()


class Doubted:
    """What is not understood after a write was sent leaves its outcome open: it may have been carried out."""

    __slots__ = ("_write",)

    def __init__(self, write: bool) -> None:
        self._write = write

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._write and isinstance(error, Garbled):
            raise OutcomeUnknown(f"{error.code} {error.note}", sample=error.sample) from error


def _send(line: Line, data: bytes, fresh: bool, stage: Stage | None) -> None:
    try:
        whole = line.send(data, stage)
    except (OSError, PastDeadline, Halted) as error:
        if not fresh:
            raise _Stale from error
        raise Unavailable("nothing could be sent") from error
    if not whole:
        raise OutcomeUnknown("the connection broke while we were sending") if fresh else _Stale


def _received(line: Line, framing: Framing, fresh: bool) -> tuple[bytes, bool]:
    """One whole frame, and whether more came behind it."""
    pieces: list[bytes] = []
    whole = count = 0
    try:
        while (not whole or count < whole) and (piece := line.take(_PIECE)):
            pieces.append(piece)
            count += len(piece)
            if not whole and count >= framing.width:
                whole = framing.whole(b"".join(pieces))
                line.allowed = whole + _PIECE
    except (PastDeadline, TimeoutError) as error:
        raise OutcomeUnknown("the deadline passed while waiting for the answer", sample=b"".join(pieces)) from error
    except OSError as error:
        if not pieces:
            raise (OutcomeUnknown(f"the connection broke: {type(error).__name__}") if fresh else _Stale) from error
    except Garbled as error:
        error.sample = b"".join(pieces)[:4096]
        raise
    if not pieces:
        raise OutcomeUnknown("the connection ended without an answer") if fresh else _Stale
    data = b"".join(pieces)
    if not whole or count < whole:
        raise Garbled("the answer ends early", code="UPSTREAM_TRUNCATED", sample=data)
    return data[:whole], count > whole


def _context(setting: Setting) -> ssl.SSLContext:
    """`options.ca_file` names the CA of a department that has its own."""
    ca_file = setting.options.get("ca_file")
    try:
        return ssl.create_default_context(cafile=setting.folder / ca_file if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise unusable(f"ca_file: {type(error).__name__}") from error

"""The head of a department's HTTP answer, read strictly; the body is left to the standard library's HTTPResponse.

http.client gives each head to the parser of e-mails, which costs more than all the rest of a call's reading, and takes
for the body what it does not understand of the head.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse, IncompleteRead, UnknownProtocol
from typing import Any

from adapters.protocols.line import HEAD_CAP

_MOST = 100
_FIELD = re.compile(r"([!-9;-~]+):([^\r\n\0]*)\r?\n")
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)
_CONTINUE, _BODILESS = 100, frozenset({204, 304})


class Head:
    """The header fields of one answer, whatever the case of their names."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first of that name."""
        found = self._fields.get(name.lower())
        return found[0] if found else default

    def get_all(self, name: str) -> list[str]:
        return self._fields.get(name.lower(), [])


class Answer(HTTPResponse):
    """Raises HTTPException for a head that two readers might read differently, IncompleteRead for one that is cut."""

    def begin(self) -> None:
        version, status, _ = self._read_status()  # type: ignore[attr-defined]
        head = _read_head(self.fp)
        while status == _CONTINUE:
            version, status, _ = self._read_status()  # type: ignore[attr-defined]
            head = _read_head(self.fp)
        if not version.startswith("HTTP/1."):
            raise UnknownProtocol(version)
        self.code = self.status = status
        self.version = 10 if version == "HTTP/1.0" else 11
        self.headers = self.msg = head  # type: ignore[assignment]
        self.chunked, self.chunk_left = (head.get("transfer-encoding") or "").lower() == "chunked", None
        length = _length(head)
        # Of two ways to say where the body ends the next answer on this line could be made up.
        self.will_close = bool(self._check_close()) or (self.chunked and length is not None)  # type: ignore[attr-defined]
        self.length = None if self.chunked else length
        if status in _BODILESS or status < 200 or self._method == "HEAD":  # type: ignore[attr-defined]
            self.length = 0
        if not self.will_close and not self.chunked and self.length is None:
            self.will_close = True


def _read_head(stream: Any) -> Head:
    fields: dict[str, list[str]] = {}
    last: list[str] = []
    for _ in range(_MOST + 1):
        line = stream.readline(HEAD_CAP).decode("latin-1")
        if line in ("\r\n", "\n"):
            return Head(fields)
        if not line.endswith("\n"):
            raise IncompleteRead(b"")
        if line[0] in " \t" and last:  # folded, as old servers write long fields
            last[-1] += " " + line.strip()
        elif field := _FIELD.fullmatch(line):
            last = fields.setdefault(field[1].lower(), [])
            last.append(field[2].strip(" \t"))
        else:
            raise HTTPException("a line of the head that is no field")
    raise HTTPException("more header fields than are taken")


def _length(head: Head) -> int | None:
    told = {*head.get_all("content-length")}
    if not told:
        return None
    if len(told) > 1 or not _LENGTH.fullmatch(length := told.pop()):
        raise HTTPException("two lengths, or one that is no number")
    return int(length)

"""A layout at work: texts to fields of so many bytes, and back (legacy.md Q26, Q27).

Bytes are sliced first and decoded field by field. A value is never cut within a character when it is sent; one that
came cut is Garbled, unless its field is known for that: then what is whole of it is told, with a flag.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

from adapters.protocols.charset import READ_AS, decode, is_utf8
from adapters.protocols.fixed_width_facts import CUT
from hub.errors import Fault, invalid
from hub.port import Garbled

_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `charset` is the codec it is read and written in."""

    name: str
    width: int
    right: bool
    pad: bytes
    cut: bool
    charset: str

    def packed(self, text: str) -> bytes:
        """Raises 422 TOO_LONG for what does not fit and may not be cut."""
        raw = text.encode("ascii" if text.isascii() else self.charset)
        if len(raw) > self.width:
            if not self.cut:
                raise invalid([Fault(self.name, "TOO_LONG")])
            raw = _cut(raw, self.charset, self.width)
        return raw.rjust(self.width, self.pad) if self.right else raw.ljust(self.width, self.pad)

    def read(self, raw: bytes, into: dict[str, Any]) -> None:
        value = raw.lstrip(self.pad) if self.right else raw.rstrip(self.pad)
        if self.right and self.pad == b"0" and len(value) < len(raw) and not value[:1].isdigit():
            value = b"0" + value  # 0000 is nought, not nothing
        if value.isascii():
            text, cut = value.decode("ascii"), False
        else:
            text, cut = _text(value, self.charset, len(value) == self.width)
        if cut and not self.cut:
            raise Garbled(f"{self.name}: cut within a character", code="UPSTREAM_TRUNCATED")
        into[self.name] = text
        if self.cut:
            into[self.name + CUT] = "1" if cut else "0"


class _Run:
    """Fields one behind the other, read in one go: nearly all hold plain ASCII, which needs no look at its charset.
    What does not goes the slow way of `Field.read`, which knows what is wrong with it."""

    def __init__(self, fields: Sequence[Field]) -> None:
        ends = [*accumulate(field.width for field in fields)]
        self.width = ends[-1] if ends else 0
        self._plan = tuple(
            (field.name, end - field.width, end, field.right, field.pad.decode("ascii"), field.cut, field)
            for field, end in zip(fields, ends, strict=True)
        )

    def read(self, raw: bytes, at: int, into: dict[str, Any]) -> int:
        """Where it ends."""
        if at + self.width > len(raw):
            raise Garbled("the message is shorter than its layout", code="UPSTREAM_TRUNCATED")
        letters = raw[at : at + self.width].decode("latin-1")  # a letter for each byte
        for name, start, end, right, pad, cut, field in self._plan:
            text = letters[start:end]
            text = text.lstrip(pad) if right else text.rstrip(pad)
            if text.isascii() and not cut and (text or pad != "0") and (not right or pad != "0" or text[0].isdigit()):
                into[name] = text
            else:
                field.read(raw[at + start : at + end], into)
        return at + self.width


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that repeat, as often as the field `count` of the same message says."""

    name: str
    count: str
    run: _Run


class Layout:
    """Fields and groups one behind the other."""

    def __init__(self, facts: Iterable[Mapping[str, Any]], charset: str) -> None:
        pieces = [_compiled(piece, charset) for piece in facts]
        self._fields = {piece.name: piece for piece in pieces if isinstance(piece, Field)}
        self._pieces = tuple(_joined(pieces))

    def packed(self, wire: Mapping[str, str]) -> bytes:
        """What is not given is all padding."""
        return b"".join([field.packed(wire.get(name, "")) for name, field in self._fields.items()])

    def come_back(self, wire: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
        """These fields as they would be read, should they be sent back to us."""
        tree: dict[str, str] = {}
        for name in names:
            field = self._fields[name]
            field.read(field.packed(wire.get(name, "")), tree)
        return {name: tree[name].strip() for name in names}

    def read(self, raw: bytes, at: int = 0) -> tuple[dict[str, Any], int]:
        """The tree, and where it ends. Raises Garbled UPSTREAM_TRUNCATED when the bytes end before."""
        tree: dict[str, Any] = {}
        for piece in self._pieces:
            if isinstance(piece, _Run):
                at = piece.read(raw, at, tree)
                continue
            rows: list[dict[str, Any]] = []
            for _ in range(_number(tree, piece.count)):
                row: dict[str, Any] = {}
                at = piece.run.read(raw, at, row)
                rows.append(row)
            tree[piece.name] = rows
        return tree, at


def _joined(pieces: Iterable[Field | Group]) -> Iterator[_Run | Group]:
    """The fields between two groups are one run."""
    for single, several in groupby(pieces, lambda piece: isinstance(piece, Field)):
        if single:
            yield _Run([piece for piece in several if isinstance(piece, Field)])
        else:
            yield from (piece for piece in several if isinstance(piece, Group))


def _compiled(piece: Mapping[str, Any], charset: str) -> Field | Group:
    if piece.get("fields"):
        return Group(piece["name"], piece["count"], _Run([_field(each, charset) for each in piece["fields"]]))
    return _field(piece, charset)


def _field(piece: Mapping[str, Any], charset: str) -> Field:
    pad = piece["pad"].encode("ascii")
    codec = READ_AS.get(charset, charset)
    return Field(piece["name"], piece["bytes"], piece["align"] == "right", pad, piece["cut"], codec)


def _number(tree: Mapping[str, Any], name: str) -> int:
    text = tree[name].strip()
    if not _NUMBER.fullmatch(text):
        raise Garbled(f"{name}: no number of rows")
    return int(text)


def _cut(raw: bytes, charset: str, width: int) -> bytes:
    """As many whole characters as fit."""
    return codecs.getincrementaldecoder(charset)().decode(raw[:width]).encode(charset)


def _text(value: bytes, charset: str, full: bool) -> tuple[str, bool]:
    """The text, and whether its last character is broken; only where the field is full is that a cut."""
    if not full:
        return decode(value, charset), False
    whole = _whole(value, charset)
    if charset != "utf-8" and is_utf8(_whole(value, "utf-8")):
        raise Garbled(f"UTF-8 where {charset} is pinned", code="UPSTREAM_CHARSET", sample=value)
    return decode(whole, charset), len(whole) < len(value)


def _whole(value: bytes, charset: str) -> bytes:
    """Without the first bytes of a character at its end."""
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        decoder.decode(value)
    except UnicodeDecodeError:
        return value  # broken elsewhere: whoever decodes it will say so
    return value[: len(value) - len(decoder.getstate()[0])]

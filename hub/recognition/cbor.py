"""A strict reader of CBOR (RFC 8949) for what strangers bring: bounded in depth and size, each fault its own reason.

Libraries turn tags into regular expressions, shared references and big numbers, which cannot be switched off; here a
tag is a tag, and only where the caller looks for one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from hub.recognition.refusal import Refused

_DEPTH, _ITEMS = 16, 1000
_BREAK = object()
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


@dataclass(frozen=True, slots=True)
class Tag:
    number: int
    value: Any


def read(raw: bytes) -> Any:
    """One value, all of `raw`. Maps are dicts. Raises Refused."""
    reader = _Reader(raw)
    value = reader.value(0)
    if reader.place != len(raw):
        raise Refused("CBOR_TRAILING")
    return value


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw, self._items, self.place = raw, 0, 0

    def value(self, depth: int, may_end: bool = False) -> Any:
        self._items += 1
        if depth > _DEPTH:
            raise Refused("CBOR_DEPTH")
        if self._items > _ITEMS:
            raise Refused("CBOR_SIZE")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if first == 0xFF and may_end:
            return _BREAK
        if major == 7:
            return self._simple(info)
        length = self._length(major, info)
        match major:
            case 0:
                return self._whole(length)
            case 1:
                return -1 - self._whole(length)
            case 2 | 3:
                return self._text(major, length)
            case 4:
                return self._list(length, depth)
            case 5:
                return self._map(length, depth)
        return Tag(self._whole(length), self.value(depth + 1))

    def _take(self, count: int) -> bytes:
        piece = self._raw[self.place : self.place + count]
        if len(piece) < count:
            raise Refused("CBOR_TRUNCATED")
        self.place += count
        return piece

    def _length(self, major: int, info: int) -> int | None:
        """None: until a break."""
        if info < 24:
            return info
        if info == 31 and major in (2, 3, 4, 5):
            return None
        if info > 27:
            raise Refused("CBOR_RESERVED")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    @staticmethod
    def _whole(length: int | None) -> int:
        assert length is not None
        return length

    def _simple(self, info: int) -> Any:
        if info in _FLOATS:
            return struct.unpack(_FLOATS[info], self._take(1 << (info - 24)))[0]
        if 20 <= info <= 23:
            return (False, True, None, None)[info - 20]
        raise Refused("CBOR_RESERVED")

    def _text(self, major: int, length: int | None) -> str | bytes:
        pieces = [self._take(length)] if length is not None else self._pieces(major)
        whole = b"".join(pieces)
        if major == 2:
            return whole
        try:
            return whole.decode()
        except UnicodeDecodeError:
            raise Refused("CBOR_TEXT") from None

    def _pieces(self, major: int) -> list[bytes]:
        pieces = list[bytes]()
        while (first := self._take(1)[0]) != 0xFF:
            length = self._length(major, first & 31) if first >> 5 == major else None
            if length is None:
                raise Refused("CBOR_RESERVED")
            pieces.append(self._take(length))
        return pieces

    def _list(self, length: int | None, depth: int) -> list[Any]:
        values = list[Any]()
        while length is None or len(values) < length:
            value = self.value(depth + 1, length is None)
            if value is _BREAK:
                break
            values.append(value)
        return values

    def _map(self, length: int | None, depth: int) -> dict[Any, Any]:
        values = dict[Any, Any]()
        while length is None or len(values) < length:
            key = self.value(depth + 1, length is None)
            if key is _BREAK:
                break
            if not isinstance(key, int | str | bytes):
                raise Refused("CBOR_KEY")
            if key in values:
                raise Refused("CBOR_DUPLICATE_KEY")
            values[key] = self.value(depth + 1)
        return values

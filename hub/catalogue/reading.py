"""Reads a long JSON file piece by piece: an array, or one value after another. Never the whole of it in memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

_PIECE = 1 << 16
_LARGEST = 1 << 26
_BETWEEN = " \t\r\n,"


class NotJson(ValueError):
    """The file stops being JSON, or one value in it is larger than anything that is published."""


def values(stream: BinaryIO) -> Iterator[Any]:
    """Each value of the top-level array, or of the lines. Raises NotJson where it breaks off."""
    pieces = _pieces(stream)
    text = next(pieces, "").removeprefix("\ufeff").lstrip()
    inside = text.startswith("[")
    text = text.removeprefix("[")
    decoder = json.JSONDecoder()
    ended = False
    while True:
        text = text.lstrip(_BETWEEN)
        if inside and text.startswith("]"):
            _nothing_after(text[1:], pieces)
            return
        try:
            value, end = decoder.raw_decode(text) if text else (None, 0)
        except (json.JSONDecodeError, RecursionError):
            end = 0
        # A number at the very end may go on in the next piece; only a closed value is surely whole.
        if end and (end < len(text) or ended):
            yield value
            text = text[end:]
            continue
        if ended:
            if text or inside:
                raise NotJson("the file breaks off or is not JSON")
            return
        more = _more(pieces, len(text))
        ended = not more
        text += more


def _more(pieces: Iterator[str], have: int) -> str:
    """As much again as there is, so that a long value is not looked at piece by piece."""
    if have > _LARGEST:
        raise NotJson("one entry is too large, or the file is not JSON")
    gathered, size = [], 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= have:
            break
    return "".join(gathered)


def _pieces(stream: BinaryIO) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := stream.read(_PIECE):
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotJson("the file is not in UTF-8") from None


def _nothing_after(text: str, pieces: Iterator[str]) -> None:
    if text.strip() or any(piece.strip() for piece in pieces):
        raise NotJson("something stands after the end of the list")

"""Draws the QR of a shown code. For one version and mask a QR is linear in its bits: the picture of any code is the
exclusive or of pictures made once. Drawing one anew costs milliseconds, this some ten microseconds; every
phone asks each half minute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import reduce
from itertools import groupby
from operator import xor

import segno

from hub.health_code.codes import LENGTH

_VERSION, _MASK, _SIDE, _BORDER, _SCALE = 3, 3, 29, 2, 6
_BASE = b"A" * LENGTH
_FIRST, _SECOND, _THIRD = 10, 10, 9  # columns a row is looked up by
_ROW = (1 << _SIDE) - 1
_WHOLE = _SIDE + 2 * _BORDER
_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WHOLE * _SCALE}" height="{_WHOLE * _SCALE}" '
    f'viewBox="0 0 {_WHOLE} {_WHOLE}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{_WHOLE}v{_WHOLE}H0z"/>'
    f'<path stroke="#000" d="M{_BORDER} {_BORDER}.5'
)
_NEXT_ROW = f"m-{_SIDE} 1"
_TAIL = '"/></svg>'


class Drawer:
    """One for the process; the tables are made when the first code is drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: tuple[int, list[list[int]], tuple[list[str], list[str], list[str]]] | None = None

    def svg(self, code: str) -> str:
        """Of a code of 36 ASCII characters."""
        drawn, letters, (first, second, third) = self._tables or self._made()
        for changes, letter in zip(letters, code.encode("ascii"), strict=True):
            drawn ^= changes[letter]
        rows = []
        for _ in range(_SIDE):
            row = drawn & _ROW
            drawn >>= _SIDE
            rows.append(first[row & 1023] + second[row >> _FIRST & 1023] + third[row >> (_FIRST + _SECOND)])
        return _HEAD + _NEXT_ROW.join(rows) + _TAIL

    def _made(self) -> tuple[int, list[list[int]], tuple[list[str], list[str], list[str]]]:
        with self._lock:
            if self._tables is None:
                base = picture(_BASE)
                strokes = _strokes(_FIRST), _strokes(_SECOND), _strokes(_THIRD)
                self._tables = base, [_letters(place, base) for place in range(LENGTH)], strokes
        return self._tables


def picture(content: bytes) -> int:
    """The modules as bits, the first the lowest."""
    made = segno.make(content, version=_VERSION, error="m", mask=_MASK, mode="byte", boost_error=False)
    return sum(1 << at for at, dark in enumerate(cell for row in made.matrix for cell in row) if dark)


def _letters(place: int, base: int) -> list[int]:
    """What each letter at this place changes of the base."""
    bits = []
    for bit in range(7):
        changed = bytearray(_BASE)
        changed[place] ^= 1 << bit
        bits.append(picture(bytes(changed)) ^ base)
    return [
        reduce(xor, (bits[bit] for bit in range(7) if (letter ^ _BASE[0]) >> bit & 1), 0) for letter in range(128)
    ]


def _strokes(wide: int) -> list[str]:
    """How so many columns are drawn, for all that their bits can be; the pen ends behind the last."""
    return ["".join(_runs(bits, wide)) for bits in range(1 << wide)]


def _runs(bits: int, wide: int) -> Iterator[str]:
    for dark, run in groupby(bits >> column & 1 for column in range(wide)):
        count = len(list(run))
        yield f"h{count}" if dark else f"m{count} 0"

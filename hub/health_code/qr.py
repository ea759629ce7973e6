"""Draws the QR of a shown code. For one version and mask a QR is linear in its bits: the picture of any code is the
exclusive or of pictures made once. Drawing one anew costs milliseconds, this some ten microseconds; every
phone asks each half minute."""

from __future__ import annotations

import threading
from functools import reduce
from operator import xor

import segno

from hub.health_code.codes import LENGTH

_VERSION, _MASK, _SIDE, _BORDER, _SCALE = 3, 3, 29, 2, 6
_BASE = b"A" * LENGTH
_CUTS = ((0, 8), (8, 7), (15, 7), (22, 7))  # columns a row is looked up by
_ROW = (1 << _SIDE) - 1
_WHOLE = _SIDE + 2 * _BORDER
_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WHOLE * _SCALE}" height="{_WHOLE * _SCALE}" '
    f'viewBox="0 0 {_WHOLE} {_WHOLE}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{_WHOLE}v{_WHOLE}H0z"/>'
    '<path stroke="#000" d="'
)
_TAIL = '"/></svg>'


class Drawer:
    """One for the process; the tables are made when the first code is drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: tuple[int, list[dict[int, int]], list[list[list[str]]]] | None = None

    def svg(self, code: str) -> str:
        """Of a code of 36 ASCII characters."""
        base, letters, strokes = self._tables or self._made()
        picture = reduce(xor, (letters[place][letter] for place, letter in enumerate(code.encode("ascii"))), base)
        drawn = []
        for cuts in strokes:
            row = picture & _ROW
            picture >>= _SIDE
            drawn += [cut[(row >> at) & ((1 << wide) - 1)] for cut, (at, wide) in zip(cuts, _CUTS, strict=True)]
        return _HEAD + "".join(drawn) + _TAIL

    def _made(self) -> tuple[int, list[dict[int, int]], list[list[list[str]]]]:
        with self._lock:
            if self._tables is None:
                base = picture(_BASE)
                self._tables = base, [_letters(place, base) for place in range(LENGTH)], _strokes()
        return self._tables


def picture(content: bytes) -> int:
    """The modules as bits, the first the lowest."""
    made = segno.make(content, version=_VERSION, error="m", mask=_MASK, mode="byte", boost_error=False)
    return sum(1 << at for at, dark in enumerate(cell for row in made.matrix for cell in row) if dark)


def _letters(place: int, base: int) -> dict[int, int]:
    """What each letter at this place changes of the base."""
    bits = []
    for bit in range(7):
        changed = bytearray(_BASE)
        changed[place] ^= 1 << bit
        bits.append(picture(bytes(changed)) ^ base)
    return {
        letter: reduce(xor, (bits[bit] for bit in range(7) if (letter ^ _BASE[0]) >> bit & 1), 0)
        for letter in range(128)
    }


def _strokes() -> list[list[list[str]]]:
    """By row, cut and its bits: what is drawn."""
    return [
        [[_stroke(row, at, bits, wide) for bits in range(1 << wide)] for at, wide in _CUTS] for row in range(_SIDE)
    ]


def _stroke(row: int, at: int, bits: int, wide: int) -> str:
    drawn, column = "", 0
    while column < wide:
        run = _run(bits >> column)
        if run:
            drawn += f"M{_BORDER + at + column} {_BORDER + row}.5h{run}"
        column += run or 1
    return drawn


def _run(bits: int) -> int:
    count = 0
    while bits >> count & 1:
        count += 1
    return count

"""Which office sees whose: a department what is its own, a place also what lies in it, staff of no office in particular
the whole county. What a room gives beyond that (to whom a case was raised, say) it says itself."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

LEVELS = (12, 9, 6)  # digits of a community, a subdistrict or town, a county (GB/T 2260 and 10114)


def is_place(office: str) -> bool:
    """A department is a word, and one word may begin with another: `housing`, `housing_fund`."""
    return office.isdigit() and len(office) in LEVELS


def sees(office: str, whose: str) -> bool:
    """Whether staff of `office` see what is of office or place `whose`."""
    return not office or office == whose or (is_place(office) and whose.startswith(office))


def seen_by(office: str, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The same for the database."""
    if not office:
        return true()
    return column.startswith(office, autoescape=True) if is_place(office) else column == office

"""Where something stands in a file of config/, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Keys = tuple[str | int, ...]
"""The way to a value inside a document: keys and list positions."""


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where: line and column of the start counted from 1, and both ends as positions in the text.

    Of a block (a mapping or list without brackets) the end is only where the next thing begins.
    """

    line: int
    column: int
    start: int
    end: int
    block: bool = False

    @classmethod
    def of(cls, first: Any, last: Any, block: bool = False) -> Span:
        """Between two events of the YAML parser."""
        mark = first.start_mark
        return cls(mark.line + 1, mark.column + 1, mark.index, last.end_mark.index, block)

    @property
    def place(self) -> tuple[int, int]:
        return self.line, self.column


@dataclass(frozen=True, slots=True)
class Complaint:
    """One sentence about one place. `broken` is False where only one system does not start."""

    file: str
    line: int
    column: int
    text: str
    path: Keys = ()
    broken: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


class Refused(Exception):
    """A file that cannot be read at all."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(str(complaint))
        self.complaint = complaint

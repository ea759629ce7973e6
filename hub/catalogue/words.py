"""What of an item is searched: its title and everyday names as plain text, as initials and as pinyin, cut into tokens.

A token is one or two neighbouring characters of a line of text, `/` and one or two initials, or `~` and one or two
syllables. They live in a text[] column under a GIN index, because the embedded PostgreSQL has no trigrams.
`hub/catalogue/query.py` asks for exactly these tokens; change both together and raise FORM.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hub.catalogue.pinyin import Reading, readings

FORM = "1"
_HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
RUN = re.compile(f"[{_HAN}]+|[a-z0-9]+")
_CHINESE = re.compile(f"[{_HAN}]+")
_LONGEST_SORT = 12


@dataclass(frozen=True, slots=True)
class Words:
    """The searched side of a title. Items of the same title share one. `sort` is the order of all lists: services
    that can be called first, then the shorter title, which is the nearer one to a word it contains."""

    id: int
    sort: str
    words: str
    sounds: str
    tokens: tuple[str, ...]


def plain(text: str) -> str:
    """Chinese characters, letters and digits only, small and of normal width."""
    return "".join(RUN.findall(unicodedata.normalize("NFKC", text).lower()))


def is_chinese(run: str) -> bool:
    return _CHINESE.match(run) is not None


def pairs(units: Sequence[str], mark: str = "", between: str = "") -> set[str]:
    """The tokens of every two neighbours, or of a single one."""
    if len(units) == 1:
        return {mark + units[0]}
    return {f"{mark}{one}{between}{two}" for one, two in pairwise(units)}


def indexed(title: str, others: Iterable[str] = (), *, first: bool = False) -> Words:
    """The words of an item called `title` and, every day, `others`; `first` puts it in front of all lists."""
    lines = [line for line in dict.fromkeys(plain(text) for text in (title, *others)) if line]
    initials = list(dict.fromkeys(letters for line in lines for letters in _initials(line)))
    heard = [reading for line in lines for run in _CHINESE.findall(line) for reading in readings(run)]
    words = "\n".join([*lines, *(f"/{letters}" for letters in initials)])
    sounds = "\n".join(dict.fromkeys(f" {' '.join(reading)} " for reading in heard))
    sort = f"{'0' if first else '1'}{min(len(lines[0]) if lines else 0, 999):03d}{_start(initials)}"
    tokens = {*_of_text(lines), *_of_initials(initials), *_of_sounds(heard)}
    return Words(_number(f"{sort}\0{words}"), sort, words, sounds, tuple(sorted(tokens)))


def _start(initials: list[str]) -> str:
    return re.sub("[^a-z0-9]", "", initials[0])[:_LONGEST_SORT] if initials else ""


def _initials(line: str) -> Iterator[str]:
    """The first letter of each character, by both readings; letters and digits stand for themselves."""
    if not _CHINESE.search(line):
        return
    for choice in (0, -1):
        yield "".join(
            "".join(syllable[0] for syllable in readings(run)[choice]) if is_chinese(run) else run
            for run in RUN.findall(line)
        )


def _of_text(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from line
        yield from pairs(line)


def _of_initials(initials: list[str]) -> Iterator[str]:
    for letters in initials:
        yield from (f"/{letter}" for letter in letters)
        yield from pairs(letters, "/")


def _of_sounds(heard: list[Reading]) -> Iterator[str]:
    for reading in heard:
        yield from (f"~{syllable}" for syllable in reading)
        yield from pairs(reading, "~", " ")


def _number(text: str) -> int:
    """A name's number is made from its words, so that an import need not ask for it. 64 bits: among a million names
    two share one with a chance of 1 in 37 million."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)

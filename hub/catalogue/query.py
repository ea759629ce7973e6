"""What a citizen typed, as conditions on the searched words. Pure: no database here.

A query is cut into runs of Chinese characters or of letters and digits; all of them must be found.
Exact: the run stands in the title or an everyday name; or its letters are initials, or pinyin from a syllable on.
Close (asked only when nothing is exact): one character is wrong, some are left out, or it only sounds the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Literal

import yaml

from hub.catalogue.pinyin import readings, starting_with, syllables
from hub.catalogue.words import RUN, is_chinese, pairs, plain

_MOST_RUNS, _MOST_MEANT, _MOST_CUTS = 6, 12, 8
_EVERYDAY = Path(__file__).parents[1] / "reference" / "everyday_words.yaml"
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._/()-]{4,63}", re.ASCII)
_LONGEST_SYLLABLE = 6
_LONGEST_CORRECTED = 16


@dataclass(frozen=True, slots=True)
class Way:
    """One way to be found. The tokens only narrow down (all of `tokens`, and one of each set in `choices`);
    `pattern` decides: by LIKE or as a regular expression, on the words or on the sounds."""

    tokens: frozenset[str]
    pattern: str
    choices: tuple[frozenset[str], ...] = ()
    by: Literal["words", "words_expression", "sounds", "sounds_expression"] = "words"


Ways = tuple[Way, ...]
Condition = tuple[tuple[Ways, ...], ...]
"""One of these; all of its runs; by one of a run's ways."""


def code(text: str) -> str | None:
    """The text as an official code, when it looks like one."""
    found = unicodedata.normalize("NFKC", text).strip().upper()
    return found if _CODE.fullmatch(found) and re.search("[0-9]", found) else None


def exact(text: str) -> Condition:
    """The text as it stands, or what the catalogue says instead."""
    return tuple(tuple(tuple(_exact(run)) for run in runs) for runs in _meant(text))


def close(text: str) -> Condition:
    """The text with one slip in each run."""
    stripped = _without_fillers("".join(_runs(text)))
    runs = _runs(text) if stripped == "".join(_runs(text)) else _runs(stripped)
    return (tuple((*_exact(run), *_close(run)) for run in runs),) if runs else ()


def _meant(text: str) -> list[list[str]]:
    """The text; without what is said around it; and each of them in the catalogue's words."""
    said = "".join(_runs(text))
    stripped = _without_fillers(said)
    instead = (other for each in dict.fromkeys((said, stripped)) for other in _in_other_words(each))
    meant = [_runs(text), *([_runs(stripped)] if stripped != said else []), *map(_runs, instead)]
    return [runs for runs in meant if runs][:_MOST_MEANT]


def _in_other_words(said: str) -> Iterator[str]:
    says = _says()
    if said in says:
        yield from says[said]
        return
    for say, meant in says.items():
        if say in said:
            yield from (said.replace(say, each) for each in meant)


def _runs(text: str) -> list[str]:
    return RUN.findall(unicodedata.normalize("NFKC", text).lower())[:_MOST_RUNS]


def _without_fillers(said: str) -> str:
    while shorter := next((_shorter(said, filler) for filler in _fillers() if _shorter(said, filler)), ""):
        said = shorter
    return said


def _shorter(said: str, filler: str) -> str:
    cut = said.removeprefix(filler).removesuffix(filler)
    return cut if cut != said else ""


def _exact(run: str) -> Iterator[Way]:
    yield Way(frozenset(pairs(run)), f"%{run}%")
    if is_chinese(run):
        return
    yield Way(frozenset(pairs(run, "/")), f"%{run}%")
    if run.isalpha() and len(run) > 1:
        yield from _typed_pinyin(run)


def _typed_pinyin(letters: str) -> Iterator[Way]:
    """Letters that read on from the start of a syllable. Where one syllable ends and the next begins is not known: any
    of the possible first two, and any of the possible last two, narrow the search down."""
    first = frozenset(_first_syllables(letters))
    if not first:
        return
    last = frozenset(_last_syllables(letters))
    choices = (first, last) if last and last != first else (first,)
    cut = list(islice(_cut(letters), _MOST_CUTS + 1))
    if len(cut) <= _MOST_CUTS:
        yield from (Way(frozenset(), f"% {' '.join(each)}%", choices, "sounds") for each in cut)
    else:
        yield Way(frozenset(), " " + " ?".join(letters), choices, "sounds_expression")


def _cut(letters: str) -> Iterator[tuple[str, ...]]:
    """Every way to read the letters: whole syllables, and at the end one that may only have begun."""
    if starting_with(letters):
        yield (letters,)
    for one, rest in _splits(letters):
        yield from ((one, *more) for more in _cut(rest))


def _first_syllables(letters: str) -> Iterator[str]:
    yield from (f"~{syllable}" for syllable in starting_with(letters))
    for one, rest in _splits(letters):
        yield from (f"~{one} {two}" for two, _ in _splits(rest))
        yield from (f"~{one} {two}" for two in starting_with(rest))


def _last_syllables(letters: str) -> Iterator[str]:
    """The last two whole syllables before what may be the beginning of another; none when there may be fewer."""
    ends = [tokens for end, tokens in _ways_to(letters).items() if starting_with(letters[end:])]
    if all(all(tokens) for tokens in ends):
        yield from (token for tokens in ends for token in tokens)


def _ways_to(letters: str) -> dict[int, set[str]]:
    """For each place where a syllable may end: the tokens of the two syllables before it, '' for less than two."""
    ends: dict[int, dict[str, set[str]]] = {0: {"": {""}}}  # place -> last syllable -> tokens
    for place in range(len(letters)):
        for last in ends.get(place, {}):
            for one, _ in _splits(letters[place:], whole=True):
                tokens = ends.setdefault(place + len(one), {}).setdefault(one, set())
                tokens.add(f"~{last} {one}" if last else "")
    return {place: set().union(*lasts.values()) for place, lasts in ends.items()}


def _splits(letters: str, whole: bool = False) -> Iterator[tuple[str, str]]:
    """A first syllable and what follows it; something does, unless `whole`."""
    for length in range(1, min(_LONGEST_SYLLABLE, len(letters)) + 1):
        if letters[:length] in syllables() and (whole or length < len(letters)):
            yield letters[:length], letters[length:]


def _close(run: str) -> Iterator[Way]:
    if 3 <= len(run) <= _LONGEST_CORRECTED:
        for place in range(len(run)):
            yield from _one_wrong(run, place)
    if is_chinese(run) and len(run) > 1:
        yield Way(frozenset(run), r"[^\n]*".join(run), by="words_expression")
        for reading in readings(run):
            if "?" not in reading:
                yield Way(frozenset(pairs(reading, "~", " ")), f"% {' '.join(reading)} %", by="sounds")


def _one_wrong(run: str, place: int) -> Iterator[Way]:
    before, after = run[:place], run[place + 1 :]
    marks = ("",) if is_chinese(run) else ("", "/")
    for mark in marks if is_chinese(run) or len(run) > 3 else ():
        tokens = frozenset(token for part in (before, after) if part for token in pairs(part, mark))
        yield Way(tokens, f"%{before}_{after}%")


@cache
def _book() -> dict[str, object]:
    book: dict[str, object] = yaml.safe_load(_EVERYDAY.read_text(encoding="utf-8"))
    return book


@cache
def _says() -> dict[str, tuple[str, ...]]:
    says = _book()["says"]
    return {plain(say): tuple(meant) for say, meant in says.items()} if isinstance(says, dict) else {}


@cache
def _fillers() -> tuple[str, ...]:
    fillers = _book()["fillers"]
    return tuple(sorted(fillers, key=len, reverse=True)) if isinstance(fillers, list) else ()

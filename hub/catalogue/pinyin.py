"""How Chinese text is read: syllables without tone, from the tables in hub/reference/pinyin, read once.

A character has one reading, and a phrase may have another one; both are given, so that either way of typing finds it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parents[1] / "reference" / "pinyin"
_LONGEST_PHRASE = 4
Reading = tuple[str, ...]


@cache
def _characters() -> dict[str, str]:
    """The nasal interjections (m, n) are left out: they would make a syllable of every such letter."""
    lines = (_FOLDER / "readings.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(" ") for line in lines if not line.startswith("#"))
    known = ((syllable, characters) for syllable, characters in pairs if len(syllable) > 1 or syllable in "aeo")
    return {character: syllable for syllable, characters in known for character in characters}


@cache
def _phrases() -> dict[str, Reading]:
    loaded = yaml.safe_load((_FOLDER / "phrases.yaml").read_text(encoding="utf-8"))
    return {phrase: tuple(reading.split(" ")) for phrase, reading in loaded.items()}


@cache
def syllables() -> frozenset[str]:
    """Every syllable there is."""
    return frozenset({*_characters().values(), *(each for reading in _phrases().values() for each in reading)})


@cache
def starting_with(letters: str) -> frozenset[str]:
    """The syllables that begin so."""
    return frozenset(syllable for syllable in syllables() if syllable.startswith(letters))


def readings(text: str) -> list[Reading]:
    """The one or two readings of a run of Chinese characters; one that is in no table is read as `?`."""
    table = _characters()
    plain = tuple(table.get(character, "?") for character in text)
    phrased = _with_phrases(text, plain)
    return [plain] if phrased == plain else [plain, phrased]


def _with_phrases(text: str, plain: Reading) -> Reading:
    phrases, reading, position = _phrases(), list(plain), 0
    while position < len(text):
        length = next((n for n in range(_LONGEST_PHRASE, 1, -1) if text[position : position + n] in phrases), 1)
        if length > 1:
            reading[position : position + length] = phrases[text[position : position + length]]
        position += length
    return tuple(reading)

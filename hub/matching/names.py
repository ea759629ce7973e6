"""Whether two spellings are one name. Pure.

Systems in GBK cannot hold some thousand characters that names have: they keep a private-use code, a question mark, a
look-alike or the reading in Latin letters, cut long names at some byte, and lose the dot between the parts of a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal

import yaml

from hub.catalogue.pinyin import readings

Fit = Literal["same", "variant", "pinyin", "none", "other"]
_READ = Path(__file__).parents[1] / "reference" / "pinyin" / "names.yaml"
_DOTS_AND_BLANKS = re.compile(r"[\s\u00b7\u2022\u30fb.\uff0e\uff65\u2027\u22c5\u2019'`-]+")
_UNREADABLE = "?\ufffd\u25a1\u3013"
_LATIN = re.compile("[A-ZÜ]+")
_CUT_FROM = 6  # characters: no system cuts shorter names
_MOST_READINGS = 64
_MARKS = re.compile(r"[()\[\]{}<>《》〈〉【】〔〕「」,，.。、:：;；\-—_/\\&\"'“”‘’·\s]+")


def person(asked: str, told: str) -> Fit:
    """`told` is what a department wrote. `none`: one of them is empty."""
    right, theirs = _plain(asked), _plain(told)
    if not right or not theirs:
        return "none"
    if right == theirs:
        return "same"
    if _is_spelled(right, theirs) or (len(theirs) >= _CUT_FROM and right.startswith(theirs)):
        return "variant"
    return "pinyin" if _is_read(right, theirs) else "other"


def company(asked: str, told: str) -> Fit:
    """Brackets, width, case and punctuation of a company's name say nothing; everything else does."""
    right, theirs = (_MARKS.sub("", unicodedata.normalize("NFKC", each).upper()) for each in (asked, told))
    if not right or not theirs:
        return "none"
    return "same" if right == theirs else "other"


def latin(name: str) -> str:
    """As it stands in a passport (GB/T 28039): family name, blank, given name, in capitals; empty where a character's
    reading is not known."""
    plain = _plain(name)
    family = _family(plain)
    parts = [next(_readings(each), "?") if each else "" for each in (plain[:family], plain[family:])]
    return "" if any("?" in each for each in parts) else " ".join(each.upper() for each in parts if each)


def _plain(name: str) -> str:
    return _DOTS_AND_BLANKS.sub("", unicodedata.normalize("NFKC", name)).upper()


def _is_spelled(right: str, theirs: str) -> bool:
    """Character by character: what GBK cannot hold may stand there as something else."""
    if not right:
        return not theirs
    return any(_is_spelled(right[1:], theirs[taken:]) for taken in _ways(right[0], theirs))


def _ways(character: str, theirs: str) -> Iterator[int]:
    """How many of their characters may stand for this one."""
    if not theirs:
        return
    if theirs[0] == character:
        yield 1
    if _fits_gbk(character):
        return
    sound = _sound(character)
    if theirs[0] in _UNREADABLE or unicodedata.category(theirs[0]) == "Co":
        yield 1
    if sound != "?" and theirs[0] != character and _sound(theirs[0]) == sound:
        yield 1
    if sound != "?" and theirs.startswith(sound.upper()):
        yield len(sound)


def _is_read(right: str, theirs: str) -> bool:
    """Wholly in Latin letters, family name first or last."""
    if not _LATIN.fullmatch(theirs):
        return False
    family = _family(right)
    first, second = right[:family], right[family:]
    spoken = {(one + two, two + one) for one in _readings(first) for two in _readings(second)}
    return any(_latin_form(theirs) == _latin_form(each.upper()) for pair in spoken for each in pair)


def _latin_form(text: str) -> str:
    """ü is written v, u, yu or ü."""
    return text.replace("Ü", "V").replace("LYU", "LV").replace("NYU", "NV").replace("LU", "LV").replace("NU", "NV")


def _readings(text: str) -> Iterator[str]:
    """Every way to read it, as one word; the family's own first."""
    if not text:
        yield ""
        return
    families, _ = _own()
    if text in families:
        yield families[text].replace(" ", "")
    choices = [dict.fromkeys((_sound(each), families.get(each, _sound(each)))) for each in text]
    for number, reading in enumerate(product(*choices)):
        if number < _MOST_READINGS:
            yield "".join(reading)


def _sound(character: str) -> str:
    return _own()[1].get(character) or readings(character)[0][0]


def _family(name: str) -> int:
    """How many characters the family name has."""
    return 2 if len(name) > 2 and name[:2] in _double() else 1


def _fits_gbk(character: str) -> bool:
    try:
        return bool(character.encode("gbk"))
    except UnicodeEncodeError:
        return False


@cache
def _own() -> tuple[dict[str, str], dict[str, str]]:
    table = yaml.safe_load(_READ.read_text(encoding="utf-8"))
    return table["family"], table["rare"]


@cache
def _double() -> frozenset[str]:
    lines = (_READ.parents[1] / "surnames.txt").read_text(encoding="utf-8").split()
    return frozenset({*(each for each in lines if len(each) == 2), *(each for each in _own()[0] if len(each) == 2)})

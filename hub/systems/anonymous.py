"""Makes a recorded answer one that may lie in a repository: whatever is not known to be harmless is replaced.

Known to be harmless is what system.yaml puts in class 1 or 2, a code of a table, a result code, a count. Everything
else becomes an invented value of the same shape, the same one wherever it stands.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from hub.fields import id_check

AREA = "362623"  # abolished before numbers were issued: nobody can hold one
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "山福美梅新涛波德文清海林春华秋月志明玉兰建国东平安宁"
_KEPT = frozenset("省市县区镇乡村组路街道号栋单元室楼队社区年月日（）()·-—./:：，。、 　")
_ID18 = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}[01]\d[0-3]\d{4}[0-9Xx]", re.ASCII)
_ID15 = re.compile(r"[1-9]\d{5}\d{2}[01]\d[0-3]\d{4}", re.ASCII)
_PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_DAY = re.compile(r"((?:18|19|20)\d{2})(\D?)(0[1-9]|1[0-2])(\D?)(0[1-9]|[12]\d|3[01])(\D?.*)", re.ASCII | re.DOTALL)
_MONTH = re.compile(r"((?:19|20)\d{2})(\D?)(0[1-9]|1[0-2])(\D?)", re.ASCII)
_TRIES = 20  # a short value may be drawn as it is; one of signs that are kept has no other form
_LOOSE = re.compile(rf"(?<!\d)(?:{_ID18.pattern}|{_PHONE.pattern})(?![\dXx])", re.ASCII)


class Inventor:
    """Invents by a key that is forgotten afterwards: a value always becomes the same one, and nothing leads back."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._key = os.urandom(32)
        self.replaced: dict[str, str] = dict(known or {})

    def __call__(self, value: str) -> str:
        text = value.strip()
        if not text:
            return value
        if text not in self.replaced:
            draw = self._draw(text)
            invented = (self._invented(text, draw) for _ in range(_TRIES))
            self.replaced[text] = next((each for each in invented if each != text), text)
        return value.replace(text, self.replaced[text])

    def loose_bytes(self, body: bytes, charset: str) -> bytes:
        name = {"gb2312": "gb18030", "gbk": "gb18030"}.get(charset, charset)
        return self.loose(body.decode(name)).encode(name)

    def loose(self, text: str) -> str:
        """Replaces ID and telephone numbers inside a longer text, and every value that was replaced elsewhere."""
        ours = set(self.replaced.values())
        text = _LOOSE.sub(lambda match: match[0] if match[0] in ours else self(match[0]), text)
        for value, other in sorted(self.replaced.items(), key=lambda pair: -len(pair[0])):
            if len(value) > 1 and not value.isascii():
                text = text.replace(value, other)
        return text

    def _invented(self, text: str, draw: Callable[[int], int]) -> str:
        if _ID18.fullmatch(text):
            return _id_number(draw)
        if _ID15.fullmatch(text):
            return AREA + _id_number(draw)[8:14] + f"{draw(1000):03d}"
        if _PHONE.fullmatch(text):
            return f"154{draw(10**8):08d}"
        if day := _DAY.fullmatch(text):
            return _other_day(day, draw)
        if month := _MONTH.fullmatch(text):
            return f"{1950 + draw(70)}{month[2]}{1 + draw(12):02d}{month[4]}"
        if re.fullmatch(r"[㐀-鿿\U00020000-\U0003ffff·]{2,4}", text):
            return _SURNAMES[draw(len(_SURNAMES))] + "".join(_GIVEN[draw(len(_GIVEN))] for _ in text[1:])
        return "".join(_sign(each, position, draw) for position, each in enumerate(text))

    def _draw(self, text: str) -> Callable[[int], int]:
        """Numbers below a limit, one after the other, decided by the text."""
        count = 0

        def draw(limit: int) -> int:
            nonlocal count
            count += 1
            digest = hmac.digest(self._key, f"{count}\0{text}".encode(), hashlib.sha256)
            return int.from_bytes(digest[:8]) % limit

        return draw


def _id_number(draw: Callable[[int], int]) -> str:
    born = date(1900, 1, 1) + timedelta(days=draw(16_000))
    body = f"{AREA}{born:%Y%m%d}{draw(1000):03d}"
    return body + id_check(body)


def _other_day(day: re.Match[str], draw: Callable[[int], int]) -> str:
    other = date(1950, 1, 1) + timedelta(days=draw(25_000))
    return f"{other.year}{day[2]}{other:%m}{day[4]}{other:%d}{day[6]}"


def _sign(each: str, position: int, draw: Callable[[int], int]) -> str:
    if each in _KEPT:
        return each
    if each.isascii() and each.isdigit():
        return str(1 + draw(9)) if position == 0 and each != "0" else str(draw(10)) if each != "0" or position else "0"
    if each.isascii() and each.isalpha():
        return chr((ord("A") if each.isupper() else ord("a")) + draw(26))
    return _GIVEN[draw(len(_GIVEN))] if ord(each) > 0x2E80 else each


def harmless(
    facts: Mapping[str, Any], operation: Mapping[str, Any], *, labels: bool = False
) -> Callable[[str, str], bool]:
    """Whether the text at a dotted path may stay as it is; of a page, the text under a label."""
    answer = operation["answer"]
    groups = [("", answer["fields"])] + [(f"{rows['from']}.", rows["fields"]) for rows in answer["lists"].values()]
    classes: dict[str, int] = {}
    tables: dict[str, Mapping[str, str]] = {}
    for above, fields in groups:
        for entry in fields.values():
            path = entry["from"].rpartition(".")[2] if labels else above + entry["from"]
            classes[path] = max(entry["class"], classes.get(path, 1))
            if entry["table"]:
                tables[path] = facts["codes"][entry["table"]]
    stays = {(operation["outcome"] or {}).get("path", ""), *(rows["count"] for rows in answer["lists"].values())}
    stays = {path.rpartition(".")[2] if labels else path for path in stays} - {""}

    def judge(path: str, text: str) -> bool:
        if path in stays or text in tables.get(path, ()):
            return True
        return classes.get(path, 4) <= 2 and not _LOOSE.search(text)

    return judge

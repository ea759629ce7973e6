"""Names of files: which dataset one belongs to, its day and its number, and which names are never touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_TOKEN = re.compile(r"\{(yyyymmdd|yyyymm|seq:[1-9]|any)\}")
_ASIDE = r"(?:\.[0-9a-f]{8})?"  # what a second file of one name is called where the first one lies already
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Named:
    """What a name says. `day` is the first of the month where only the month stands in it."""

    day: date | None
    number: int | None

    @property
    def version(self) -> str:
        return "-".join(str(part) for part in (self.day, self.number) if part is not None)


class Pattern:
    """`ELDERLY_{yyyymmdd}.csv`, `土地_{seq:4}.dbf`. Raises ValueError when it is none."""

    def __init__(self, text: str) -> None:
        pieces = _TOKEN.split(text)
        words, tokens = pieces[::2], pieces[1::2]
        if len(tokens) != len(set(tokens)) or any(set(word) & set("{}/\\\0") for word in words):
            raise ValueError("is no name with {yyyymmdd}, {yyyymm}, {seq:4} or {any} in it, each once")
        self.numbered = any(token.startswith("seq") for token in tokens)
        parts = [re.escape(words[0])]
        for token, word in zip(tokens, words[1:], strict=True):
            parts += [_group(token), re.escape(word)]
        self._name = re.compile("".join(parts), re.ASCII)
        self._taken = re.compile("".join(parts) + _ASIDE, re.ASCII)

    def match(self, name: str, aside: bool = False) -> Named | None:
        """`aside`: a name in the folder of what was taken."""
        found = (self._taken if aside else self._name).fullmatch(name)
        if found is None:
            return None
        parts = found.groupdict()
        try:
            year, month, day = parts.get("year"), parts.get("month"), parts.get("day") or "1"
            return Named(
                date(int(year), int(month), int(day)) if year and month else None,
                int(parts["seq"]) if parts.get("seq") else None,
            )
        except ValueError:
            return None  # 20269999 is no day


def _group(token: str) -> str:
    if token.startswith("seq"):
        return f"(?P<seq>[0-9]{{{token[4:]}}})"
    day = "(?P<year>[0-9]{4})(?P<month>[0-9]{2})"
    return {"yyyymmdd": day + "(?P<day>[0-9]{2})", "yyyymm": day, "any": r"[^/\\]*"}[token]


def safe(name: str) -> bool:
    """Whether it is the plain name of a file: nothing that leaves its folder, hides, or breaks a line."""
    return 0 < len(name) <= LONGEST and not name.startswith(".") and not set(name) & set("/\\\0") and name.isprintable()

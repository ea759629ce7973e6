"""Turns what a department said into a sample: decoded by its pinned charset, anonymised, encoded again.

What cannot be read as JSON, XML or a page is not kept at all: nobody could say what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.systems.anonymous import Inventor, harmless
from hub.systems.leaves import Replace, in_html, in_json, in_xml

_READ_AS = {"gb2312": "gb18030", "gbk": "gb18030"}  # as the adapters do
_PAGES = ("<html", "<!doctype html", "<head", "<body", "<table", "<script", "<div")


def anonymised(body: bytes, facts: Mapping[str, Any], operation: str, inventor: Inventor) -> tuple[bytes, str]:
    """The sample and its file ending. Raises ValueError where it cannot be made safely."""
    charset = _READ_AS.get(facts["encoding"], facts["encoding"])
    try:
        text = body.decode(charset)
    except UnicodeDecodeError as error:
        raise ValueError(f"the answer is not {facts['encoding']}") from error
    told = facts["operations"][operation]
    start = text.lstrip("\ufeff \t\r\n")[:20].lower()
    if start.startswith("{"):
        return in_json(text, _replacing(facts, told, inventor)).encode(charset), "json"
    if start.startswith(_PAGES):
        labels = frozenset(labels_of(told))
        return in_html(text, _replacing(facts, told, inventor, labels=True), labels).encode(charset), "html"
    if start.startswith("<"):
        outer = 3 if "envelope" in text[:400].lower() else 1
        return in_xml(text, _replacing(facts, told, inventor), outer).encode(charset), "xml"
    raise ValueError("the answer is neither JSON nor XML nor a page")


def _replacing(
    facts: Mapping[str, Any], operation: Mapping[str, Any], inventor: Inventor, *, labels: bool = False
) -> Replace:
    judge = harmless(facts, operation, labels=labels)

    def replace(path: str, text: str) -> str:
        return text if judge(path, text.strip()) else inventor(text)

    return replace


def labels_of(operation: Mapping[str, Any]) -> list[str]:
    """What of a page is a label, so that the text behind it is a value."""
    answer = operation["answer"]
    paths = [entry["from"] for entry in answer["fields"].values()]
    paths += [entry["from"] for rows in answer["lists"].values() for entry in rows["fields"].values()]
    paths += [answer["receipt"], *answer["ignored"], *(rows["count"] for rows in answer["lists"].values())]
    return [path.rpartition(".")[2] for path in paths if path]


def left_over(body: bytes, charset: str, inventor: Inventor) -> int:
    """How many names and long numbers that were to be replaced still stand somewhere; none may. (A day or an amount is
    told apart from a row's number by nobody.)"""
    text = body.decode(_READ_AS.get(charset, charset))
    telling = (value for value in inventor.replaced if len(value) >= 11 or (len(value) > 1 and not value.isascii()))
    return sum(value in text for value in telling if inventor.replaced[value] != value)

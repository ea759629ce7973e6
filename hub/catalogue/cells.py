"""Single values of a published row, cleaned and checked. What cannot be taken raises Refused; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from urllib.parse import unquote_plus

from hub.catalogue.divisions import shortest
from hub.catalogue.rules import too_long

_BLANKS = " \t\r\n\u00a0\u3000"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_BRACKETS = str.maketrans("()", "（）")
_PAGE = re.compile(r"https?://[^/\s]")
_AREA = re.compile(r"[1-8][0-9]{5}(?:[0-9]{3}){0,2}", re.ASCII)
_LONGEST_NAME, _LONGEST_CODE, _LONGEST_LINK, _MOST_ENTRIES = 300, 64, 2000, 200
_DAY_UNITS = {"1": "working_day", "2": "calendar_day", "working_day": "working_day", "calendar_day": "calendar_day"}


class Refused(ValueError):
    """Why a row is not taken."""


def title(value: Any) -> str:
    """Blanks around it go, brackets become those of Chinese text."""
    if not isinstance(value, str) or not value.strip(_BLANKS):
        raise Refused("has no name")
    name = value.strip(_BLANKS)
    if len(name) > _LONGEST_NAME:
        raise Refused(f"has a name of more than {_LONGEST_NAME} characters")
    if _CONTROL.search(name):
        raise Refused("has a name with an invisible character")
    return name.translate(_BRACKETS) if _CHINESE.search(name) else name


def received(taken: str, value: Any) -> dict[str, str]:
    """The name as it came, beside the one we show."""
    return {} if value == taken else {"name_received": str(value)}


def code(value: Any) -> str:
    """An official code, opaque."""
    found = value.strip(_BLANKS) if isinstance(value, str) else ""
    if not found:
        raise Refused("has no code")
    if len(found) > _LONGEST_CODE or _CONTROL.search(found):
        raise Refused("has a code that is no code")
    return found


def page(value: Any) -> str:
    """A link to a web page, as text."""
    link = value.strip(_BLANKS) if isinstance(value, str) else ""
    if len(link) > _LONGEST_LINK or _CONTROL.search(link) or not _PAGE.match(link):
        raise Refused("has no link to a page")
    return link


def asked(link: str, names: Collection[str]) -> dict[str, str]:
    """These parameters of a link; of one that is given twice, the first."""
    found: dict[str, str] = {}
    for part in link.partition("#")[0].partition("?")[2].split("&")[:_MOST_ENTRIES]:
        name, _, given = part.partition("=")
        if name in names and name not in found:
            found[name] = shown(unquote_plus(given) if "%" in given or "+" in given else given)
    return found


def region(value: Any) -> str:
    """An area code in its shortest form."""
    found = shortest(value) if isinstance(value, str) else ""
    if not _AREA.fullmatch(found):
        raise Refused("has no region")
    return found


def days(legal: Any, legal_unit: str, promised: Any, promised_unit: str) -> dict[str, Any]:
    """Both limits with their units; a promise longer than the law is refused (features.md B4)."""
    law, promise = whole(legal), whole(promised)
    if law is not None and promise is not None and too_long(promise, promised_unit, law, legal_unit):
        raise Refused("promises longer than the law allows")
    found = {} if law is None else {"legal_days": law, "legal_unit": legal_unit}
    return found if promise is None else {**found, "promised_days": promise, "promised_unit": promised_unit}


def unit(value: Any) -> str:
    """The national value table is not published; an unknown unit counts as working days, as most are."""
    return _DAY_UNITS.get(str(value), "working_day")


def material(value: Any) -> dict[str, Any]:
    """A paper, by the register's names or the national ones."""
    if not isinstance(value, dict):
        raise Refused("has a material of no known shape")
    name = value.get("name") or value.get("material_name")
    need = value.get("required", value.get("is_need"))
    material = {
        "name": {"zh": title(name)},
        "required": need not in (False, 0, "0", None),
        "form": shown(value.get("form")),
        "copies": whole(value.get("copies", value.get("page_num"))),
        "source": shown(value.get("source") or value.get("source_type")),
        "data_class": shown(value.get("data_class")),
        "basis": sentence(value.get("by_law")),
        "accept_standard": sentence(value.get("accept_stand")),
        "note": sentence(value.get("fill_explain")),
    }
    return filled(material)


def fees(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict) or not value.get("charged"):
        return []
    amount = whole(value.get("amount_fen"))
    if amount is None:
        return [{"name": {"zh": "按系统账单收取"}}]
    return [{"name": {"zh": "收费"}, "amount_fen": amount}]


def filled(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {name: each for name, each in value.items() if each not in (None, "", [], {})}


def entries(value: Any) -> list[Any]:
    return value[:_MOST_ENTRIES] if isinstance(value, list) else []


def sentences(value: Any) -> list[dict[str, str]]:
    return [found for each in entries(value) if (found := sentence(each))]


def sentence(value: Any) -> dict[str, str] | None:
    text = shown(value, 2000)
    return {"zh": text} if text else None


def shown(value: Any, longest: int = 200) -> str:
    """A text or number as text, without what cannot be seen."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return (_CONTROL.sub("", text) if _CONTROL.search(text) else text).strip(_BLANKS)[:longest]


def whole(value: Any) -> int | None:
    """A number that is not negative."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else None


def day(value: Any) -> date | None:
    """A day, as 2026-01-31 or 20260131, with or without a time behind it."""
    if value in (None, ""):
        return None
    text = str(value)[:10]
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text[:8].isdigit() else text)
    except ValueError:
        raise Refused("has a day that does not exist") from None

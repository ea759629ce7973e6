"""A JSON answer as a tree of dicts, lists and text, read strictly: what another parser might read differently is
Garbled. Numbers stay the text they were sent as, so that no float ever holds money."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from adapters.protocols.charset import decode
from hub.port import Garbled

DEPTH = 100
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")


def read_json(text: str) -> dict[str, Any]:
    """`text` was decoded by the pinned charset. Raises Garbled."""
    try:
        value = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_object,
            parse_int=str,
            parse_float=str,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        raise Garbled("no JSON", code="UPSTREAM_TRUNCATED" if cut and text.lstrip()[:1] == "{" else None) from None
    except RecursionError:
        raise Garbled("nested too deeply") from None
    if not isinstance(value, dict):
        raise Garbled("no JSON object")
    if text.count("{") + text.count("[") > DEPTH:
        _check_depth(value)
    tree = _texts(value) if "true" in text or "false" in text else value
    if _ESCAPED.search(text):  # the letters a wrong charset leaves may hide behind escapes
        _check_letters(tree)
    return dict(tree)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Garbled("a key stands twice")
    return found


def _constant(_: str) -> NoReturn:
    raise Garbled("NaN or Infinity")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEPTH):
        inner = [each.values() if type(each) is dict else each for each in level]
        level = [each for group in inner for each in group if type(each) is dict or type(each) is list]
        if not level:
            return
    raise Garbled("nested too deeply")


def _texts(value: Any) -> Any:
    match value:
        case dict():
            return {name: _texts(each) for name, each in value.items()}
        case list():
            return [_texts(each) for each in value]
        case bool():
            return "true" if value else "false"
        case _:
            return value  # text or null


def _check_letters(tree: Any) -> None:
    try:
        decode(json.dumps(tree, ensure_ascii=False).encode(), "utf-8")
    except UnicodeEncodeError:
        raise Garbled("half a character", code="UPSTREAM_CHARSET") from None

"""Drafts a system from one recorded answer (JSON: signed REST) or dropped file (CSV, XLSX: file_drop). One example
shows what is there, not what may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapters.protocols import draft_sheet
from adapters.protocols.charset import decode
from adapters.protocols.drafting import Draft, Shape, Wishes, Writer, started
from hub.port import Garbled

_PAGE = (b"<html", b"<!doctype html")


def draft(source: str, wishes: Wishes) -> Draft:
    """Raises ValueError where nothing can be made of it. The charset must be named, it is never guessed."""
    if Path(source).suffix.lower() in (".csv", ".xlsx", ".xls"):
        return draft_sheet.draft(source, wishes)
    raw = Path(source).read_bytes()
    start = raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"{"):
        return _json(raw, wishes)
    if start.startswith(_PAGE):
        raise ValueError("a page: start from adapters/civil_affairs, which walks pages like these (protocol form)")
    if start.startswith(b"<"):
        raise ValueError("XML says nothing of how it is asked for: fetch the WSDL (…?wsdl) and use --from wsdl")
    raise ValueError("neither JSON nor a spreadsheet")


def _json(raw: bytes, wishes: Wishes) -> Draft:
    made = started(wishes, "signed_rest")
    try:
        text = decode(raw, made.facts["encoding"])
        value = json.loads(text.removeprefix("\ufeff"), parse_float=str, parse_int=str)
    except Garbled as error:
        raise ValueError(f"it is {error.note}; name its charset with --encoding") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg}") from error
    operation, path = wishes.operation or "query", wishes.path or "/to-decide"
    made.media_type = "application/json"
    made.facts["signed_rest"] = {"sign": {"algorithm": "none"}}
    made.open["signed_rest",] = "how requests are signed, and whether one needs a token"
    writer = Writer(made, wishes)
    name = writer.operation(operation, [], [_shape(name, each) for name, each in value.items()],
                            {"method": "post", "path": path})  # fmt: skip
    made.open["operations", name, "request"] = "what it is asked with: an answer alone does not show it"
    made.open["operations", name, "signed_rest"] = "its method, path and how the parameters go out (json, form)"
    made.samples[f"{name}.recorded.json"] = (path, raw)
    return writer.finish()


def _shape(name: str, value: Any) -> Shape:
    many = isinstance(value, list)
    each = (value[0] if value else "") if many else value
    if isinstance(each, dict):
        children = tuple(_shape(inner, below) for inner, below in each.items())
        return Shape(name, many=many, children=children, group=bool(children))
    kind = "boolean" if isinstance(each, bool) else ""
    examples = () if each in (None, "") or isinstance(each, list) else (str(each),)
    return Shape(name, kind, many=many, examples=examples)

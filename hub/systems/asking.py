"""Values for an operation's request where no citizen typed any: for probes, tries and the contract kit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SOMEBODY: Mapping[str, str] = {"id_number": "362623190205121932", "name": "韩山福"}  # R0001 of the invented county
SOMEBODY_ELSE: Mapping[str, str] = {"id_number": "362623190008226786", "name": "林美梅"}
NOBODY: Mapping[str, str] = {"id_number": "36262319000101000X", "name": "探测"}  # well formed, in no register
_BY_KIND: Mapping[str, Any] = {
    "integer": 1,
    "yuan": 100,
    "fen": 100,
    "boolean": True,
    "date": "2026-01-05",
    "datetime": "2026-01-05T09:30:00+08:00",
}


def fitting(
    operation: Mapping[str, Any], codes: Mapping[str, Mapping[str, str]], person: Mapping[str, Any]
) -> dict[str, Any]:
    """The person's own values for what is asked, and for the rest that is required something of its type."""
    found: dict[str, Any] = {}
    for name, entry in operation["request"].get("fields", {}).items():
        if name in person:
            found[name] = person[name]
        elif entry.get("required"):
            kind = entry.get("as", "text")
            found[name] = next(iter(codes[entry["table"]].values())) if kind == "code" else _BY_KIND.get(kind, "示例")
    return found


def typed(entry: Mapping[str, Any], text: str) -> Any:
    """A value typed by hand. Raises ValueError where the field takes another kind."""
    match entry.get("as", "text"):
        case "integer" | "yuan" | "fen":
            return int(text)
        case "boolean":
            return {"true": True, "false": False}[text.lower()]
        case _:
            return text

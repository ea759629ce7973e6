"""Answers from what was delivered. An operation's answer finds these words in its tree: `found` (0 or 1), `row` (what
all rows found agree on), `rows`, `as_of` (when the youngest delivery came), `stale` (1: older than agreed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.protocols.answer_tree import known_paths
from adapters.protocols.file_drop_watch import CHINA
from adapters.protocols.mapping import operations
from hub.port import Call, Reply, Setting, Unavailable


class LookUps:
    """Every operation of one system of file drops."""

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        self._records, self._datasets = setting.records, facts["datasets"]
        self._operations = operations(setting)
        self._known = {name: known_paths(each) for name, each in facts["operations"].items()}
        self._by = {
            name: each["request"]["fields"][each["file_drop"]["by"]]["to"] for name, each in facts["operations"].items()
        }

    def call(self, call: Call) -> Reply:
        """Raises Unavailable when nothing was ever delivered, or only what is too old."""
        operation = self._operations[call.operation]
        asked = operation.outgoing(call)
        dataset: str = operation.own["dataset"]
        if self._records is None:
            raise Unavailable("nothing that is delivered is kept here")
        by = self._by[call.operation]
        rows, as_of = self._records.find(dataset, by, asked[by])
        if as_of is None:
            raise Unavailable("nothing was delivered yet")
        stale = self._stale(self._datasets[dataset], as_of)
        texts = [{name: _text(value) for name, value in row.items() if value is not None} for row in rows]
        agreeing = [row for row in texts if all(row.get(name, "").upper() == asked[name].upper() for name in asked)]
        return operation.reply(_tree(agreeing, as_of, stale, self._known[call.operation]), call, 0, 0)

    def _stale(self, facts: Mapping[str, Any], as_of: datetime) -> bool:
        if facts["max_age_h"] is None or datetime.now(UTC) - as_of <= timedelta(hours=facts["max_age_h"]):
            return False
        if facts["when_old"] == "refuse":
            raise Unavailable(f"the youngest delivery is older than {facts['max_age_h']:g} hours")
        return True


def _tree(rows: Sequence[Mapping[str, str]], as_of: datetime, stale: bool, known: Mapping[str, Any]) -> dict[str, Any]:
    """Only what the operation asks for: our own rows hold nothing unknown that were worth a report."""
    one, many = known.get("row", {}), known.get("rows", {})
    moment = as_of.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    tree: dict[str, Any] = {
        "found": "1" if rows else "0",
        "as_of": moment,
        "stale": "1" if stale else "0",
        "row": {name: [row[name] for row in rows if name in row] for name in one},  # two that differ are a conflict
        "rows": [{name: row[name] for name in many if name in row} for row in rows],
    }
    return {name: value for name, value in tree.items() if name in known}


def _text(value: Any) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)

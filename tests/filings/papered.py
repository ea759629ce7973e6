"""A department that takes papers first: it writes down what it is asked, and drops the answers it is told to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE

from adapters.protocols.facts import Facts
from hub.port import Call, OutcomeUnknown, Reply, Setting

SYSTEM: dict[str, Any] = {
    "name": {"zh": "建设局", "en": "Construction"}, "department": "police", "protocol": "papered", "encoding": "utf-8",
    "probe": {"operation": "query"},
    "filing": {"class": "R4", "papers": {"register": "open_file", "upload": "add_paper"}},
    "operations": {
        name: {
            "kind": "read" if name == "query" else "write", "data_class": 2,
            "answer": {} if name in ("query", "add_paper") else {"receipt": "number"},
        }
        for name in ("query", "open_file", "add_paper", "finish")
    },
}  # fmt: skip


class FACTS(Facts):
    class Meta:
        unknown = EXCLUDE


class Adapter:
    tells_stages = True

    def __init__(self, setting: Setting) -> None:
        self._calls, self._drops = setting.folder / "calls", setting.folder / "drops"

    def call(self, call: Call) -> Reply:
        if call.stage is not None:
            call.stage("body_started")
        with self._calls.open("a", encoding="utf-8") as calls:
            calls.write(json.dumps([call.operation, dict(call.fields)]) + "\n")
        if self._drops.exists() and self._drops.read_text(encoding="utf-8") == call.operation:
            self._drops.unlink()
            raise OutcomeUnknown("dropped")
        return Reply({}, {"open_file": "F7", "finish": "N1"}.get(call.operation))

    def probe(self, deadline: float) -> None:
        """It works."""

    def close(self) -> None:
        """Nothing is held."""


def asked(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """What it was asked, in order."""
    lines = (folder / "calls").read_text(encoding="utf-8").splitlines() if (folder / "calls").exists() else []
    return [(operation, fields) for operation, fields in map(json.loads, lines)]

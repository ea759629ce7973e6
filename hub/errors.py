"""The one error family of the hub.

Problem                 anything the caller is told; its code stands in reference/problems.yaml
└── PortError           what may leave an adapter, and nothing else (hub/port.py)
    ├── Unavailable     certainly not done
    ├── OutcomeUnknown  sent, no usable answer
    ├── Rejected        the department says no
    ├── Garbled         the answer is not understood
    └── Denied          our credentials were refused

Status, next step and sentence of a code are data, so that a text is put right without touching code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REFERENCE = Path(__file__).with_name("reference") / "problems.yaml"


@dataclass(frozen=True, slots=True)
class Kind:
    """One code: HTTP status, next action (retry | login | fix | wait | call) and its sentence by language."""

    code: str
    status: int
    action: str
    title: Mapping[str, str]


def _read_kinds(path: Path) -> dict[str, Kind]:
    entries = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return {
        code: Kind(code, entry["status"], entry["action"], {"zh": entry["zh"], "en": entry["en"]})
        for code, entry in entries.items()
    }


KINDS: Mapping[str, Kind] = _read_kinds(REFERENCE)


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of `errors[]`: where in the input, which code, and nothing of the input itself.

    `message` is a sentence of our own tables, plain or by language; without it the sentence of the code is told.
    """

    path: str
    code: str
    message: str | Mapping[str, str] | None = None


class Problem(Exception):
    """What a caller is told. `code` is one of KINDS; `origin` is citizen | hub | department:<id> | peer:<id>.

    `notice` is a text of operations that citizens may read; `note` stays inside (logs, console) and is
    never shown. `retry_after` is in seconds. `status` is given where one code has two (a NUL byte is 400, a line
    break in a single-line field 422).
    """

    def __init__(
        self,
        code: str,
        *,
        origin: str = "citizen",
        faults: Sequence[Fault] = (),
        retry_after: int | None = None,
        notice: str | Mapping[str, str] | None = None,
        note: str = "",
        extra: Mapping[str, Any] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{code} {note}".strip())
        self.kind = KINDS[code]
        self.origin = origin
        self.faults = tuple(faults)
        self.retry_after = retry_after
        self.notice = notice
        self.note = note
        self.extra = dict(extra or {})
        self._status = status

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def status(self) -> int:
        return self._status or self.kind.status


def invalid(faults: Sequence[Fault]) -> Problem:
    """What several wrong fields are told as: 422, named by the first of them, at most 20 listed."""
    return Problem(faults[0].code, status=422, faults=faults[:20])

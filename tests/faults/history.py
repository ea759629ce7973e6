"""Judges a run of filings by two things alone: what was told about each receipt, and what the departments hold.

It knows nothing of how the hub works. A history is lines of {"op": "invoke" | "ok", "receipt", "key", "system"}; an
invoke without its ok is an `info`: nobody was told a receipt, so it may be there or not, but never twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

THERE, NOT_THERE, NEVER_HEARD_OF = {"confirmed", "settled"}, {"rejected", "cancelled"}, ""
BY_HAND = {"manual"}


@dataclass(frozen=True)
class Verdict:
    """Receipts by what is wrong with them; `by_hand` is what a person must settle where that is allowed."""

    acknowledged: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.unresolved or self.strangers)


def read(path: Path) -> list[dict[str, Any]]:
    """A line that a dying clerk did not finish is none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def judge(
    history: Iterable[Mapping[str, Any]],
    told: Mapping[str, str],
    records: Iterable[str],
    may_be_by_hand: Collection[str] = (),
) -> Verdict:
    """`told` is the state of each receipt as its citizen reads it ("" or absent: never heard of it), `records` our
    number in each of the departments' records, `may_be_by_hand` the systems that give nothing to ask by."""
    invoked, acknowledged = {}, set()
    for line in history:
        if line["op"] == "invoke":
            invoked[line["receipt"]] = line
        else:
            acknowledged.add(line["receipt"])
    held = Counter(records)
    verdict = Verdict(len(acknowledged))
    for receipt, line in invoked.items():
        _one(verdict, receipt, told.get(receipt, NEVER_HEARD_OF), held[line["key"]], receipt in acknowledged,
             line["system"] in may_be_by_hand)  # fmt: skip
    ours = {line["key"] for line in invoked.values()}
    verdict.strangers.extend(key for key in held if key not in ours)
    return verdict


def _one(verdict: Verdict, receipt: str, state: str, held: int, acknowledged: bool, hand_allowed: bool) -> None:
    if held > 1:
        verdict.doubled.append(receipt)
    elif state == NEVER_HEARD_OF:
        if acknowledged:
            verdict.lost.append(receipt)
        elif held:
            verdict.strangers.append(receipt)
    elif state in THERE:
        if not held:
            verdict.lost.append(receipt)
    elif state in NOT_THERE:
        if held:
            verdict.unresolved.append(receipt)
    elif state in BY_HAND and hand_allowed:
        verdict.by_hand.append(receipt)
    else:
        verdict.unresolved.append(receipt)

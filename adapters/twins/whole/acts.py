"""The operations of county/systems.json beside the question for a data class: filing, its progress, paying, comparing.

They are described like questions: a `key` that is sent and `fields` that come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.twins.whole.plan import Field, Question

_OURS = {"applicant_id": "id_number", "applicant_name": "name", "payer_id": "id_number", "amount": "amount_fen"}
_TYPES = {"applicant_id": "id_number", "id_number": "id_number", "payer_id": "id_number", "amount": "money",
          "matched": "boolean", "accepted_at": "datetime", "paid_at": "datetime", "form": "text"}  # fmt: skip
_LABELS = {"case_no": "受理编号", "accepted_at": "受理时间", "step": "当前环节", "result": "办理结果", "reason": "原因",
           "receipt_no": "收据号", "amount": "金额", "paid_at": "缴费时间", "matched": "是否一致"}  # fmt: skip
_SIZES = {"id_number": 18, "money": 16, "datetime": 19, "text": 200, "boolean": 1}
_LEFT_OUT = "attachments"  # papers go another way than fields
_NAMED = ("submit", "status", "pay", "verify")
_WRITES = ("submit", "pay")


def acts_of(system: Mapping[str, Any], first: Question) -> Iterator[Question]:
    """All that the system does besides `first`; its other questions are for the same records."""
    labelled = system["protocol"] == "form"
    for each in system["operations"]:
        if each["kind"] == "query" and each["name"] != first.operation:
            yield replace(first, operation=each["name"])
        elif each["kind"] in _NAMED:
            yield Question(
                each["name"], "", each["kind"], 2 if each["kind"] == "verify" else 3, "case", "not_shared",
                _fields(each["outputs"], labelled), _fields(each["inputs"], False), each["kind"],
            )  # fmt: skip


def writes(kind: str) -> bool:
    return kind in _WRITES


def _fields(names: Sequence[str], labelled: bool) -> tuple[Field, ...]:
    return tuple(_field(name, labelled) for name in names if name != _LEFT_OUT)


def _field(name: str, labelled: bool) -> Field:
    kind = _TYPES.get(name, "string")
    wire = _LABELS[name] if labelled else name
    sensitivity = 2 if name in ("matched", "accepted_at", "step", "paid_at") else 3
    return Field(
        name, _LABELS.get(name, name), kind, _SIZES.get(kind, 40), sensitivity, name != "reason", wire,
        _OURS.get(name, name),
    )  # fmt: skip

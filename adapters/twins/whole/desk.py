"""What a department does with what is filed or paid, the same everywhere: each time a new case, found by its number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.twins.file_drop_site import CHINA
from adapters.twins.residents import county
from adapters.twins.twin import Twin
from adapters.twins.whole.plan import Question


def carried_out(twin: Twin, question: Question, asked: Mapping[str, str]) -> Mapping[str, str] | None:
    """The answer's fields by name; None where there is no such case, person or bill."""
    now = f"{datetime.now(CHINA):%Y-%m-%d %H:%M:%S}"
    match question.kind:
        case "submit":
            number = twin.records.add({**asked, "act": question.operation})
            return {"case_no": _case(twin, number), "accepted_at": now}
        case "pay":
            number = twin.records.add({**asked, "act": question.operation})
            return {"receipt_no": f"R{number:08d}", "amount": _fen(asked["amount"]), "paid_at": now}
        case "verify":
            person = county().residents.get(asked["id_number"])
            return {"matched": "1" if person and person.name == asked["name"] else "0"}
    known = any(_case(twin, each["number"]) == asked["case_no"] for each in twin.records.visible())
    return {"case_no": asked["case_no"], "step": "受理", "result": "办理中", "reason": ""} if known else None


def _case(twin: Twin, number: int) -> str:
    return f"{twin.system.upper()}{number:08d}"


def _fen(amount: str) -> str:
    """From yuan, or from fen already."""
    return amount.replace(".", "")

"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import object_session

from hub.cases import department, file
from hub.cases.models import CaseRow, CorrectionRow, DepartmentEventRow, EventRow, PauseRow, RatingRow, ResultRow
from hub.keys.resealing import Sealed


def _of_case(row: Any) -> str:
    session = object_session(row)
    assert session is not None
    return file.purpose_of(session.get_one(CaseRow, row.case_id))


SEALED = (
    Sealed(CaseRow, "body_sealed", file.purpose_of),
    Sealed(EventRow, "detail_sealed", _of_case),
    Sealed(PauseRow, "reason_sealed", _of_case),
    Sealed(CorrectionRow, "items_sealed", _of_case),
    Sealed(ResultRow, "document_sealed", _of_case),
    Sealed(RatingRow, "said_sealed", _of_case),
    Sealed(DepartmentEventRow, "fields_sealed", department.purpose_of),
)

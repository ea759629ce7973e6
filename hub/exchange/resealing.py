"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.exchange.batches import purpose_of
from hub.exchange.models import BatchRow, CorrectionRow
from hub.keys.resealing import Sealed


def _of_correction(row: CorrectionRow) -> str:
    return f"exchange.correction:{row.id}"


SEALED = (
    Sealed(BatchRow, "asked_sealed", lambda row: purpose_of(row.id), at_once=1),
    Sealed(BatchRow, "file_sealed", lambda row: purpose_of(row.id), at_once=1),
    Sealed(CorrectionRow, "body_sealed", _of_correction),
    Sealed(CorrectionRow, "answer_sealed", _of_correction),
)

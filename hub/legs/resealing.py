"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.legs.models import LegRow
from hub.legs.service import PURPOSE

SEALED = (
    Sealed(LegRow, "question_sealed", lambda _: PURPOSE["question"]),
    Sealed(LegRow, "answer_sealed", lambda _: PURPOSE["answer"]),
)

"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.recognition.models import CarriedRow, ResultRow

SEALED = (
    Sealed(ResultRow, "purpose_sealed", lambda _: "recognition.purpose"),
    Sealed(CarriedRow, "facts_sealed", lambda row: f"recognition.facts:{row.id}"),
)

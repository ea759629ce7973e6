"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.matching.models import MatchRow
from hub.matching.queue import REASON, VALUES

SEALED = (
    Sealed(MatchRow, "values_sealed", lambda row: f"{VALUES}:{row.id}"),
    Sealed(MatchRow, "reason_sealed", lambda row: f"{REASON}:{row.id}"),
)

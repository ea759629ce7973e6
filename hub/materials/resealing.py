"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.materials.handing import REASON
from hub.materials.models import Asked, Shelf
from hub.materials.shelves import KEY

SEALED = (
    Sealed(Shelf, "key_sealed", lambda row: f"{KEY}:{row.citizen_id}"),
    Sealed(Asked, "reason_sealed", lambda row: f"{REASON}:{row.receipt_no}"),
)

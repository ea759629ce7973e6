"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.appeals.models import AppealActRow, AppealRow
from hub.appeals.service import SAID
from hub.keys.resealing import Sealed

SEALED = (
    Sealed(AppealRow, "body_sealed", lambda row: f"{SAID}:{row.number}"),
    Sealed(AppealActRow, "note_sealed", lambda row: f"{SAID}:{row.number}"),
)

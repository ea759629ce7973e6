"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.tasks.models import TaskActRow, TaskRow
from hub.tasks.service import TOLD

SEALED = (
    Sealed(TaskRow, "told_sealed", lambda row: f"{TOLD}:{row.id}"),
    Sealed(TaskActRow, "note_sealed", lambda row: f"{TOLD}:{row.task_id}"),
)

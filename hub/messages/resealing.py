"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.messages.models import MessageRow
from hub.messages.service import BODY

SEALED = (Sealed(MessageRow, "body_sealed", lambda row: f"{BODY}:{row.id}"),)

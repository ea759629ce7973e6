"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.filings.models import FilingRow
from hub.filings.sender import PURPOSE
from hub.keys.resealing import Sealed

SEALED = (Sealed(FilingRow, "order_sealed", lambda _: PURPOSE),)

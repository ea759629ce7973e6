"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

import orjson

from hub.crypto import Crypto
from hub.keys.resealing import Sealed
from hub.tracing.models import SightingRow, TraceRow
from hub.tracing.sightings import PURPOSE


def _tag(crypto: Crypto, row: SightingRow, value: bytes) -> None:
    row.person = crypto.tag(orjson.loads(value)[-1], PURPOSE)


SEALED = (
    Sealed(SightingRow, "who_sealed", lambda _: PURPOSE, _tag),
    Sealed(TraceRow, "subject_sealed", lambda row: f"{PURPOSE}:{row.id}"),
)

"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from sqlalchemy.orm import object_session

from hub.inbox import deliveries, keeping
from hub.inbox.models import DeliveryRow, PieceRow, RecordRow
from hub.keys.resealing import Sealed


def _of_piece(row: PieceRow) -> str:
    session = object_session(row)
    assert session is not None
    return deliveries.purpose_of(session.get_one(DeliveryRow, row.delivery_id).digest, row.number)


SEALED = (
    Sealed(PieceRow, "raw_sealed", _of_piece, at_once=8),
    Sealed(RecordRow, "fields_sealed", lambda row: keeping.purpose_of(row.key_tag)),
)

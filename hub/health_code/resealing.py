"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

import orjson

from hub.crypto import Crypto
from hub.health_code.models import BulkRow, CodeRow, DeclarationRow, ReviewRow
from hub.health_code.reviews import BODY, NOTE
from hub.health_code.service import DECLARED, ID_TAG, TAIL, TAIL_TAG
from hub.health_code.states import HOLDER
from hub.keys.resealing import Sealed


def _tag(crypto: Crypto, row: CodeRow, value: bytes) -> None:
    name, number = orjson.loads(value)
    row.id_tag = crypto.tag(number, ID_TAG)
    row.tail_tag = crypto.tag(f"{name}\0{number[-TAIL:]}", TAIL_TAG)


SEALED = (
    Sealed(CodeRow, "holder_sealed", lambda row: f"{HOLDER}:{row.citizen_id}", _tag),
    Sealed(DeclarationRow, "body_sealed", lambda row: f"{DECLARED}:{row.id}"),
    Sealed(ReviewRow, "body_sealed", lambda row: f"{BODY}:{row.id}"),
    Sealed(ReviewRow, "note_sealed", lambda row: f"{NOTE}:{row.id}"),
    Sealed(BulkRow, "note_sealed", lambda row: f"{NOTE}:{row.id}"),
)

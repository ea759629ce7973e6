"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from collections.abc import Callable

from hub.credentials.models import CopyRow, LicenceRow
from hub.keys.resealing import Sealed


def _copy(what: str) -> Callable[[CopyRow], str]:
    return lambda row: f"credentials.{what}:{row.id}"


SEALED = (
    Sealed(LicenceRow, "body_sealed", lambda row: f"credentials.body:{row.id}"),
    Sealed(CopyRow, "purpose_sealed", _copy("purpose")),
    Sealed(CopyRow, "pdf_sealed", _copy("pdf"), at_once=20),
    Sealed(CopyRow, "proof_sealed", _copy("proof")),
)

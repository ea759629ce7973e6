"""What this room keeps sealed, for whoever reseals it. Entries are under keys of their subjects: those are resealed."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.ledger.canaries import PURPOSE
from hub.ledger.evidence import KEY
from hub.ledger.models import CanaryRow, SubjectKeyRow

SEALED = (Sealed(SubjectKeyRow, "key_sealed", lambda _: KEY), Sealed(CanaryRow, "sealed", lambda _: PURPOSE))

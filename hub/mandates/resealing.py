"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.keys.resealing import Sealed
from hub.mandates.companies import COMPANY
from hub.mandates.models import CompanyPerson, MandateRow
from hub.mandates.service import HOLDER, SUBJECT

SEALED = (
    Sealed(MandateRow, "holder_sealed", lambda row: f"{HOLDER}:{row.mandate_id}"),
    Sealed(MandateRow, "subject_sealed", lambda row: f"{SUBJECT}:{row.mandate_id}"),
    Sealed(CompanyPerson, "company_sealed", lambda row: f"{COMPANY}:{row.company_tag.hex()}"),
)

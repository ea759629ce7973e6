"""Strict fields for everything a citizen or an officer sends: no silent conversion, one stable code for each fault.

What a field loads is plain JSON again (text, number, boolean; dates stay ISO text, amounts become integer fen), so
that it travels, is digested and is stored without a second form. A field also draws its JSON Schema (2020-12).
The codes are those of reference/problems.yaml; nothing of the input is repeated in a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.fields.day import BirthDate, Date, DateTime, check_period
from hub.fields.document import (
    CreditCode,
    ForeignPermit,
    HkMacaoPermit,
    IdNumber,
    LicenceId,
    Passport,
    Phone,
    Region,
    TaiwanPermit,
)
from hub.fields.form import Form, Group, Items, Unshaped, faults, load
from hub.fields.identifier import id_check
from hub.fields.number import Amount, Boolean, Integer, MoneyFen, Tenths, Year
from hub.fields.text import Choice, LongText, Name, Strict, Text

__all__ = [
    "TYPES",
    "Amount",
    "BirthDate",
    "Boolean",
    "Choice",
    "CreditCode",
    "Date",
    "DateTime",
    "ForeignPermit",
    "Form",
    "Group",
    "HkMacaoPermit",
    "IdNumber",
    "Integer",
    "Items",
    "LicenceId",
    "LongText",
    "MoneyFen",
    "Name",
    "Passport",
    "Phone",
    "Region",
    "Strict",
    "TaiwanPermit",
    "Tenths",
    "Text",
    "Unshaped",
    "Year",
    "check_period",
    "faults",
    "id_check",
    "load",
]

TYPES: Mapping[str, Callable[..., Strict]] = {
    "text": Text,
    "long_text": LongText,
    "name": Name,
    "integer": Integer,
    "tenths": Tenths,
    "money_fen": MoneyFen,
    "amount": Amount,
    "date": Date,
    "birth_date": BirthDate,
    "datetime": DateTime,
    "year": Year,
    "id_number": IdNumber,
    "credit_code": CreditCode,
    "licence_id": LicenceId,
    "hk_macao_permit": HkMacaoPermit,
    "taiwan_permit": TaiwanPermit,
    "passport": Passport,
    "foreign_permit": ForeignPermit,
    "phone": Phone,
    "region": Region,
    "boolean": Boolean,
    "choice": Choice,
}

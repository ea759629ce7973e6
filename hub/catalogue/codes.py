"""Service item codes (事项编码): opaque texts, and a validator for each known scheme. One that fails only warns: the
rules differ by province, and a code is never refused, cut or repaired because of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_DASHED = re.compile(r"[0-9A-Z]{10,14}-([0-9]{12})-[0-9]{3}-([0-9A-Z-]+)-[0-9]-[0-9]{2}", re.ASCII)
_ORGANISATION_BASE = re.compile(r"(?P<organisation>.{18})[1-6][0-9A-Z]{12}", re.ASCII)
_BASE = re.compile(r"[0-9A-Z]{12}", re.ASCII)

Validator = Callable[[str], str | None]
"""Says what is odd about a code, or None."""


def credit_code(code: str) -> str | None:
    """Unified social credit code, GB 32100-2015."""
    if not _CREDIT.fullmatch(code) or code[2:8] == "000000":
        return "is not a credit code"
    total = sum(CREDIT_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return None if CREDIT_ALPHABET[-total % 31] == code[17] else "has a wrong check character"


def _base(code: str) -> str | None:
    return None if _BASE.fullmatch(code) else "is not a base code of 12 characters"


def _organisation_base(code: str) -> str | None:
    """31 characters: the organisation's credit code, its level, the base code. Read so from examples only."""
    match = _ORGANISATION_BASE.fullmatch(code)
    if match is None:
        return "is not an implementing code of 31 characters"
    odd = credit_code(match["organisation"])
    return f"names an organisation that {odd}" if odd else None


def _dashed(code: str) -> str | None:
    """base-area-000-organisation-1-00, as in Sichuan."""
    match = _DASHED.fullmatch(code)
    if match is None:
        return "is not of the form base-area-000-organisation-0-00"
    odd = credit_code(match[2])
    return f"names an organisation that {odd}" if odd else None


VALIDATORS: Mapping[str, Validator] = {
    "any": lambda _: None,
    "base": _base,
    "organisation_base": _organisation_base,
    "dashed": _dashed,
    "credit_code": credit_code,
}
"""By the name that `schemes` in config/regions.yaml gives to a code scheme."""


def area_in(code: str) -> str:
    """The area code inside a dashed code; empty when there is none."""
    match = _DASHED.fullmatch(code)
    return match[1] if match else ""

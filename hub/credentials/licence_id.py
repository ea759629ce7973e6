"""The national id of an electronic licence (GB/T 36904): made, read and checked. Pure; formats.md 6 has the sources."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

ROOT = "1.2.156.3005.2."
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{18}[0-9]{3})\.([0-9A-Z]{6}|[0-9A-Z]{18})\.([0-9A-Z]{1,30})\.([0-9]{3})\.([0-9A-Z])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class LicenceId:
    """`type` is the definer's credit code and three digits; `issuer` a credit code, or an area code of six digits."""

    type: str
    issuer: str
    serial: str
    version: int = 1

    def __str__(self) -> str:
        parts = (self.type, self.issuer, self.serial, f"{self.version:03d}")
        return f"{ROOT}{'.'.join(parts)}.{check_character(''.join(parts))}"

    @property
    def issuer_is_area(self) -> bool:
        return len(self.issuer) == 6

    @property
    def lasting(self) -> str:
        """What stays the same when the licence is renewed."""
        return f"{self.type}.{self.issuer}.{self.serial}"

    def renewed(self) -> LicenceId:
        return replace(self, version=self.version + 1)


def check_character(text: str) -> str:
    """ISO 7064 MOD 37,36 over letters and digits."""
    product = 36
    for character in text:
        total = (product + _ALPHABET.index(character)) % 36 or 36
        product = 2 * total % 37
    return _ALPHABET[(37 - product) % 36]


def read(text: str) -> LicenceId:
    """Raises ValueError: `FORMAT` for another shape, `ID_CHECKSUM` for a wrong check character."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError("FORMAT")
    type, issuer, serial, version, check = match.groups()
    if check_character(type + issuer + serial + version) != check:
        raise ValueError("ID_CHECKSUM")
    return LicenceId(type, issuer, serial, int(version))

"""How a person's and a company's values are sealed: each record under a data key of its own, which the ring seals."""

from __future__ import annotations

from hub.crypto import Box, Crypto
from hub.identity.models import Company, Person

NAME, ID_NUMBER, PHONE, ADDRESS = "identity.name", "identity.id_number", "identity.phone", "identity.address"
KEY, COMPANY_KEY = "identity.key", "identity.company_key"
COMPANY = {
    "credit_code": "identity.credit_code",
    "name": "identity.company_name",
    "representative": "identity.representative",
}
COLUMNS = {"name_sealed": NAME, "id_number_sealed": ID_NUMBER, "phone_sealed": PHONE, "address_sealed": ADDRESS}


class Sealing:
    """One for the process."""

    def __init__(self, crypto: Crypto) -> None:
        self._crypto = crypto

    def box(self, person: Person) -> Box:
        """The person's box; one from before there were boxes gets it now."""
        if person.key_sealed is None:
            return self.renew(person)
        return self._crypto.box(person.key_sealed, f"{KEY}:{person.citizen_id}")

    def renew(self, person: Person) -> Box:
        """A new box under the key that seals now, everything in it, and tags under that key."""
        clear = {
            column: self.open(person.key_sealed, sealed, purpose, person.citizen_id)
            for column, purpose in COLUMNS.items()
            if (sealed := getattr(person, column)) is not None
        }
        box, person.key_sealed = self._crypto.new_box(f"{KEY}:{person.citizen_id}")
        for column, value in clear.items():
            setattr(person, column, box.seal(value, f"{COLUMNS[column]}:{person.citizen_id}"))
        if "id_number_sealed" in clear:
            person.id_number_tag = self._crypto.tag(clear["id_number_sealed"], ID_NUMBER)
        if "phone_sealed" in clear:
            person.phone_tag = self._crypto.tag(clear["phone_sealed"], PHONE)
        return box

    def open(self, key_sealed: bytes | None, sealed: bytes, purpose: str, owner: str) -> str:
        if key_sealed is None:
            return self._crypto.open(sealed, f"{purpose}:{owner}").decode()
        return self._crypto.box(key_sealed, f"{KEY}:{owner}").open(sealed, f"{purpose}:{owner}")

    def opened(self, person: Person) -> dict[str, str]:
        """What is known, in clear: name, id_number, phone, address."""
        box = self._crypto.box(person.key_sealed, f"{KEY}:{person.citizen_id}") if person.key_sealed else None
        found = {}
        for column, purpose in COLUMNS.items():
            sealed, meant = getattr(person, column), f"{purpose}:{person.citizen_id}"
            if sealed is not None:
                found[column.removesuffix("_sealed")] = (
                    box.open(sealed, meant) if box else self._crypto.open(sealed, meant).decode()
                )
        return found

    def put_company(self, company: Company, values: dict[str, str]) -> None:
        """A new box with these values, tagged under the key that seals now."""
        box, company.key_sealed = self._crypto.new_box(f"{COMPANY_KEY}:{company.company_id}")
        for name, purpose in COMPANY.items():
            setattr(company, f"{name}_sealed", box.seal(values[name], f"{purpose}:{company.company_id}"))
        company.credit_code_tag = self._crypto.tag(values["credit_code"], COMPANY["credit_code"])

    def opened_company(self, company: Company) -> dict[str, str]:
        box = self._crypto.box(company.key_sealed, f"{COMPANY_KEY}:{company.company_id}")
        return {
            name: box.open(getattr(company, f"{name}_sealed"), f"{purpose}:{company.company_id}")
            for name, purpose in COMPANY.items()
        }

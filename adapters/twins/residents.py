"""The people of the demo county, as the departments' twins know them. Invented data: county/README.md."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

FOLDER = Path(__file__).with_name("county")


@dataclass(frozen=True, slots=True)
class Resident:
    number: str
    id_number: str
    name: str
    sex: str  # M | F
    birth_date: str  # YYYY-MM-DD
    ethnicity_code: str
    town_code: str
    household: str
    relation: str


@dataclass(frozen=True, slots=True)
class Household:
    number: str
    town: str
    address: str
    head: str


@dataclass(frozen=True)
class County:
    """`residents` by identity number, `households` by their number, `spouses` by resident number."""

    residents: Mapping[str, Resident]
    households: Mapping[str, Household]
    spouses: Mapping[str, str]

    def members(self, household: str) -> Sequence[Resident]:
        return [person for person in self.residents.values() if person.household == household]

    def of(self, number: str) -> Resident:
        """By resident number (R0001)."""
        return next(person for person in self.residents.values() if person.number == number)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def county() -> County:
    residents = {
        row["id_number"]: Resident(
            row["resident_no"],
            row["id_number"],
            row["name"],
            row["sex"],
            row["birth_date"],
            row["ethnicity_code"],
            row["town_code"],
            row["household_no"],
            row["relation"],
        )
        for row in _rows("residents.csv")
    }
    households = {
        row["household_no"]: Household(row["household_no"], row["town"], row["address"], row["head"])
        for row in _rows("households.csv")
    }
    couples = [(row["from"], row["to"]) for row in _rows("relations.csv") if row["kind"] == "spouse"]
    return County(residents, households, {**dict(couples), **{wife: husband for husband, wife in couples}})


def luck(seed: int, *words: str) -> Random:
    """The same figures for the same person in every run: a draw that depends on the seed and these words only."""
    return Random(f"{seed}/{'/'.join(words)}")

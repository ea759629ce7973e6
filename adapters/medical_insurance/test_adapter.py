"""Recorded answers of the medical insurance system in, Reply or port error out."""

import time
from pathlib import Path
from typing import Any

import pytest

from hub.port import Call, Garbled, PortError, Rejected, Unavailable
from tests.protocols.departments import opened
from tests.protocols.rogue import Rogue, always, http

SAMPLES = Path(__file__).parent / "samples"
ID = "362623190205121932"
PAYMENTS = [
    {
        "number": "20231209000104",
        "paid_on": "2023-12-09",
        "institution": "县中医院（示范）",
        "kind": "outpatient",
        "total_fen": 110901,
        "fund_fen": 36689,
        "account_fen": 60124,
        "own_fen": 14088,
    },
    {
        "number": "20240214000101",
        "paid_on": "2024-02-14",
        "institution": "县中医院（示范）",
        "kind": "outpatient",
        "total_fen": 138472,
        "fund_fen": 23684,
        "account_fen": 77750,
        "own_fen": 37038,
    },
]


def ask(sample: str, person: str = ID) -> Any:
    with Rogue(always(http((SAMPLES / sample).read_bytes(), "Content-Type: text/xml"))) as department:
        adapter = opened("medical_insurance", department.url)
        fields = {} if sample.startswith("ping") else {"id_number": person}
        return adapter.call(Call(sample.split(".")[0], fields, time.monotonic() + 3)).fields


def test_ping() -> None:
    assert ask("ping.ok.xml") == {}


def test_balance() -> None:
    assert ask("query_balance.ok.xml") == {
        "id_number": ID,
        "name": "韩山福",
        "year": 2024,
        "balance_fen": 1895710,
        "year_income_fen": 363875,
        "year_spent_fen": 91212,
        "status": "normal",
        "category": "resident",
        "updated_on": "2024-12-31",
    }


@pytest.mark.parametrize(("sample", "number"), [("none", 0), ("one", 1), ("two", 2)])
def test_payments(sample: str, number: int) -> None:
    assert ask(f"query_payments.{sample}.xml") == {"id_number": ID, "payments": PAYMENTS[:number]}


@pytest.mark.parametrize(
    ("sample", "kind", "code"),
    [
        ("query_balance.not_insured.xml", Rejected, "DEPARTMENT_REJECTED"),
        ("query_balance.fault.xml", Garbled, "UPSTREAM_MALFORMED"),
        ("query_balance.maintenance.html", Unavailable, "DEPARTMENT_UNAVAILABLE"),
    ],
)
def test_refusals(sample: str, kind: type[PortError], code: str) -> None:
    with pytest.raises(kind) as caught:
        ask(sample)
    assert caught.value.code == code


def test_another_persons_answer() -> None:
    with pytest.raises(Garbled) as caught:
        ask("query_balance.ok.xml", "362623190008226786")
    assert caught.value.code == "UPSTREAM_SUBJECT_MISMATCH"

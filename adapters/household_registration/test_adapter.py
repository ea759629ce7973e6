"""Recorded answers of the household register in, Reply or port error out."""

import time
from pathlib import Path
from typing import Any

import pytest

from hub.port import Call, Garbled, Rejected, Reply
from tests.protocols.departments import opened
from tests.protocols.rogue import Rogue, always, http

SAMPLES = Path(__file__).parent / "samples"
ID = "362623190205121932"
HEAD = {"id_number": ID, "name": "韩山福", "relation": "head", "sex": "male", "birth_date": "1902-05-12"}
WIFE = {
    "id_number": "362623190008226786",
    "name": "林美梅",
    "relation": "spouse",
    "sex": "female",
    "birth_date": "1900-08-22",
}


def ask(sample: str, **fields: Any) -> Reply:
    with Rogue(always(http((SAMPLES / sample).read_bytes(), "Content-Type: text/xml"))) as department:
        adapter = opened("household_registration", department.url)
        return adapter.call(Call(sample.split(".")[0], fields, time.monotonic() + 3, key="XT2026-0001"))


def test_ping() -> None:
    assert ask("ping.ok.xml").fields == {}


def test_person() -> None:
    assert ask("query_person.ok.xml", id_number=ID).fields == {
        "id_number": ID,
        "name": "韩山福",
        "sex": "male",
        "birth_date": "1902-05-12",
        "ethnicity_code": "01",
        "status": "normal",
    }


def test_nobody() -> None:
    with pytest.raises(Rejected) as caught:
        ask("query_person.not_found.xml", id_number=ID)
    assert caught.value.faults[0].code == "PERSON_NOT_FOUND"


def test_members() -> None:
    home = {"id_number": ID, "household_number": "H0001", "address": "豫宁街道测试新村示范路44号"}
    assert ask("query_members.none.xml", id_number=ID).fields == {**home, "members": []}
    assert ask("query_members.two.xml", id_number=ID).fields == {**home, "members": [HEAD, WIFE]}
    alone = ask("query_members.one.xml", id_number="362623191206116013").fields["members"]
    assert [member["name"] for member in alone] == ["韩波德"]


def test_residence() -> None:
    assert ask("query_residence.ok.xml", id_number=ID).fields == {
        "id_number": ID,
        "name": "韩山福",
        "address": "豫宁街道测试新村示范路44号",
        "town": "豫宁街道",
        "household_number": "H0001",
        "registered_on": "1958-04-23",
        "certificate_number": "HJ1877764721",
    }


def test_another_persons_answer() -> None:
    with pytest.raises(Garbled) as caught:
        ask("query_residence.ok.xml", id_number="362623190008226786")
    assert caught.value.code == "UPSTREAM_SUBJECT_MISMATCH"


def test_filing_and_asking_for_it() -> None:
    filed = ask("file_application.ok.xml", id_number=ID, name="韩山福", kind="residence_certificate", reason="办理入学")
    assert (filed.receipt, filed.fields["external_number"]) == ("HJSQ00000001", "XT2026-0001")
    assert ask("query_application.none.xml", external_number="XT2026-0002").fields == {"applications": []}


def test_name_and_number_that_belong_together() -> None:
    assert ask("verify_identity.ok.xml", id_number=ID, name="韩山福").fields == {"id_number": ID}


@pytest.mark.parametrize("sample", ["different", "unknown"])
def test_row_B51_who_is_unknown_and_who_is_called_otherwise_are_told_alike(sample: str) -> None:
    with pytest.raises(Rejected) as caught:
        ask(f"verify_identity.{sample}.xml", id_number=ID, name="韩山福")
    assert [fault.code for fault in caught.value.faults] == ["IDENTITY_MISMATCH"]

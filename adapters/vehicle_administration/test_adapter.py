"""Recorded answers of the vehicle administration in, Reply or port error out.

A recorded answer cannot bear the signature over our nonce of today: that check is taken out here and has its own test.
"""

import time
from typing import Any

import pytest

from hub.port import Call, Garbled, PortError, Rejected, Reply
from tests.protocols.recorded import recorded

HAN = {"id_number": "362623190205121932", "name": "韩山福"}
LIN = {"id_number": "362623190008226786", "name": "林美梅"}
PATHS = {"query_vehicles": "/api/v2/vehicles", "query_licence": "/api/v2/licence",
         "query_licences": "/api/v2/e-licences"}  # fmt: skip


def unsigned(facts: dict[str, Any]) -> None:
    del facts["signed_rest"]["answer_sign"]


def ask(sample: str, who: dict[str, str]) -> Reply:
    operation = sample.split(".")[0]
    answers = {"/oauth/token": "fetch_token.ok.json", PATHS[operation]: sample}
    with recorded("vehicle_administration", answers, "application/json", unsigned) as adapter:
        return adapter.call(Call(operation, who, time.monotonic() + 3))


@pytest.mark.parametrize(
    ("sample", "plates"), [("none", []), ("one", ["赣G·D1932"]), ("two", ["赣G·D1932", "赣G·D7906"])]
)
def test_vehicles(sample: str, plates: list[str]) -> None:
    vehicles = ask(f"query_vehicles.{sample}.json", HAN).fields["vehicles"]
    assert [row["plate_no"] for row in vehicles] == plates
    assert not vehicles or vehicles[0] == {
        "plate_no": "赣G·D1932",
        "plate_kind": "small",
        "brand": "测试牌",
        "status": "normal",
        "registered_on": "2023-01-11",
        "inspection_until": "2026-06-09",
        "open_violations": 4,
    }


def test_licence() -> None:
    fields = ask("query_licence.ok.json", HAN).fields
    assert (fields["licence_class"], fields["status"], fields["points"]) == ("C1", "normal", 6)


@pytest.mark.parametrize(("sample", "states"), [("none", []), ("one", ["valid"]), ("two", ["valid", "revoked"])])
def test_electronic_licences(sample: str, states: list[str]) -> None:
    licences = ask(f"query_licences.{sample}.json", HAN).fields["licences"]
    assert [row["state"] for row in licences] == states
    assert not licences or licences[0] == {
        "licence_id": "1.2.156.3005.2.11360423DEM0000650011.11360423DEM0000650.20260000018.001.9",
        "state": "valid",
        "valid_from": "2013-05-02",
        "valid_until": "2036-06-30",
        "licence_class": "C1",
        "first_issued_on": "2013-05-02",
    }


@pytest.mark.parametrize(
    ("sample", "who", "kind", "code"),
    [
        ("query_licence.none.json", HAN, Rejected, "DEPARTMENT_REJECTED"),
        ("query_vehicles.two.json", LIN, Garbled, "UPSTREAM_SUBJECT_MISMATCH"),
        ("query_licences.two.json", LIN, Garbled, "UPSTREAM_SUBJECT_MISMATCH"),
    ],
)
def test_refusals(sample: str, who: dict[str, str], kind: type[PortError], code: str) -> None:
    with pytest.raises(kind) as caught:
        ask(sample, who)
    assert caught.value.code == code

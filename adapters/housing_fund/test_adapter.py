"""Recorded answers of the housing fund in, Reply or port error out."""

import time

import pytest

from hub.port import Call, Denied, Garbled, PortError, Rejected, Reply
from tests.protocols.recorded import recorded

HAN = {"id_number": "362623190205121932", "name": "韩山福"}
LIN = {"id_number": "362623190008226786", "name": "林美梅"}
PATHS = {
    "query_account": "/gjj/api/account",
    "query_records": "/gjj/api/records",
    "estimate_withdrawal": "/gjj/api/withdrawal-estimate",
}


def ask(sample: str, who: dict[str, str], **more: object) -> Reply:
    operation = sample.split(".")[0]
    with recorded("housing_fund", {PATHS[operation]: sample}, "application/json") as adapter:
        return adapter.call(Call(operation, {**who, **more}, time.monotonic() + 3))


def test_account() -> None:
    assert ask("query_account.ok.json", HAN).fields == {
        **HAN,
        "account_no": "360423519423",
        "employer": "示范县第30单位（虚构）",
        "monthly_fen": 284317,
        "balance_fen": 29284651,
        "status": "normal",
        "opened_on": "2009-03-03",
    }


@pytest.mark.parametrize(("sample", "amounts"), [("none", []), ("one", [25708]), ("two", [25708, 62634])])
def test_records(sample: str, amounts: list[int]) -> None:
    records = ask(f"query_records.{sample}.json", HAN).fields["records"]
    assert [row["amount_fen"] for row in records] == amounts


def test_an_estimate() -> None:
    assert ask("estimate_withdrawal.ok.json", HAN, amount=120_050).fields == {
        **HAN,
        "amount_fen": 120_050,
        "possible": True,
        "most_fen": 26_356_185,
        "working_days": 3,
    }


@pytest.mark.parametrize(
    ("sample", "who", "kind", "code"),
    [
        ("query_account.not_found.json", HAN, Rejected, "DEPARTMENT_REJECTED"),
        ("query_account.wrong_signature.json", HAN, Denied, "DEPARTMENT_DENIED"),
        ("query_account.ok.json", LIN, Garbled, "UPSTREAM_SUBJECT_MISMATCH"),
    ],
)
def test_refusals(sample: str, who: dict[str, str], kind: type[PortError], code: str) -> None:
    with pytest.raises(kind) as caught:
        ask(sample, who)
    assert caught.value.code == code

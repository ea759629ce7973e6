"""Recorded pages of the social security system in, Reply or port error out."""

import time
from typing import Any

import pytest

from hub.port import Call, Garbled, PortError, Rejected, Reply
from tests.protocols.recorded import recorded

HAN = {"id_number": "362623190205121932", "name": "韩山福"}
CAI = {"id_number": "362623191610232833", "name": "蔡安"}
ANSWERS = {"query_contributions": "/contributions/list.do", "query_pension": "/pension/view.do"}


def ask(operation: str, sample: str, fields: dict[str, Any]) -> Reply:
    pages = {"/login.do": "login.ok.html", "/pension/query.jsp": "pension.form.html", ANSWERS[operation]: sample}
    with recorded("social_security", pages, "text/html") as adapter:
        return adapter.call(Call(operation, fields, time.monotonic() + 3))


@pytest.mark.parametrize(("sample", "count"), [("none", 0), ("one", 1), ("two", 2)])
def test_contributions(sample: str, count: int) -> None:
    rows = ask("query_contributions", f"query_contributions.{sample}.html", {**HAN, "year": 2024}).fields[
        "contributions"
    ]
    assert len(rows) == count
    assert not rows or rows[0] == {
        "month": "2024-01",
        "insurance": "pension",
        "base_fen": 1185729,
        "employer_fen": 189716,
        "personal_fen": 94858,
        "status": "arrived",
    }


def test_pension() -> None:
    assert ask("query_pension", "query_pension.paid.html", HAN).fields == {
        **HAN,
        "status": "paid",
        "monthly_fen": 594278,
        "since_month": "1998-03",
        "certified_until": "2026-09-15",
    }


def test_no_pension() -> None:
    fields = ask("query_pension", "query_pension.none.html", CAI).fields
    assert (fields["status"], fields["monthly_fen"], fields["since_month"]) == ("none", None, None)


@pytest.mark.parametrize(
    ("sample", "kind", "code"),
    [
        ("query_contributions.not_found.html", Rejected, "DEPARTMENT_REJECTED"),
        ("lost.html", Garbled, "UPSTREAM_SESSION"),
        ("query_pension.paid.html", Garbled, "UPSTREAM_MALFORMED"),  # another page
        ("pension.form.html", Garbled, "UPSTREAM_MALFORMED"),
    ],
)
def test_refusals(sample: str, kind: type[PortError], code: str) -> None:
    with pytest.raises(kind) as caught:
        ask("query_contributions", sample, HAN)
    assert caught.value.code == code

"""Recorded answers of the health commission in, Reply or port error out."""

import time

import pytest

from hub.port import Call, Denied, Garbled, PortError, Rejected, Reply
from tests.protocols.recorded import recorded

HAN = {"id_number": "362623190205121932", "name": "韩山福"}
LIN = {"id_number": "362623190008226786", "name": "林美梅"}


def ask(sample: str, who: dict[str, str]) -> Reply:
    with recorded("health_commission", {"/epidemic/v1/status": sample}, "application/json") as adapter:
        return adapter.call(Call("query_status", who, time.monotonic() + 3))


def test_somebody_who_was_never_entered() -> None:
    assert ask("query_status.none.json", HAN).fields == {**HAN, "status": "none", "since": None}


def test_a_close_contact() -> None:
    assert ask("query_status.ok.json", HAN).fields == {**HAN, "status": "close_contact", "since": "2026-01-04"}


@pytest.mark.parametrize(
    ("sample", "who", "kind", "code"),
    [
        ("query_status.not_found.json", HAN, Rejected, "DEPARTMENT_REJECTED"),
        ("query_status.wrong_signature.json", HAN, Denied, "DEPARTMENT_DENIED"),
        ("query_status.ok.json", LIN, Garbled, "UPSTREAM_SUBJECT_MISMATCH"),
    ],
)
def test_refusals(sample: str, who: dict[str, str], kind: type[PortError], code: str) -> None:
    with pytest.raises(kind) as caught:
        ask(sample, who)
    assert caught.value.code == code

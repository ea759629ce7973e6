"""Recorded pages of the civil affairs system in, Reply or port error out."""

import time
from typing import Any

import pytest

from hub.port import Call, Denied, Garbled, PortError, Rejected, Reply, Unavailable
from tests.protocols.recorded import recorded

HAN = {"id_number": "362623190205121932", "name": "韩山福"}
WANG = {"id_number": "362623191112033970", "name": "王新涛"}
LIN = {"id_number": "362623190008226786", "name": "林美梅"}
PAGES = {
    "/login.do": "login.ok.html",
    "/person/select.do": "select.ok.html",
    "/assistance/apply.jsp": "apply.form.html",
}
ON_FILE = "/assistance/applications.do"
ANSWERS = {
    "query_marriage": "/marriage/view.do",
    "query_assistance": "/assistance/list.do",
    "query_support_roster": "/support/roster.do",
    "file_assistance_application": "/assistance/apply.do",
}


def ask(sample: str, fields: dict[str, Any], **other: str) -> Reply:
    """`other` names the pages that are answered otherwise, by the last part of their path."""
    operation = sample.split(".")[0]
    answers = {**PAGES, ON_FILE: other.pop("applications", ""), ANSWERS[operation]: sample}
    answers |= {path: other[name] for path in answers if (name := path.split("/")[-1].split(".")[0]) in other}
    answers = {path: name for path, name in answers.items() if name}
    with recorded("civil_affairs", answers, "text/html") as adapter:
        return adapter.call(Call(operation, fields, time.monotonic() + 3))


def test_married() -> None:
    assert ask("query_marriage.married.html", HAN).fields == {
        **HAN,
        "status": "married",
        "spouse_name": "林美梅",
        "spouse_id_number": LIN["id_number"],
        "registered_on": "1924-04-15",
        "authority": "示范县民政局婚姻登记处",
    }


def test_single() -> None:
    fields = ask("query_marriage.single.html", WANG).fields
    assert (fields["status"], fields["spouse_name"], fields["registered_on"]) == ("single", None, None)


@pytest.mark.parametrize(
    ("sample", "who", "amounts"), [("none", WANG, []), ("one", LIN, [59598]), ("two", HAN, [35085, 82647])]
)
def test_assistance(sample: str, who: dict[str, str], amounts: list[int]) -> None:
    payments = ask(f"query_assistance.{sample}.html", who).fields["payments"]
    assert [row["amount_fen"] for row in payments] == amounts
    assert not payments or payments[0]["month"] == "2025-01"


def test_a_roster_is_a_list_of_people() -> None:
    asked = {"town_code": "360423001", "month": "2026-10"}
    assert ask("query_support_roster.none.html", asked).fields == {"town_code": "360423001", "recipients": []}
    rows = ask("query_support_roster.two.html", asked).fields["recipients"]
    assert [row["id_number"] for row in rows] == [HAN["id_number"], LIN["id_number"]]
    assert (rows[0]["amount_fen"], rows[0]["month"]) == (81250, "2026-10")


def test_filing_is_seen_on_file_afterwards() -> None:
    """The recorded list does not change, so the filing is found there before it is sent: its number comes back."""
    wish = {**HAN, "kind": "temporary", "reason": "房屋受损"}
    on_file = "query_assistance_applications.one.html"
    reply = ask("file_assistance_application.ok.html", wish, applications=on_file)
    assert (reply.receipt, reply.done) == ("MZ360423000001", True)


def test_filing_that_is_not_on_file_yet() -> None:
    wish = {**HAN, "kind": "temporary", "reason": "房屋受损"}
    on_file = "query_assistance_applications.none.html"
    reply = ask("file_assistance_application.ok.html", wish, applications=on_file)
    assert (reply.receipt, reply.done) == ("MZ360423000001", False)


@pytest.mark.parametrize(
    ("pages", "kind", "code"),
    [
        ({"select": "select.not_found.html"}, Rejected, "DEPARTMENT_REJECTED"),
        ({"view": "lost.html"}, Garbled, "UPSTREAM_SESSION"),
        ({"view": "maintenance.html"}, Unavailable, "DEPARTMENT_UNAVAILABLE"),
        ({"login": "login.refused.html"}, Denied, "DEPARTMENT_DENIED"),
        ({"view": "query_marriage.single.html"}, Garbled, "UPSTREAM_SUBJECT_MISMATCH"),
        ({"view": "select.ok.html"}, Garbled, "UPSTREAM_MALFORMED"),
    ],
)
def test_refusals(pages: dict[str, str], kind: type[PortError], code: str) -> None:
    with pytest.raises(kind) as caught:
        ask("query_marriage.married.html", HAN, **pages)
    assert caught.value.code == code

"""Shared data in use over HTTP and real twins: default deny, cut to the right, no leaf no data (K3, threats of section
3), each refused use on record."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cbor2
import pytest
import requests
import yaml
from sqlalchemy import text

from hub.ledger.receipts import signer_of
from hub.sharing.requests import Wanted
from tests.credentials.conftest import HAN, Person
from tests.sharing.conftest import BASIS, MARRIAGE, PURPOSE, Table
from tests.tracing.orders import in_force

SHIPPED = Path(__file__).parents[2] / "config/sharing.yaml"
SOURCES = list(yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["sources"])
LISTS = {"360423-007003": {"town_code": "360423001", "paid_month": "2026-10"}}  # asked about a thing, many people

SUBJECT = {"id_number": HAN.id_number, "name": HAN.name}
CASE = "360423202611250000017"


def use(table: Table, purpose: str, resource: str = MARRIAGE, who: Person | None = None, **more: Any) -> Any:
    body = {"subject": SUBJECT, "purpose": purpose, **more}
    return (who or table.education).post(f"/data/resources/{resource}/queries", body)


def read(table: Table, query: str, **named: Any) -> Any:
    with table.room.hub.database.read() as connection:
        return connection.execute(text(query), named).all()


def execute(table: Table, statement: str, **named: Any) -> None:
    with table.room.hub.database.session() as session:
        session.execute(text(statement), named)


def recorded(table: Table, code: str) -> int:
    """Uses that ended so, by the room's own record."""
    return len(read(table, "SELECT 1 FROM exchange_use WHERE outcome = :code", code=code))


def steps(table: Table, exchange_id: str) -> list[str]:
    """What evidence there is of one exchange."""
    found = read(table, "SELECT step FROM ledger_entry WHERE exchange_id = :id ORDER BY at", id=exchange_id)
    return [each.step for each in found]


def asks(table: Table, trace_id: str) -> int:
    """How often a department was asked in one trace, once the record of it is written."""
    query = "SELECT 1 FROM ledger_exchange WHERE trace_id = :id AND operation = 'query_marriage'"
    return len(read(table, query, id=trace_id))


@contextmanager
def locked(table: Table, name: str) -> Iterator[None]:
    """Somebody holds a table for himself."""
    with table.room.hub.database.engine.connect() as connection, connection.begin():
        connection.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
        yield


def test_feat_K3_the_answer_has_the_granted_fields_alone(table: Table) -> None:
    right = table.granted("name", "marital_status")
    told = use(table, right["purpose"])
    assert told.status_code == 200, told.text
    assert [set(row) for row in told.json["rows"]] == [{"name", "marital_status"}]
    assert told.json["rows"][0]["name"] == HAN.name and told.headers["X-Origin"] == "department:civil_affairs"
    one = use(table, right["purpose"], fields=["marital_status"])
    assert [set(row) for row in one.json["rows"]] == [{"marital_status"}]
    entry = table.education.get(f"/ledger/entries/{one.json['exchange_id']}").json
    assert entry["statement"]["fields"] == ["marital_status"], "what was used of the right, not all of it"


def test_feat_K4_the_platforms_receipt_verifies_with_its_public_key_alone(table: Table) -> None:
    receipts = use(table, table.granted("name")["purpose"]).json["receipts"]
    signer = table.room.hub.ledger.signer
    leaf, receipt = (base64.b64decode(receipts[name]) for name in ("leaf", "platform"))
    assert signer_of(receipt, leaf, {signer.name: signer.public}) == signer.name
    assert cbor2.loads(leaf)[1] == "DELIVERED" and receipts["level"] == "E1"
    with pytest.raises(ValueError):
        signer_of(receipt, leaf + b"x", {signer.name: signer.public})


def test_feat_K3_nothing_besides_the_right_and_each_try_is_on_record(table: Table) -> None:
    purpose = table.granted("name", "marital_status")["purpose"]
    tries = {
        "GRANT_PURPOSE": lambda: use(table, "催收欠款"),
        "GRANT_FIELD": lambda: use(table, purpose, fields=["name", "spouse_id"]),
        "GRANT_MISSING": lambda: use(table, purpose, who=table.county),
    }
    for code, act in tries.items():
        before = recorded(table, code)
        told = act()
        assert (told.status_code, told.json["code"]) == (403, code)
        assert recorded(table, code) == before + 1
    found = read(table, "SELECT outcome FROM operations_act WHERE act = 'data.query'")
    assert set(tries) <= {each.outcome for each in found}


def test_feat_K3_another_officer_of_the_same_office_has_no_right(table: Table) -> None:
    purpose = table.granted("name")["purpose"]
    hub = table.room.hub
    with hub.database.session() as session:
        fresh, hashed = hub.accounts.made()
        account = hub.accounts.create(session, "colleague", "data_officer", fresh, hashed, office="education")
        standing = hub.identity.standing(session, "staff", account.staff_id)
        assert standing
        token = hub.login._sessions.begin(session, "staff", account.staff_id, standing).access_token
    told = use(table, purpose, who=Person(table.room.client, token))
    assert (told.status_code, told.json["code"]) == (403, "GRANT_OFFICER")


def test_feat_K3_one_day_late(table: Table) -> None:
    right = table.granted("name", days=1)
    assert use(table, right["purpose"]).status_code == 200
    execute(table, "UPDATE sharing_grant SET valid_until = valid_until - interval '1 day' WHERE request_id = :id",
            id=right["id"])  # fmt: skip
    told = use(table, right["purpose"])
    assert (told.status_code, told.json["code"]) == (403, "GRANT_EXPIRED")


@pytest.mark.parametrize("named", [{"case_no": CASE}, {"order_no": "2026-17"}], ids=["case", "order"])
def test_feat_K3_threat_T10_sensitive_data_is_for_a_case_or_an_order(table: Table, named: dict[str, str]) -> None:
    purpose = table.granted("name", "spouse_id")["purpose"]
    told = use(table, purpose)
    assert (told.status_code, told.json["code"]) == (403, "CASE_NO_REQUIRED")
    assert use(table, purpose, fields=["name"]).status_code == 200, "the rest of the right is not sensitive"
    if "order_no" in named:
        told = use(table, purpose, **named)
        assert (told.status_code, told.json["code"]) == (403, "ORDER_NOT_CONFIRMED")
        in_force(table.room.hub, named["order_no"], office="education")
    assert use(table, purpose, **named).status_code == 200


def test_threat_T10_whose_data_was_given_is_told_once_a_day_of_each_department(table: Table) -> None:
    def told() -> list[str]:
        items = table.room.citizen(HAN).get("/me/messages?page_size=100").json["items"]
        return [each["text"] for each in items if each["kind"] == "data-read" and "教育" in each["text"]]

    execute(table, "DELETE FROM exchange_use"), execute(table, "DELETE FROM messages_message")
    purpose = table.granted("name", "marital_status")["purpose"]
    assert use(table, purpose, fields=["marital_status"]).status_code == 200
    (text_,) = told()
    assert purpose in text_ and HAN.id_number not in text_
    assert use(table, purpose).status_code == 200
    assert len(told()) == 1


@pytest.mark.parametrize("resource", SOURCES)
def test_feat_K1_every_source_of_the_shipped_systems_answers(table: Table, resource: str) -> None:
    hub = table.room.hub
    source = hub.settings.now.sharing.sources[resource]
    fields = tuple(source.fields)
    with hub.database.session() as session:
        officer = hub.identity.staff(session, "data_officer")
        assert officer
        wanted = Wanted(resource, fields, f"{PURPOSE} {resource}", BASIS, 5)
        asked = hub.sharing.requests.ask(session, "education", officer.staff_id, wanted)
        for office in ("data_bureau", asked.owner):
            done = hub.sharing.requests.decide(session, asked.id, office, "somebody", "approve", "", "")
    assert done.state == "granted"
    subject = LISTS.get(resource) or {name: SUBJECT[name] for name in source.by}
    told = use(table, f"{PURPOSE} {resource}", resource, subject=subject, case_no=CASE)
    assert told.status_code == 200, told.text
    rows = told.json["rows"]
    assert rows or source.rows
    assert all(set(row) == set(fields) for row in rows)
    assert resource in LISTS or {(row["name"], row["id_number"]) for row in rows} <= {(HAN.name, HAN.id_number)}


def test_feat_K1_what_is_only_catalogued_says_so(table: Table) -> None:
    right = table.granted("name", resource="360423-007007")
    told = use(table, right["purpose"], "360423-007007")
    assert (told.status_code, told.json["code"]) == (409, "RESOURCE_WITHOUT_SOURCE")


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("subject.name", {"id_number": HAN.id_number}),
        ("subject.id_number", {"id_number": "362623190205121933", "name": HAN.name}),
        ("subject.plate_no", {**SUBJECT, "plate_no": "x"}),
        ("subject", HAN.id_number),
    ],
    ids=["missing", "wrong", "too much", "no object"],
)
def test_what_is_wrong_in_a_subject_is_named(table: Table, path: str, subject: Any) -> None:
    told = use(table, table.granted("name")["purpose"], subject=subject)
    assert (told.status_code, told.json["errors"][0]["path"]) == (422, path)


def test_feat_K4_that_a_department_failed_is_evidence_too(table: Table) -> None:
    purpose = table.granted("name")["purpose"]
    twin = f"{table.room.twins['civil_affairs']['url']}/twin/toxics"
    requests.put(twin, json={"status": 503}, timeout=5)
    try:
        told = use(table, purpose)
    finally:
        requests.delete(twin, timeout=5)
    assert (told.status_code, told.json["origin"]) == (503, "department:civil_affairs")
    last = read(table, "SELECT exchange_id::text, outcome FROM exchange_use ORDER BY at DESC LIMIT 1")[0]
    assert last.outcome == told.json["code"]
    assert steps(table, last.exchange_id) == ["DECIDED", "FAILED"]


def test_feat_K4_no_leaf_no_data_and_nobody_is_asked(table: Table) -> None:
    """Class 3, and the database takes no evidence: the department hears nothing."""
    purpose = table.granted("marital_status")["purpose"]
    with locked(table, "ledger_entry"):
        told = use(table, purpose)
    assert (told.status_code, told.json["code"]) == (503, "EVIDENCE_UNAVAILABLE")
    healthy = use(table, purpose)
    assert healthy.status_code == 200
    asked = [asks(table, each.headers["X-Trace-Id"]) for each in (healthy, told)]
    assert asked == [1, 0]
    assert steps(table, healthy.json["exchange_id"]) == ["DECIDED", "DELIVERED"]


def test_feat_K4_what_was_not_recorded_as_delivered_is_not_given(table: Table) -> None:
    purpose = table.granted("marital_status")["purpose"]
    execute(
        table,
        """CREATE FUNCTION fell_ill() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '57014'; END $$""",
    )
    execute(
        table,
        """CREATE TRIGGER fell_ill BEFORE INSERT ON ledger_entry FOR EACH ROW
        WHEN (NEW.step = 'DELIVERED') EXECUTE FUNCTION fell_ill()""",
    )
    try:
        told = use(table, purpose)
    finally:
        execute(table, "DROP TRIGGER fell_ill ON ledger_entry")
        execute(table, "DROP FUNCTION fell_ill")
    assert (told.status_code, told.json["code"], "rows" in told.json) == (503, "EVIDENCE_UNAVAILABLE", False)


def test_feat_K3_no_personal_value_stands_in_the_record_of_uses(table: Table) -> None:
    use(table, table.granted("name")["purpose"])
    use(table, HAN.name, case_no=HAN.id_number)
    rows = "\n".join(str(tuple(each)) for each in read(table, "SELECT * FROM exchange_use"))
    assert HAN.id_number not in rows and HAN.name not in rows


def test_feat_K5_the_citizen_reads_which_department_had_which_fields_and_why(table: Table) -> None:
    right = table.granted("name", "marital_status")
    given = use(table, right["purpose"], fields=["marital_status"]).json["exchange_id"]
    lines = table.room.citizen(HAN).get("/me/access-log?page_size=100").json["items"]
    mine = next(each for each in lines if each["exchange_id"] == given)
    assert right["purpose"] in str(mine) and "marital_status" in str(mine) and "education" in str(mine)

"""Files of many shared records (K3, X5): each under the same right and with evidence of its own, marked for who asked,
gone a day later."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from hub.__main__ import main
from hub.exchange import rules
from hub.exchange import table as tables
from hub.ledger.canaries import AREA
from hub.settings.sharing_shapes import Source
from tests.sharing.conftest import MARRIAGE, Table
from tests.sharing.people import PEOPLE, columns
from tests.sharing.test_use import CASE, execute, read, recorded, steps

FIELDS = ("name", "id_number", "marital_status")


def begin(table: Table, purpose: str, subjects: Any = None, **more: Any) -> Any:
    subjects = columns(PEOPLE[:6]) if subjects is None else subjects
    body = {"subjects": subjects, "purpose": purpose, "case_no": CASE, **more}
    return table.education.post(f"/data/resources/{MARRIAGE}/batches", body)


def made(table: Table, purpose: str, **more: Any) -> dict[str, Any]:
    """As the worker makes it."""
    told = begin(table, purpose, **more)
    assert (told.status_code, told.json["status"]) == (202, "waiting"), told.text
    table.room.hub.batches.run(lambda: False, told.json["id"])
    found: dict[str, Any] = table.education.get(f"/data/batches/{told.json['id']}").json
    return found


def rows(table: Table, batch: dict[str, Any]) -> list[dict[str, str]]:
    told = table.education.get(f"/data/batches/{batch['id']}/file")
    assert told.status_code == 200, told.text
    return list(csv.DictReader(io.StringIO(told.text.lstrip("\ufeff"))))


def switch(table: Table, on: bool) -> None:
    hub = table.room.hub
    with hub.database.session() as session:
        hub.switches.change(session, "system", "civil_affairs", {"enabled": on}, "test", "t")
    hub.switches.refresh()


@pytest.fixture(scope="module")
def right(table: Table) -> str:
    purpose: str = table.granted(*FIELDS)["purpose"]
    return purpose


@pytest.fixture(scope="module")
def batch(table: Table, right: str) -> dict[str, Any]:
    return made(table, right)


def test_feat_K3_a_file_has_everybody_asked_for_and_the_granted_fields(table: Table, batch: dict[str, Any]) -> None:
    assert (batch["status"], batch["given"], batch["failed"]) == ("done", 6, [])
    found = rows(table, batch)
    assert list(found[0]) == [*FIELDS, "exchange_id"]
    real = [row for row in found if not row["id_number"].startswith(AREA)]
    assert [row["id_number"] for row in real] == [each["id_number"] for each in PEOPLE[:6]]
    assert all(steps(table, row["exchange_id"]) == ["DECIDED", "DELIVERED"] for row in found)


def test_feat_X5_the_marks_of_a_file_are_in_no_other_answer(table: Table, batch: dict[str, Any], right: str) -> None:
    mark, *others = [row for row in rows(table, batch) if row["id_number"].startswith(AREA)]
    assert not others and mark["name"] and mark["marital_status"]
    again = rows(table, made(table, right))
    assert not [
        row for row in again if row["id_number"] == mark["id_number"] or row["exchange_id"] == mark["exchange_id"]
    ]
    sealed = read(table, "SELECT sealed FROM ledger_canary")
    assert all(mark["id_number"].encode() not in bytes(each.sealed) for each in sealed)
    entry = table.education.get(f"/ledger/entries/{mark['exchange_id']}").json
    real = next(row for row in rows(table, batch) if not row["id_number"].startswith(AREA))
    like = table.education.get(f"/ledger/entries/{real['exchange_id']}").json
    same = set(like["statement"]) - {"exchange_id", "at", "subject_tag", "req_digest"}
    assert {name: entry["statement"][name] for name in same} == {name: like["statement"][name] for name in same}
    assert like["statement"]["op"] == "BULK"


def test_feat_X4_feat_X5_a_leaked_file_names_its_officer(
    table: Table, batch: dict[str, Any], hub_home: Path, tmp_path: Path
) -> None:
    leaked = tmp_path / "leaked.csv"
    leaked.write_text(table.education.get(f"/data/batches/{batch['id']}/file").text, encoding="utf-8")
    environ = {**os.environ, "HUB_HOME": str(hub_home), "HUB_DATABASE_URL": table.room.hub.database.url,
               "HUB_REDIS_URL": table.redis, **table.room.twins.environ}  # fmt: skip
    told = CliRunner().invoke(main, ["leak", "trace", str(leaked), "--json"], env=environ)
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [(each["user"], each["file"]) for each in found["canaries"]] == [("education", batch["id"])]
    assert found["canaries"][0]["officer"].startswith("education/") and found["takers"][0]["user"] == "education"


def test_feat_X4_the_number_of_an_exchange_names_its_taker(table: Table, batch: dict[str, Any]) -> None:
    """Whoever cut everything else away, and whoever also had the person."""
    row = rows(table, batch)[0]
    for values in ([row["exchange_id"]], [row["exchange_id"], PEOPLE[30]["id_number"]]):
        found = table.room.of("auditor").post("/ledger/investigations", {"values": values}).json
        assert [each["exchange_id"] for each in found["exchanges"]] == [row["exchange_id"]]


@pytest.mark.parametrize(
    ("code", "more"),
    [("GRANT_PURPOSE", {"purpose": "催收欠款"}), ("GRANT_FIELD", {"fields": ["name", "spouse_id"]})],
    ids=["purpose", "field"],
)
def test_feat_K3_a_file_needs_the_right_for_it(table: Table, right: str, code: str, more: dict[str, Any]) -> None:
    before = recorded(table, code)
    told = begin(table, **{"purpose": right, **more})
    assert (told.status_code, told.json["code"]) == (403, code) and recorded(table, code) == before + 1


def test_threat_T10_a_file_of_sensitive_data_is_for_a_case(table: Table) -> None:
    purpose = table.granted("name", "spouse_id")["purpose"]
    told = begin(table, purpose, case_no="")
    assert (told.status_code, told.json["code"]) == (403, "CASE_NO_REQUIRED")
    assert begin(table, purpose).status_code == 202


def test_feat_K3_a_right_that_ends_ends_the_making_and_the_fetching(table: Table) -> None:
    right = table.granted(*FIELDS)
    whole, told = made(table, right["purpose"]), begin(table, right["purpose"])
    execute(table, "UPDATE sharing_grant SET revoked_at = now() WHERE request_id = :id", id=right["id"])
    table.room.hub.batches.run(lambda: False, told.json["id"])
    found = table.education.get(f"/data/batches/{told.json['id']}").json
    assert (found["status"], found["code"], len(found["failed"])) == ("failed", "GRANT_EXPIRED", 1)
    assert table.education.get(f"/data/batches/{told.json['id']}/file").json["code"] == "STATE_CONFLICT"
    assert table.education.get(f"/data/batches/{whole['id']}/file").json["code"] == "GRANT_EXPIRED"


def test_a_file_is_for_who_asked_for_it_alone(table: Table, batch: dict[str, Any]) -> None:
    for who in (table.owner, table.platform):
        for path in (batch["id"], f"{batch['id']}/file", "x"):
            assert who.get(f"/data/batches/{path}").status_code == 404


def test_nothing_of_a_file_is_kept_readable_or_for_longer_than_a_day(table: Table, right: str) -> None:
    batch = made(table, right)
    kept = read(table, "SELECT * FROM exchange_batch WHERE id = :id", id=UUID(batch["id"]))[0]
    assert kept.asked_sealed is None and PEOPLE[0]["name"] not in str(tuple(kept))
    assert PEOPLE[0]["id_number"].encode() not in bytes(kept.file_sealed)
    execute(table, "UPDATE exchange_batch SET expires_at = now() WHERE id = :id", id=UUID(batch["id"]))
    assert table.education.get(f"/data/batches/{batch['id']}/file").json["code"] == "NOT_FOUND"
    with table.room.hub.database.session() as session:
        table.room.hub.batches.sweep(session)
    assert read(table, "SELECT file_sealed FROM exchange_batch WHERE id = :id", id=UUID(batch["id"])) == [(None,)]


def test_of_whom_nothing_was_given_is_told_and_a_department_that_is_away_ends_it(table: Table, right: str) -> None:
    unknown = {"id_number": PEOPLE[0]["id_number"], "name": "查无此人"}
    batch = made(table, right, subjects=columns([PEOPLE[0], unknown, PEOPLE[1]]))
    assert batch["status"] == "done" and [each["place"] for each in batch["failed"]] == [1]
    switch(table, False)
    try:
        away = made(table, right, subjects=columns(PEOPLE[:12]))
    finally:
        switch(table, True)
    assert away["status"] == "failed" and away["code"] == away["failed"][-1]["code"] and len(away["failed"]) == 5


@pytest.mark.parametrize(
    ("path", "subjects"),
    [
        ("subjects", {}),
        ("subjects", {"id_number": PEOPLE[0]["id_number"]}),
        ("subjects", {"id_number": [], "name": []}),
        ("subjects", {"id_number": [PEOPLE[0]["id_number"]], "name": []}),
        ("subjects", {"id_number": [PEOPLE[0]["id_number"]] * 501, "name": ["x"] * 501}),
        ("subjects.1.id_number", {"id_number": [PEOPLE[0]["id_number"], "1"], "name": ["一", "二"]}),
        ("subjects.0.name", {"id_number": [PEOPLE[0]["id_number"]]}),
        ("subjects.0.name", {"id_number": [PEOPLE[0]["id_number"]], "name": [{}]}),
        ("subjects.0.plate_no", {**columns(PEOPLE[:1]), "plate_no": ["x"]}),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_list_is_named(table: Table, right: str, path: str, subjects: Any) -> None:
    told = begin(table, right, subjects)
    assert (told.status_code, told.json["errors"][0]["path"]) == (422, path), told.text


def test_only_rows_that_say_whose_they_are_are_a_list_of_people() -> None:
    source = Source("s", "q", ("credit_code",), {"id_number": "sfzh", "post": "post"}, "staff")
    assert rules.names_people({"staff": [{"sfzh": "1"}, {"sfzh": "2"}]}, source)
    assert not rules.names_people({"staff": [{"post": "1"}], "sfzh": "1"}, source), "one person, told beside"
    assert not rules.names_people({"staff": []}, source)
    assert [rules.marks(count) for count in (4, 5, 60, 500)] == [0, 1, 6, 20]


def test_row_B57_no_cell_of_a_file_is_a_formula() -> None:
    told = tables.written(["name"], [["=cmd|' /C calc'!A0"], ["@x"], ["韩山福"], [None]])
    assert [row[:1] for row in csv.reader(io.StringIO(told[1:]))][1:] == [
        ["'=cmd|' /C calc'!A0"],
        ["'@x"],
        ["韩山福"],
        [""],
    ]

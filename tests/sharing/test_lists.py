"""A list of people, as a shipped system answers it: the taker's own canary is among them, and a copy that got out names
the taker (X5)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters.twins.residents import county
from hub.__main__ import main
from hub.ledger.canaries import AREA
from tests.credentials.conftest import Person
from tests.sharing.conftest import BASIS, PURPOSE, Table
from tests.sharing.test_use import CASE, LISTS, execute, read, steps

((ROSTER, ABOUT),) = LISTS.items()
FIELDS = ("name", "id_number", "residence_address", "paid_amount_fen", "paid_month")
TOWN = {each.id_number: each.name for each in county().residents.values() if each.town_code == ABOUT["town_code"]}


def asked(who: Person, *fields: str) -> dict[str, Any]:
    body = {"subject": ABOUT, "purpose": PURPOSE, "case_no": CASE, "fields": fields or FIELDS}
    told = who.post(f"/data/resources/{ROSTER}/queries", body)
    assert told.status_code == 200, told.text
    found: dict[str, Any] = told.json
    return found


def marks(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["id_number"].startswith(AREA)]


@pytest.fixture(scope="module")
def takers(table: Table) -> list[Person]:
    """Education, and the county's office."""
    for who in (table.education, table.county):
        body = {"resource": ROSTER, "fields": FIELDS, "basis": BASIS, "days": 30, "purpose": PURPOSE}
        id = who.post("/data/requests", body).json["id"]
        assert [table.decide(each, id).status_code for each in (table.platform, table.owner)] == [200, 200]
    return [table.education, table.county]


@pytest.fixture(scope="module")
def taken(takers: list[Person]) -> list[dict[str, Any]]:
    return [asked(each) for each in takers]


def test_feat_X5_each_taker_has_a_canary_of_its_own_in_the_list(
    table: Table, takers: list[Person], taken: list[dict[str, Any]]
) -> None:
    own = [marks(each["rows"]) for each in taken]
    assert [len(each) for each in own] == [1, 1]
    for given, (mark,) in zip(taken, own, strict=True):
        real = [row for row in given["rows"] if row is not mark]
        assert len(real) > 5 and all(TOWN[row["id_number"]] == row["name"] for row in real)
        same = ("residence_address", "paid_amount_fen", "paid_month")
        assert [mark[each] for each in same] in [[row[each] for each in same] for row in real], "as one of theirs"
        assert steps(table, given["exchange_id"]) == ["DECIDED", "DELIVERED"]
        entry = "SELECT rows FROM ledger_entry WHERE exchange_id = :id AND step = 'DELIVERED'"
        assert read(table, entry, id=given["exchange_id"])[0].rows == len(given["rows"]), "evidence has it too"
    known = {each["id_number"] for who in takers for _ in range(3) for each in marks(asked(who)["rows"])}
    sealed = read(table, 'SELECT "user", sealed FROM ledger_canary')
    assert {"education", "gov_office"} <= {each.user for each in sealed}
    assert not [number for number in known for each in sealed if number.encode() in bytes(each.sealed)]


def test_feat_X5_feat_X4_a_copy_of_the_list_names_who_took_it(
    table: Table, taken: list[dict[str, Any]], hub_home: Path, tmp_path: Path
) -> None:
    """Five people of it and the canary, as a bureau would be sent them; and the canary alone."""
    environ = {**os.environ, "HUB_HOME": str(hub_home), "HUB_DATABASE_URL": table.room.hub.database.url,
               "HUB_REDIS_URL": table.redis, **table.room.twins.environ}  # fmt: skip
    for taker, given in zip(("education", "gov_office"), taken, strict=True):
        (mark,) = marks(given["rows"])
        found = table.room.of("auditor").post("/ledger/investigations", {"values": [mark["id_number"]]}).json
        assert [(each["user"], each["file"]) for each in found["canaries"]] == [(taker, "")]
        assert given["exchange_id"] in [each["exchange_id"] for each in found["exchanges"]]
        assert found["takers"][0]["user"] == taker
    leaked, (mark,) = tmp_path / "leaked.csv", marks(taken[0]["rows"])
    some = [*[row for row in taken[0]["rows"] if row is not mark][:5], mark]
    leaked.write_text("\n".join(f"{row['name']},{row['id_number']}" for row in some), encoding="utf-8")
    told = CliRunner().invoke(main, ["leak", "trace", str(leaked), "--json"], env=environ)
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [each["user"] for each in found["canaries"]] == ["education"]
    assert found["takers"][0]["user"] == "education"
    names = {each["user"] for each in found["takers"]}
    assert "gov_office" in names, "who took the same people is told too: the canary is the difference"


def test_feat_X5_without_numbers_there_is_nothing_to_know_a_canary_by(takers: list[Person]) -> None:
    rows = asked(takers[0], "name", "paid_month")["rows"]
    whole = asked(takers[0])["rows"]
    assert len(rows) == len(whole) - 1 and {row["name"] for row in rows} <= set(TOWN.values())


def test_feat_X5_the_canaries_of_last_quarter_stand_in_no_list(table: Table, takers: list[Person]) -> None:
    """New ones each quarter: those of the last stand in no list any more."""
    old = {each["id_number"] for each in marks(asked(takers[0])["rows"])}
    execute(table, "UPDATE ledger_canary SET made_at = made_at - interval '93 days'")
    new = {each["id_number"] for each in marks(asked(takers[0])["rows"])}
    assert old and new and not old & new

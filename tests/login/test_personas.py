"""The demo's people: residents of the county, known to the hub at their level, and staff of each role."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import yaml

from hub.demo.personas import ACCOUNTS, PERSONAS, ROLES, make_staff, seed
from hub.fields import IdNumber, Phone
from hub.main import Hub
from tests.county import ROOT
from tests.login.room import everything


def test_personas_are_residents() -> None:
    with (ROOT / "adapters/twins/county/residents.csv").open(encoding="utf-8", newline="") as lines:
        residents = {row["id_number"]: row for row in csv.DictReader(lines)}
    for persona in PERSONAS:
        row = residents[persona.id_number]
        assert (row["name"], row["openid"], row["town_code"]) == (persona.name, persona.openid, persona.region)
        assert IdNumber().accept(persona.id_number) and Phone().accept(persona.phone) == persona.phone
    assert [residents[persona.id_number]["resident_no"] for persona in PERSONAS[:2]] == ["R0001", "R0002"]
    assert {persona.level for persona in PERSONAS} == {0, 1, 2}
    assert any("䶮" in persona.name for persona in PERSONAS) and any("·" in persona.name for persona in PERSONAS)
    assert len({persona.phone for persona in PERSONAS}) == len(PERSONAS)


def test_there_is_an_account_of_each_role() -> None:
    roles = yaml.safe_load((ROOT / "config/roles.yaml").read_text(encoding="utf-8"))
    assert {*ROLES, "gate_verifier"} == set(roles)  # whose accounts a shift opens and ends


def test_staff_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    made = make_staff(tmp_path)
    assert [member.role for member in made] == list(ACCOUNTS.values())
    assert len({member.password for member in made}) == len(ACCOUNTS)
    assert make_staff(tmp_path) == made
    assert (tmp_path / "staff.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["staff.json"]


def test_seeding_twice_changes_nothing_and_a_later_level_stays(hub: Hub) -> None:
    seed(hub)
    with hub.database.session() as session:
        citizen_id = hub.login.citizen_of(session, PERSONAS[0].openid)
        assert citizen_id is not None
        registered = hub.identity.registered(session, citizen_id)
        session.connection().exec_driver_sql(
            "UPDATE identity_person SET level = 3 WHERE citizen_id = %s", (citizen_id,)
        )
    assert registered is not None and (registered.id_number, registered.name) == (PERSONAS[0].id_number, "韩山福")
    before = everything(hub.database.engine.url.render_as_string(hide_password=False))
    seed(hub)
    assert everything(hub.database.engine.url.render_as_string(hide_password=False)) == before


def test_lost_staff_secrets_are_made_again_and_hold(hub: Hub) -> None:
    seed(hub)
    path = hub.home / "secrets/staff.json"
    old = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    new = seed(hub)
    assert new[0].password != old[0]["password"]
    with hub.database.session() as session:
        staff = hub.identity.staff(session, "operator")
    assert staff is not None and hub.identity.passwords.matches(staff.password_hash, new[0].password)

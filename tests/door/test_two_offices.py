"""Every route of staff × every role of another office × every id: what an office has is nobody else's (security T1).

Generated from the OpenAPI document: a route of staff with an id in it, of which there is no thing in offices.py, fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from blueprints.app import create_app
from hub.main import Hub
from tests.door.offices import HAN, OTHER_TOWN, TOWN, WORD, Offices, Thing
from tests.door.test_two_users import operations

REFUSED = (403, 404)
NOBODY = "gate_verifier"  # may scan codes, and nothing that has an id
STRANGERS = (("officer", "water"), ("order_officer", "water"), ("data_officer", "water"), ("officer", OTHER_TOWN),
             ("community_clerk", OTHER_TOWN))  # fmt: skip
NOT_NOW = ("SECOND_PERSON_REQUIRED", "PROOF_PENDING")  # only said of what is there and one's own


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    body: Any
    thing: Thing

    @property
    def place(self) -> str:
        place = self.path
        for name, id in self.thing.ids.items():
            place = place.replace(f"{{{name}}}", id)
        return place


@dataclass
class Building:
    """The app, its staff, and the routes of staff with an id in them."""

    hub: Hub
    client: FlaskClient
    offices: Offices
    things: Mapping[str, Thing]

    def ask(self, route: Route, role: str, office: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.offices.account(role, office)[1]}"}
        return self.client.open(route.place, method=route.method, json=route.body, headers=headers)

    def routes(self) -> Iterator[Route]:
        """Whatever tells a citizen that it is for staff; what is taken away comes last."""
        document = self.client.get("/openapi.json").get_json()
        (citizen, _), tokens = self.offices.person("韩丙"), self.hub.login._sessions
        with self.hub.database.session() as session:
            standing = self.hub.identity.standing(session, "citizen", citizen)
            assert standing
            bearer = tokens.begin(session, "citizen", citizen, standing).access_token
        for method, path, ids, body in sorted(operations(document), key=lambda each: each[0] == "DELETE"):
            if not ids:
                continue
            place, headers = path.replace("{", "").replace("}", ""), {"Authorization": f"Bearer {bearer}"}
            told = self.client.open(place, method=method, json=body, headers=headers)
            if (told.status_code, (told.json or {}).get("code")) == (403, "ROLE_REQUIRED"):
                thing = self.thing(method, path)
                assert set(ids) <= set(thing.ids), f"{method} {path}: no object of this kind in offices.py"
                yield Route(method, path, {**body, **thing.body} if body is not None else None, thing)

    def thing(self, method: str, path: str) -> Thing:
        fitting = [name for name in self.things if f"{method} {path}".startswith(name) or path.startswith(name)]
        assert fitting, f"{method} {path}: no object of this kind in offices.py"
        return self.things[max(fitting, key=lambda name: (len(name.rpartition(" ")[2]), len(name)))]


@pytest.fixture(scope="module")
def building(
    hub_home: Path, hub_environ: dict[str, str], make_database: Callable[[], str]
) -> Iterator[Building]:
    """Of its own: each thing's owner changes it, and no other test expects that."""
    hub = Hub.open(hub_home, {**os.environ, **hub_environ, "HUB_DATABASE_URL": make_database()})
    hub.exchanges.start()  # a look by order is on record before it is answered
    offices = Offices(hub)
    yield Building(hub, create_app(hub).test_client(), offices, offices.things())
    hub.close()


@pytest.fixture(scope="module")
def routes(building: Building) -> list[Route]:
    return list(building.routes())


def leaks(told: TestResponse) -> bool:
    said = told.get_data()
    return any(secret.encode() in said for secret in (WORD, WORD.encode("unicode_escape").decode(), HAN.id_number))


def test_threat_T1_every_route_of_staff_every_role_of_another_office_every_id(
    building: Building, routes: list[Route]
) -> None:
    roles, unknown, wrong = building.hub.settings.now.roles, 0, []
    for route in routes:
        thing = route.thing
        others = [role for role, may in roles.items() if thing.may not in may and role not in thing.besides]
        for role, office in [*((role, thing.stranger) for role in others), (NOBODY, thing.office)]:
            told = building.ask(route, role, office)
            unknown += told.status_code == 404
            if told.status_code not in REFUSED or leaks(told):
                wrong.append((route.method, route.path, role, office, told.status_code, told.text))
    assert not wrong
    assert len(routes) >= 70 and unknown >= 40, "asked with the right to it, and of another office"


@pytest.mark.parametrize("mine", [False, True], ids=["another's", "one's own"])
def test_threat_T1_no_list_shows_what_another_office_has(building: Building, mine: bool) -> None:
    """Lists have no id in their path; those of the county's things are for everybody who may read them."""
    county = [name.rpartition(" ")[2] for name, thing in building.things.items() if thing.may]
    staff = [("officer", "economy"), ("officer", "housing_fund"), ("community_clerk", TOWN)] if mine else STRANGERS
    shown = set()
    for method, path, ids, _ in operations(building.client.get("/openapi.json").get_json()):
        if method != "GET" or ids or path.startswith("/ops/") or any(each.startswith(f"{path}/") for each in county):
            continue
        for role, office in staff:
            headers = {"Authorization": f"Bearer {building.offices.account(role, office)[1]}"}
            with building.client.get(path, headers=headers) as told:
                if told.mimetype != "text/event-stream" and leaks(told):  # that one never ends, and has numbers only
                    shown.add(path)
    expected = {f"/api/v1/desk/{each}" for each in ("appeals", "tasks", "orders")} if mine else set()
    assert shown >= expected if mine else not shown, shown


def test_whose_they_are_gets_at_all_of_them(building: Building, routes: list[Route]) -> None:
    """So each refusal above was of a thing that is there; and what was looked for in them is what the owner reads."""
    shown, wrong, roles = 0, [], building.hub.settings.now.roles
    for route in routes:
        thing = route.thing
        role = thing.role or next(name for name, may in roles.items() if thing.may in may)
        told = building.ask(route, role, thing.office)
        refused = told.status_code in REFUSED or told.status_code >= 500
        if refused and told.json["code"] not in NOT_NOW:
            wrong.append((route.method, route.path, role, told.status_code, told.text))
        shown += leaks(told)
    assert wrong == [] and shown >= 20


def test_a_desk_is_offered_the_licences_it_issues(building: Building) -> None:
    def offered(office: str) -> set[str]:
        headers = {"Authorization": f"Bearer {building.offices.account('officer', office)[1]}"}
        answer = building.client.get("/api/v1/desk/credentials/types", headers=headers)
        return {each["id"] for each in answer.get_json()["items"]}

    kinds = {id: each.department for id, each in building.hub.settings.now.licences.items() if not each.system}
    assert offered("water") == set()
    theirs = {id for id, department in kinds.items() if department == "civil_affairs"}
    assert offered("civil_affairs") == theirs != set()

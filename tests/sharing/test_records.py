"""S15: one person in three systems under three spellings; one record over departments, conflicts shown, doubts decided
by a person, and nothing kept of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher
from sqlalchemy import text

from adapters.twins.wire import Server
from blueprints.app import create_app
from hub.demo import personas
from hub.main import Hub
from hub.sharing.requests import Wanted
from tests.canary import Canary, memory, tables
from tests.conftest import Twins
from tests.credentials.conftest import Person, Room
from tests.sharing import chimneys
from tests.sharing.chimneys import ADDRESSES, NAME, NUMBER, OLD, RELIEF, RENTAL, RESIDENCE, VACCINATION
from tests.sharing.conftest import BASIS, CLASSES

ALL = (RESIDENCE, RENTAL, VACCINATION, RELIEF)
PURPOSE, CASE = "核验困难学生家庭情况", "360423202611250000017"
SUBJECT = {"id_number": NUMBER, "name": NAME}
WANG = next(each for each in personas.PERSONAS if each.id_number == NUMBER)


@dataclass
class Chimneys:
    room: Room
    servers: Mapping[str, Server]
    database: str
    redis: str

    @property
    def education(self) -> Person:
        return self.room.of("data_officer")

    def officer(self, office: str) -> Person:
        """A data officer of that department."""
        hub = self.room.hub
        if office not in self.room.tokens:
            with hub.database.session() as session:
                fresh, hashed = hub.accounts.made()
                name = f"{office.replace('_', '-')}-officer"
                account = hub.accounts.create(session, name, "data_officer", fresh, hashed, office=office)
                standing = hub.identity.standing(session, "staff", account.staff_id)
                assert standing
                tokens = hub.login._sessions.begin(session, "staff", account.staff_id, standing)
            self.room.tokens[office] = tokens.access_token
        return Person(self.room.client, self.room.tokens[office])

    def grant(self, resource: str, *fields: str) -> None:
        hub = self.room.hub
        with hub.database.session() as session:
            officer = hub.identity.staff(session, "data_officer")
            assert officer
            fields = fields or tuple(hub.settings.now.sharing.sources[resource].fields)
            asked = hub.sharing.requests.ask(
                session, "education", officer.staff_id, Wanted(resource, fields, PURPOSE, BASIS, 30)
            )
            while asked.state in ("review", "owner"):
                office = "data_bureau" if asked.state == "review" else asked.owner
                asked = hub.sharing.requests.decide(session, asked.id, office, "somebody", "approve", "", "")
            assert asked.state == "granted"

    def record(self, *resources: str, **more: Any) -> Any:
        body = {"subject": SUBJECT, "resources": resources or ALL, "purpose": PURPOSE, "case_no": CASE, **more}
        return self.education.post("/data/records", body)

    def reopen(self) -> None:
        """Nobody decided anything yet."""
        with self.room.hub.database.session() as session:
            session.execute(text("DELETE FROM matching_match"))

    @contextmanager
    def ill(self, *systems: str, **toxics: Any) -> Iterator[None]:
        for each in systems:
            requests.put(f"{self.servers[each].url}/twin/toxics", json=toxics, timeout=30)
        try:
            yield
        finally:
            for each in systems:
                requests.delete(f"{self.servers[each].url}/twin/toxics", timeout=30)
                self.room.hub.gateway.release(each)


@pytest.fixture(scope="module")
def stand(
    tmp_path_factory: pytest.TempPathFactory, hub_home: Path, make_database: Any, redis: str, twins: Twins
) -> Iterator[Chimneys]:
    servers = {id: Server(chimneys.Office(id)).start() for id in chimneys.ROWS}
    folder, database = tmp_path_factory.mktemp("chimneys"), make_database()
    told = chimneys.written(folder, hub_home / "secrets", servers)
    environ = {**os.environ, "HUB_HOME": str(hub_home), "HUB_DATABASE_URL": database, "HUB_REDIS_URL": redis}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        light = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)
        patch.setattr("hub.identity.passwords._HASHER", light)
        hub = Hub.open(hub_home, {**environ, **twins.environ, **told})
        hub.start()
        try:
            staff = {member.username: member for member in personas.seed(hub)}
            with hub.database.session() as session:
                hub.sharing.resources.take(session, CLASSES, hub.settings.now.departments)
            room = Room(hub, create_app(hub).test_client(), twins, staff, {})
            made = Chimneys(room, servers, database, redis)
            for resource in ALL:
                made.grant(resource)
            yield made
        finally:
            hub.close()
            for server in servers.values():
                server.stop()


def bodies(told: Any) -> dict[str, Any]:
    assert told.status_code == 207, told.text
    return {part["resource"]: part["body"] for part in told.json["parts"]}


def fields(told: Any) -> dict[str, Any]:
    return {each["field"]: each for each in told.json["fields"]}


def values(field: Mapping[str, Any]) -> dict[str, list[str]]:
    return {each["value"]: [said["resource"] for said in each["said"]] for each in field["values"]}


def test_feat_S15_one_person_under_three_spellings_is_merged_by_rule(stand: Chimneys) -> None:
    stand.reopen()
    told = stand.record()
    parts = bodies(told)
    sure = {id: [row["confidence"] for row in part["matching"]["rows"]] for id, part in parts.items()}
    assert sure == {RESIDENCE: ["certain"], RENTAL: [], VACCINATION: ["high"], RELIEF: ["certain"]}
    assert parts[RESIDENCE]["matching"]["rows"][0] == {
        "confidence": "certain", "number": "same", "name": "variant", "born": "none"}  # fmt: skip
    assert parts[VACCINATION]["matching"]["rows"][0]["number"] == "old"
    assert parts[RESIDENCE]["matching"]["left_out"] == 1, "the spouse is nobody's business"
    assert len(parts[RENTAL]["matching"]["doubtful"]) == 2 and parts[RENTAL]["rows"] == []
    asked = [next(iter(stand.servers[id].twin.asked[-1:])) for id in ("rental", "vaccination")]
    assert asked == [{"xm": "WANG YAN", "csrq": "19060731"}, {"sfzh": OLD}]


def test_feat_S15_where_departments_differ_everything_they_say_stands_there(stand: Chimneys) -> None:
    told = fields(stand.record())
    address = told["residence_address"]
    assert address["state"] == "conflict"
    assert values(address) == {ADDRESSES[0]: [RESIDENCE], ADDRESSES[1]: [RELIEF]}
    assert all(said["at"] and said["exchange_id"] and said["department"] and said["update_cycle"]
               for value in address["values"] for said in value["said"])  # fmt: skip
    assert told["name"]["state"] == "spelling"
    assert values(told["name"]) == {"王?": [RESIDENCE], "王龑": [VACCINATION], NAME: [RELIEF]}
    assert told["id_number"]["state"] == "spelling", "15 and 18 digits are one number"
    assert values(told["id_number"]) == {NUMBER: [RESIDENCE, RELIEF], OLD: [VACCINATION]}
    assert "vaccine" not in told, "what one department's record says is no fact of the person"


def test_feat_S15_a_doubt_is_decided_by_who_keeps_the_row_and_the_decision_is_used(stand: Chimneys) -> None:
    stand.reopen()
    waiting = bodies(stand.record(RENTAL))[RENTAL]["matching"]["doubtful"]
    keeper = stand.officer("housing")
    listed = {each["id"]: each for each in keeper.get("/data/matches?state=open").json["items"]}
    assert set(listed) == set(waiting)
    assert {(each["number"], each["name"], each["born"]) for each in listed.values()} == {("none", "pinyin", "same")}
    masked = [(each["decides"], each["sought"], each["told"]["name"]) for each in listed.values()]
    assert masked == [(True, {"number": "362*************36", "name": "王*"}, "W******N")] * 2, "which row"
    seen = {id: keeper.get(f"/data/matches/{id}").json for id in waiting}
    assert all(each["sought"] == {"number": NUMBER, "name": NAME} for each in seen.values())
    by_record = {each["told"]["record"]: id for id, each in seen.items()}
    assert set(by_record) == set(chimneys.RECORDS)
    first, second = (by_record[each] for each in chimneys.RECORDS)
    for id, outcome in ((first, "same"), (second, "other")):
        told = keeper.post(f"/data/matches/{id}/decisions", {"outcome": outcome, "reason": "已核对纸质档案"})
        assert (told.status_code, told.json["state"]) == (200, outcome)
    part = bodies(stand.record(RENTAL))[RENTAL]
    assert part["rows"] == [{"name": "WANG YAN", "status": "在保"}]
    assert [each["confidence"] for each in part["matching"]["rows"]] == ["decided"]
    assert (part["matching"]["doubtful"], part["matching"]["left_out"]) == ([], 1)
    again = keeper.post(f"/data/matches/{first}/decisions", {"outcome": "same", "reason": "再来一次"})
    assert again.json["code"] == "STATE_CONFLICT"
    assert keeper.get(f"/data/matches/{first}").json["told"] is None, "what is decided is wiped"
    keeper.post(f"/data/matches/{first}/decisions", {"outcome": "again", "reason": "核对有误"})
    assert len(bodies(stand.record(RENTAL))[RENTAL]["matching"]["doubtful"]) == 1


def test_feat_S15_who_asked_does_not_decide_and_sees_no_values(stand: Chimneys) -> None:
    stand.reopen()
    id = bodies(stand.record(RENTAL))[RENTAL]["matching"]["doubtful"][0]
    decision = {"outcome": "same", "reason": "就是他本人"}
    listed = {each["id"]: each for each in stand.education.get("/data/matches").json["items"]}
    assert [listed[id][name] for name in ("decides", "sought", "told")] == [False, None, None]
    for who in (stand.education, stand.officer("civil_affairs"), stand.room.of("data_officer_county")):
        assert who.get(f"/data/matches/{id}").status_code == 404
        assert who.post(f"/data/matches/{id}/decisions", decision).status_code == 404
    assert stand.officer("civil_affairs").get("/data/matches").json["items"] == []
    officer = stand.room.of("officer")
    assert officer.get("/data/matches").status_code == 403
    assert officer.post(f"/data/matches/{id}/decisions", decision).status_code == 403
    assert stand.room.of("data_officer_platform").post(f"/data/matches/{id}/decisions", decision).status_code == 200


def test_feat_S15_a_row_whose_key_is_gone_hides_no_other(stand: Chimneys) -> None:
    stand.reopen()
    gone, _ = bodies(stand.record(RENTAL))[RENTAL]["matching"]["doubtful"]
    with stand.room.hub.database.session() as session:
        session.execute(text("UPDATE matching_match SET values_sealed = '1.gone.' WHERE id = :id"), {"id": gone})
    keeper = stand.officer("housing")
    listed = keeper.get("/data/matches?state=open").json["items"]
    assert {each["id"] == gone: each["told"] is None for each in listed} == {True: True, False: False}
    assert keeper.get(f"/data/matches/{gone}").json["code"] == "KEY_UNAVAILABLE"


def test_feat_S15_what_nobody_decides_is_forgotten(stand: Chimneys) -> None:
    stand.reopen()
    bodies(stand.record(RENTAL))
    hub = stand.room.hub
    with hub.database.session() as session:
        assert hub.matching.queue.forget(session) == 0
        session.execute(text("UPDATE matching_match SET found_at = found_at - interval '31 days'"))
    with hub.database.session() as session:
        hub.exchange.count_silence(session)
    with hub.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM matching_match")).scalar_one() == 0


def test_feat_S15_one_question_alone_is_sifted_too(stand: Chimneys) -> None:
    stand.reopen()
    body = {"subject": SUBJECT, "purpose": PURPOSE, "case_no": CASE}
    told = stand.education.post(f"/data/resources/{RENTAL}/queries", body).json
    assert told["rows"] == [] and len(told["matching"]["doubtful"]) == 2
    alone = {"subject": {"id_number": NUMBER}, "purpose": PURPOSE, "case_no": CASE}
    told = stand.education.post(f"/data/resources/{RESIDENCE}/queries", alone).json
    assert [row["id_number"] for row in told["rows"]] == [NUMBER] and told["matching"]["left_out"] == 1


def test_feat_S15_a_correction_at_the_source_reaches_every_taker(stand: Chimneys) -> None:
    """Also those that took it under another spelling of the number."""
    bodies(stand.record())
    wrong = {"resource": VACCINATION, "field": "name", "subject": {"id_number": NUMBER}, "should_be": NAME,
             "reason": "本人持身份证原件"}  # fmt: skip
    made = stand.officer("police").post("/data/corrections", wrong)
    assert made.status_code == 201, made.text
    source, id = stand.officer("cdc"), made.json["id"]
    answered = source.post(f"/data/corrections/{id}/answer", {"outcome": "corrected", "text": "已核实并更正"})
    assert answered.json["state"] == "corrected"

    def heard(who: Person) -> list[str]:
        items = who.get("/data/notices?page_size=100").json["items"]
        return [each["kind"] for each in reversed(items) if each["correction"] == id]

    assert heard(stand.education) == ["reported", "corrected"] and heard(stand.officer("police")) == ["corrected"]
    assert heard(source) == ["reported"] and heard(stand.officer("housing")) == []
    held = stand.servers["vaccination"].twin
    held.held = [{**held.held[0], "xm": NAME}]
    try:
        assert values(fields(stand.record(VACCINATION, RELIEF))["name"]) == {NAME: [VACCINATION, RELIEF]}
    finally:
        held.held = chimneys.ROWS["vaccination"]


def test_feat_S15_a_scan_of_the_stores_finds_nothing_that_was_not_agreed(stand: Chimneys, tmp_path: Path) -> None:
    stand.reopen()
    waiting = bodies(stand.record())[RENTAL]["matching"]["doubtful"]
    personal = {"number": NUMBER, "old": OLD, "name": NAME, "latin": "WANG YAN", "spouse": chimneys.SPOUSE,
                "here": ADDRESSES[0], "there": ADDRESSES[1], "first": chimneys.RECORDS[0], "vaccine": "流感疫苗样例"}
    canary = Canary(personal)

    def found() -> list[str]:
        places = [*tables(stand.database), *memory(stand.redis, tmp_path)]
        assert any(name == "public.matching_match" and len(data) > 200 for name, data in places)
        return [each for name, data in places for each in canary.found(name, data)]

    assert found() == []
    for id in waiting:
        stand.officer("housing").post(f"/data/matches/{id}/decisions", {"outcome": "same", "reason": "已核对"})
    assert found() == []
    with stand.room.hub.database.read() as connection:
        kept = connection.execute(text("SELECT count(*) FROM matching_match WHERE values_sealed IS NOT NULL"))
        assert kept.scalar_one() == 0, "not even sealed, once it is decided"


def test_feat_S15_feat_K5_the_citizen_sees_each_of_those_reads(stand: Chimneys) -> None:
    stand.reopen()
    parts = bodies(stand.record())
    looked = parts[RENTAL]["matching"]["doubtful"][0]
    assert stand.officer("housing").get(f"/data/matches/{looked}").status_code == 200
    lines = stand.room.citizen(WANG).get("/me/access-log?page_size=100").json["items"]
    mine = {each["exchange_id"]: each for each in lines}
    for resource, part in parts.items():
        line = mine[part["exchange_id"]]
        said = line["service"], line["receiver_code"], line["purpose"], line["case_no"]
        assert said == (resource, "education", PURPOSE, CASE) and "name" in line["fields"]
    looks = [each for each in lines if each["case_no"] == f"match:{looked}"]
    assert [(each["receiver_code"], each["purpose"], each["fields"]) for each in looks] == [
        ("housing", "核对是否为同一人", ["name", "birth_date", "record"])]  # fmt: skip


def test_feat_S15_what_fails_says_why_and_takes_nothing_from_the_rest(stand: Chimneys) -> None:
    """Three hang: all within one deadline, not one after the other."""
    ids = (RESIDENCE, RENTAL, VACCINATION, RELIEF, "360423-006001", "360423-007003", "nothing")
    began = time.monotonic()
    with stand.ill("residence", "rental", "vaccination", hang=True):
        told = stand.record(*ids)
    assert time.monotonic() - began < 8
    outcomes = {part["resource"]: (part["status"], part["body"].get("code")) for part in told.json["parts"]}
    late = (504, "DEPARTMENT_TIMEOUT")
    refused = (403, "GRANT_MISSING")
    assert outcomes == {
        RESIDENCE: late, RENTAL: late, VACCINATION: late, RELIEF: (200, None), "360423-006001": refused,
        "360423-007003": refused, "nothing": (404, "NOT_FOUND"),
    }  # fmt: skip
    assert {part["body"].get("origin") for part in told.json["parts"]} >= {"department:residence", "department:rental"}
    assert values(fields(told)["name"]) == {NAME: [RELIEF]} and fields(told)["name"]["state"] == "single"


def test_feat_S15_each_part_has_evidence_of_its_own_and_without_it_nothing_is_given(stand: Chimneys) -> None:
    parts = bodies(stand.record())
    assert len({part["exchange_id"] for part in parts.values()}) == 4
    assert all(part["receipts"]["platform"] for part in parts.values())
    hub = stand.room.hub
    with hub.database.engine.connect() as connection, connection.begin():
        connection.execute(text("LOCK TABLE ledger_entry IN ACCESS EXCLUSIVE MODE"))
        without = bodies(stand.record())
    assert {part["code"] for part in without.values()} == {"EVIDENCE_UNAVAILABLE"}
    with hub.database.read() as connection:
        query = "SELECT outcome FROM exchange_use ORDER BY at DESC LIMIT 4"
        assert {each.outcome for each in connection.execute(text(query))} == {"EVIDENCE_UNAVAILABLE"}


def test_feat_S15_each_part_is_cut_to_its_own_right(stand: Chimneys) -> None:
    """Only rights for this purpose count, and each alone."""
    told = stand.record(purpose="催收欠款")
    assert {part["body"]["code"] for part in told.json["parts"]} == {"GRANT_PURPOSE"}
    assert told.json["fields"] == []
    assert set(bodies(stand.record(RENTAL, RELIEF))[RELIEF]["rows"][0]) == {"name", "id_number", "residence_address"}


@pytest.mark.parametrize(
    ("path", "code", "more"),
    [
        ("subject.id_number", "REQUIRED", {"subject": {}}),
        ("subject.id_number", "REQUIRED", {"subject": {"name": NAME}}),
        ("subject.id_number", "ID_OBSOLETE", {"subject": {"id_number": OLD}}),
        ("subject.credit_code", "UNKNOWN_FIELD", {"subject": {**SUBJECT, "credit_code": "11360423DEM000014P"}}),
        ("subject.phone", "UNKNOWN_FIELD", {"subject": {**SUBJECT, "phone": "1"}}),
        ("subject", "TYPE", {"subject": NUMBER}),
        ("resources", "TOO_SHORT", {"resources": []}),
        ("resources", "TOO_LONG", {"resources": [f"r{n}" for n in range(11)]}),
        ("resources.0", "TYPE", {"resources": [7]}),
        ("purpose", "REQUIRED", {"purpose": ""}),
    ],
)
def test_what_is_wrong_in_a_question_is_named(stand: Chimneys, path: str, code: str, more: Any) -> None:
    told = stand.record(**more)
    assert (told.status_code, told.json["errors"][0]["path"], told.json["code"]) == (422, path, code)


def test_what_one_source_lacks_is_that_parts_fault(stand: Chimneys) -> None:
    told = bodies(stand.record(RENTAL, RELIEF, RENTAL, subject={"id_number": NUMBER}))
    assert list(told) == [RENTAL, RELIEF]
    assert told[RENTAL]["errors"][0]["path"] == "subject.name" and told[RELIEF]["rows"]
    unreadable = bodies(stand.record(RENTAL, subject={"id_number": NUMBER, "name": "王\U00030000"}))[RENTAL]
    assert (unreadable["code"], unreadable["status"]) == ("NAME_NOT_REPRESENTABLE", 422)
    assert stand.room.citizen(WANG).post("/data/records", {}).status_code == 403
    assert stand.education.get("/data/matches?cursor=x").status_code == 404
    stand.reopen()


def test_no_value_of_a_subject_stands_in_the_record_of_acts(stand: Chimneys) -> None:
    stand.record(NUMBER, RELIEF)
    with stand.room.hub.database.read() as connection:
        acts = connection.execute(text("SELECT * FROM operations_act WHERE act = 'data.query'")).all()
    assert acts and NUMBER not in str(acts) and NAME not in str(acts)

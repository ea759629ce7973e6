"""S7: 53 departments with 124 data classes on all seven protocols join by configuration only; each one's first record
is there, the mapping report lists every unmapped code, and a department that sends garbage loses its own rows alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from adapters.twins.residents import FOLDER
from adapters.twins.whole.plan import Planned, Question
from adapters.twins.whole.rows import ROWS, SEED, rows_of
from adapters.twins.whole.systems import county_systems
from hub import trace
from hub.clock import CHINA
from hub.errors import Problem
from hub.gateway.orders import Caller
from hub.main import Hub
from hub.settings.reader import read_yaml
from tests.canary import Canary, memory, tables
from tests.county import County, eventually, running_county
from tests.town import Town

DELIVERED = ("file_drop", "message_queue")
CLERK = Caller("cli", 3, "hub")
_TAKEN = text("SELECT source, count(*) FROM inbox_delivery WHERE result = 'done' GROUP BY source")
SHIPPED = {"360423-006004", "360423-007002"}  # lists of systems that may know nothing of this person
WRONG = ROWS // 3 + 1  # every third row, the first included


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    with running_county(full=True) as county:
        yield county


@pytest.fixture(scope="module")
def hub(county: County) -> Iterator[Hub]:
    """One more process of this hub, to ask what no citizen may."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(county.home / "county"))
        hub = Hub.open(county.home, county.package)
        hub.switches.refresh()
        hub.exchanges.start()
        yield hub
        hub.close()


def asked(hub: Hub, system: Planned, question: Question, number: int) -> dict[str, Any]:
    row = rows_of(question, SEED)[number]
    fields = {each.hub: row[each.name] for each in question.key}
    told = hub.gateway.ask(system.name, question.operation, fields, CLERK, trace.new(), 5).fields
    return dict(told["records"][0]) if system.protocol == "message_queue" else dict(told)


def answers(hub: Hub, system: Planned, question: Question) -> bool:
    """The first record, with something in every field of its data class."""
    try:
        told = asked(hub, system, question, 0)
    except Problem as problem:
        print(f"{system.name}.{question.operation}: {problem.code}, {problem.note}")
        return False
    row = rows_of(question, SEED)[0]
    return all(told[each.hub] == row[each.name] for each in question.key) and all(
        told[each.hub] is not None for each in question.fields
    )


def all_taken(hub: Hub) -> bool:
    """Every delivery that a department brought by itself was read, as often as it was sent."""
    with hub.database.session() as session:
        taken = {row[0]: row[1] for row in session.execute(_TAKEN)}
    return all(taken.get(system.name, 0) >= sent(system) for system in county_systems() if brings(system))


def sent(system: Planned) -> int:
    """A file for each data class, or a message for each record."""
    return len(system.questions) * (ROWS if system.protocol == "message_queue" else 1)


def brings(system: Planned) -> bool:
    return system.protocol in DELIVERED


def test_feat_S7_every_department_and_data_class_is_attached_by_configuration_only(county: County) -> None:
    classes = json.loads((FOLDER / "data_classes.json").read_text(encoding="utf-8"))
    named = {each["system"] for each in json.loads((FOLDER / "systems.json").read_text(encoding="utf-8"))}
    attached = read_yaml(county.home / "county/config/systems.yaml").value
    codes: set[str] = set()
    departments, protocols = set(), set()
    for folder in county_folders(county):
        assert {path.name for path in folder.iterdir()} <= {"system.yaml", "service.wsdl"}, folder
        facts = read_yaml(folder / "system.yaml").value
        assert folder.name in attached and folder.name in county.demo["twins"]
        departments.add(facts["department"])
        protocols.add(facts["protocol"])
    for system in county_systems():
        codes |= {each.code for each in system.questions}
    assert len(named) == 40 and named <= {folder.name for folder in county_folders(county)}
    assert codes == {each["code"] for each in classes} and len(codes) == 124
    assert departments == {each["owner"] for each in classes} and len(departments) == 53
    assert len(protocols) == 7
    checked = county.hub("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def county_folders(county: County) -> list[Path]:
    package = county.home / "county" / "whole_county"
    return [path.parent for path in package.glob("*/system.yaml") if not path.parent.is_symlink()]


def test_feat_S7_the_first_record_of_each_data_class_is_there(hub: Hub) -> None:
    eventually(lambda: all_taken(hub), 120)
    missing = [
        f"{system.name} ({system.protocol})"
        for system in county_systems()
        for question in system.questions
        if not answers(hub, system, question)
    ]
    assert not missing


def test_feat_S7_citizens_read_what_is_theirs_or_anybodys(county: County, hub: Hub) -> None:
    """Every service of the catalogue with the example it has; what is not shared is no service."""
    eventually(lambda: all_taken(hub), 120)
    town = Town(county.demo)
    examples = [each for each in town.queries() if each["service"].startswith("data-")]
    answers = {each["service"]: town.phone().call(each["service"], **each["fields"]) for each in examples}
    assert {id: answer.text for id, answer in answers.items() if answer.status_code != 200} == {}
    listed = town.phone().get("/services?q=civil&page_size=1")
    assert listed.status_code == 200 and len(answers) > 70
    classes = json.loads((FOLDER / "data_classes.json").read_text(encoding="utf-8"))
    closed = {f"data-{each['code'].replace('/', '-')}" for each in classes if each["sharing"] == "not_shared"}
    assert closed and not closed & answers.keys()


def test_feat_S7_feat_K3_an_officer_reads_all_that_other_departments_share(county: County, hub: Hub) -> None:
    """Each class that is shared, by a right, from whatever answers it: a question or what was delivered."""
    eventually(lambda: all_taken(hub), 120)
    town = Town(county.demo)
    officer, asked = (
        town.staff("data_officer"),
        [each for each in county.demo["examples"] if each["kind"] == "data_query"],
    )
    answers = {
        each["service"]: officer.post(f"/data/resources/{each['service']}/queries", each["fields"]) for each in asked
    }
    assert {id: answer.text for id, answer in answers.items() if answer.status_code != 200} == {}
    assert len(answers) > 100
    assert all(answer.json()["rows"] for id, answer in answers.items() if id not in SHIPPED)


def test_feat_S7_what_is_filed_anywhere_is_kept_once_and_found_by_its_number(county: County, hub: Hub) -> None:
    """Every operation of the forty systems, the ones that write included; each twin counts what it was told."""
    applicant = {"id_number": rows_of(planned("hukou").questions[0], SEED)[0]["id_number"], "name": "韩山福"}
    paid = {**applicant, "bill_no": "B1", "amount_fen": 1250}
    filed = 0
    for system in county_systems():
        numbers: list[str] = []
        for act in sorted(system.acts, key=lambda each: each.kind != "submit"):
            fields: dict[str, Any] = {"item_code": "SX01", "form": "{}", **paid, "case_no": "".join(numbers[:1])}
            row = rows_of(act, SEED)[0] if act.kind == "query" else {}
            question = {each.hub: row.get(each.name) or fields[each.hub] for each in act.key}
            reply = hub.gateway.ask(system.name, act.operation, question, CLERK, trace.new(), 5)
            if act.kind == "submit" and reply.done:
                numbers.append(reply.receipt or "")
            told = {"status": {"case_no": fields["case_no"]}, "pay": {"amount_fen": 1250}, "verify": {"matched": True}}
            assert told.get(act.kind, {}).items() <= reply.fields.items(), (system.name, act.operation)
        written = [each for each in system.acts if each.kind in ("submit", "pay")]
        if written and not brings(system):
            url = county.demo["twins"][system.name]["url"]
            kept = requests.get(f"{url}/twin/records", timeout=30).json()["records"]
            assert sorted(each["act"] for each in kept) == sorted(each.operation for each in written)
            filed += len(written)
    assert filed == 32


def test_feat_C9_the_mapping_report_lists_every_unmapped_code(county: County, hub: Hub) -> None:
    """Each class with a code has one record with a code of which nobody was told: refused, and on the list; no more."""
    eventually(lambda: all_taken(hub), 120)
    expected = set()
    for system in county_systems():
        for question in system.questions:
            if question.coded is None:
                continue
            name = f"dataset {question.operation}" if brings(system) else question.operation
            expected.add((system.name, name, f"code table {question.coded.table}", question.coded.stray))
            if not brings(system):
                with pytest.raises(Problem) as refused:
                    asked(hub, system, question, ROWS - 1)
                assert refused.value.code == "UPSTREAM_MALFORMED", (system.name, refused.value.note)
    hub.unmapped.write()
    assert len(expected) > 40 and {system for system, *_ in expected} >= {"hukou", "nucleic_acid", "invoice_file"}
    eventually(lambda: on_record(hub) >= len(expected), 20)  # the worker writes every few seconds
    told = county.hub("systems", "report", "--json")
    assert told.returncode == 0, told.stderr
    lines = json.loads(told.stdout)["unmapped"]
    assert {(line["system"], line["operation"], line["kind"], line["word"]) for line in lines} == expected


def on_record(hub: Hub) -> int:
    with hub.database.session() as session:
        return len(hub.unmapped.report(session))


def test_feat_S7_a_department_that_drops_garbage_loses_those_rows_alone(county: County, hub: Hub) -> None:
    eventually(lambda: all_taken(hub), 120)
    elderly, others = planned("elderly"), [each for each in county_systems() if brings(each) and each.name != "elderly"]
    before = {each.name: bad_rows(hub, each.name) for each in others}
    put(county, "elderly", "quirks", rubbish=True)
    drop(county, "elderly", datetime.now(CHINA).date() + timedelta(days=1))
    eventually(lambda: bad_rows(hub, "elderly") == (ROWS - WRONG, WRONG), 60)
    assert {each.name: bad_rows(hub, each.name) for each in others} == before
    for number in (0, 1, 3, 4):  # rows that came as rubbish are there from the day before
        assert asked(hub, elderly, elderly.questions[0], number)["id_number"]


def test_feat_S7_fault_F4_a_department_that_answers_garbage_loses_its_own_answers_alone(
    county: County, hub: Hub
) -> None:
    eventually(lambda: all_taken(hub), 120)
    put(county, "enrolment", "toxics", garbage=True)
    with pytest.raises(Problem) as refused:
        asked(hub, planned("enrolment"), planned("enrolment").questions[0], 0)
    assert refused.value.code in {"UPSTREAM_MALFORMED", "UPSTREAM_CHARSET"}
    lost = [each.name for each in county_systems() if not answers(hub, each, each.questions[0])]
    assert lost == ["enrolment"]


def test_feat_S7_row_privacy_no_trace_of_whom_the_county_was_asked_about(county: County, hub: Hub) -> None:
    """What 53 departments answered or brought about a person is readable in no table, no key, no file and no log."""
    eventually(lambda: all_taken(hub), 120)
    answered = [each for each in county_systems() if answers(hub, each, each.questions[0])]
    canary = Canary(values_of_the_first())
    url, redis = (line_of(county, name) for name in ("HUB_DATABASE_URL", "HUB_REDIS_URL"))
    places = [*tables(url), *memory(redis, county.home / "redis")]
    places += [(path.name, path.read_bytes()) for path in (county.home / "log").iterdir()]
    assert len(answered) > 80 and len(places) > 60
    assert [trace for where, data in places for trace in canary.found(where, data)] == []


def values_of_the_first() -> dict[str, str]:
    """Who stands in the first record of every class about people, and what only such a record holds."""
    rows = [
        (each, rows_of(each, SEED)[0])
        for system in county_systems()
        for each in system.questions
        if each.about_a_person
    ]
    who, first = rows[0]
    private = {
        f"{each.code} {field.name}": row[field.name]
        for each, row in rows
        for field in each.fields
        if field.type in ("string", "text") and field.sensitivity >= 3 and len(row[field.name]) >= 6
    }
    return {key.name: first[key.name] for key in who.key} | private


def line_of(county: County, name: str) -> str:
    lines = (county.home / "env").read_text(encoding="utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))


def planned(name: str) -> Planned:
    return next(each for each in county_systems() if each.name == name)


def bad_rows(hub: Hub, system: str) -> tuple[int, int]:
    """Records and refused rows of its youngest delivery."""
    with hub.database.session() as session:
        youngest = hub.inbox.page(session, system, "done", None, 1)[0]
    return youngest.records, youngest.bad_rows


def put(county: County, twin: str, what: str, **values: Any) -> None:
    answer = requests.put(f"{county.demo['twins'][twin]['url']}/twin/{what}", json=values, timeout=30)
    assert answer.status_code == 200, answer.text


def drop(county: County, twin: str, day: date) -> None:
    url = f"{county.demo['twins'][twin]['url']}/twin/drops"
    assert requests.post(url, json={"day": day.isoformat()}, timeout=30).status_code == 200

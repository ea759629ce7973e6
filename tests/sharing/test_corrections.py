"""Wrong data goes back to its source and every taker is told (K8); who shares and who does not is counted (X7)."""

from __future__ import annotations

import csv
import io
from typing import Any

from sqlalchemy import text

from tests.credentials.conftest import HAN, LIN, Person
from tests.sharing.conftest import LAW, MARRIAGE, Table
from tests.sharing.people import PEOPLE
from tests.sharing.test_use import CASE, SUBJECT, use


def report(table: Table, who: Person | None = None, **more: Any) -> Any:
    said = {"resource": MARRIAGE, "field": "marital_status", "subject": SUBJECT, "should_be": "divorced",
            "reason": "本人持离婚证原件", **more}  # fmt: skip
    return (who or table.education).post("/data/corrections", said)


def heard(who: Person, correction: str) -> list[str]:
    items = who.get("/data/notices?page_size=100").json["items"]
    return [each["kind"] for each in reversed(items) if each["correction"] == correction]


def test_feat_K8_to_the_source_and_back_to_every_taker(table: Table) -> None:
    right = table.granted("name", "marital_status")
    assert use(table, right["purpose"]).status_code == 200
    made = report(table, table.platform)
    assert made.status_code == 201, made.text
    id, days = made.json["id"], made.json["due_at"][:10] > made.json["told_at"][:10]
    assert (made.json["owner"], made.json["state"], days) == ("civil_affairs", "reported", True)
    assert heard(table.owner, id) == ["reported"] and heard(table.education, id) == ["reported"]
    assert heard(table.county, id) == [], "who never took it is told nothing"
    seen = table.education.get(f"/data/corrections/{id}").json
    assert seen["subject"] == SUBJECT, "a taker has to know whose record"
    assert table.county.get(f"/data/corrections/{id}").status_code == 404
    assert table.room.of("auditor").get("/data/corrections").json["items"] == [], "of no office, and nothing is theirs"
    assert table.education.post(f"/data/corrections/{id}/answer", ANSWER).status_code == 404
    done = table.owner.post(f"/data/corrections/{id}/answer", ANSWER)
    assert (done.status_code, done.json["state"], done.json["answer"]) == (200, "corrected", ANSWER["text"])
    assert heard(table.education, id) == ["reported", "corrected"] and heard(table.platform, id) == ["corrected"]
    assert table.owner.post(f"/data/corrections/{id}/answer", ANSWER).json["code"] == "STATE_CONFLICT"


ANSWER = {"outcome": "corrected", "text": "已核实并更正"}


def test_feat_K8_only_who_took_that_field_of_that_person_is_told(table: Table) -> None:
    right = table.granted("name", "marital_status")
    use(table, right["purpose"])
    other = report(table, table.platform, field="registered_on")
    assert heard(table.education, other.json["id"]) == []
    somebody = report(table, table.platform, subject={"id_number": LIN.id_number, "name": LIN.name})
    assert heard(table.education, somebody.json["id"]) == []


def test_feat_K8_an_answer_that_does_not_come_goes_upward(table: Table) -> None:
    id = report(table).json["id"]
    hub = table.room.hub
    with hub.database.session() as session:
        session.execute(text("UPDATE exchange_correction SET next_at = now() WHERE id = :id"), {"id": id})
    with hub.database.session() as session:
        assert hub.exchange.corrections.count_silence(session) >= 1
    late = table.county.get(f"/data/corrections/{id}").json
    assert (late["silent"], late["raised_to"]) == (1, "gov_office")
    assert id in {each["id"] for each in table.county.get("/data/corrections?state=reported").json["items"]}
    assert table.county.post(f"/data/corrections/{id}/answer", ANSWER).json["state"] == "corrected"


def test_feat_K8_after_a_change_of_keys_every_taker_is_told(table: Table) -> None:
    """Reported under the key before, taken under that of today."""
    right, evidence = table.granted("name", "marital_status"), table.room.hub.ledger.evidence
    subject = PEOPLE[40]
    id = report(table, table.platform, subject=subject).json["id"]
    before = evidence.subject_tags("resident_id", subject["id_number"])[-1]
    with table.room.hub.database.session() as session:
        session.execute(text("UPDATE exchange_correction SET subject_tag = :tag WHERE id = :id"),
                        {"tag": before, "id": id})  # fmt: skip
    assert use(table, right["purpose"], subject=subject).status_code == 200 and heard(table.education, id) == []
    assert table.owner.post(f"/data/corrections/{id}/answer", ANSWER).json["state"] == "corrected"
    assert heard(table.education, id) == ["corrected"]


def test_feat_K8_nothing_of_it_is_readable_in_the_database(table: Table) -> None:
    report(table, should_be="离异六六")
    with table.room.hub.database.read() as connection:
        rows = connection.execute(text("SELECT * FROM exchange_correction, exchange_notice")).all()
    kept = "\n".join(str([bytes(v) if isinstance(v, memoryview) else v for v in each]) for each in rows)
    assert HAN.id_number not in kept and "离异六六" not in kept and "离异六六".encode() not in kept.encode()


def test_what_is_wrong_in_a_report_is_named(table: Table) -> None:
    assert report(table, field="salary").json["errors"][0]["path"] == "field"
    assert report(table, subject={"id_number": HAN.id_number}).json["errors"][0]["path"] == "subject.name"
    assert report(table, resource="none").status_code == 404
    assert report(table, resource="360423-007007").json["code"] == "RESOURCE_WITHOUT_SOURCE"
    assert table.education.get("/data/notices?cursor=x").json["code"] == "PAGE_INVALID"


def test_feat_X7_who_shares_who_refuses_and_what_nobody_asks(table: Table) -> None:
    before = counts(table)
    right = table.granted("name")
    table.decide(table.platform, table.ask()["id"], "refuse", **LAW)
    use(table, right["purpose"])
    use(table, "催收欠款", case_no=CASE)
    after = counts(table)
    changed = {
        name: after["civil_affairs"][name] - before["civil_affairs"][name]
        for name in ("granted", "refused", "received", "given")
    }
    assert changed == {"granted": 1, "refused": 1, "received": 2, "given": 1}
    mine = {name: after["education"][name] - before["education"][name] for name in ("asked", "taken", "turned_away")}
    assert mine == {"asked": 2, "taken": 1, "turned_away": 1}
    told = table.room.of("auditor").get("/data/statistics").json
    assert len(told["departments"]) == 53 and sum(each["resources"] for each in told["departments"]) == 124
    assert {"resource": MARRIAGE, "title": "婚姻登记信息", "department": "civil_affairs",
            "systems": ["marriage", "civil_affairs"]} in told["twice"]  # fmt: skip
    unused = {each["system"]: each["attached"] for each in told["unused"]}
    assert unused["marriage"] is False and "civil_affairs" not in unused


def test_feat_X7_the_same_as_a_table_for_a_spreadsheet(table: Table) -> None:
    told = table.education.get("/data/statistics?format=csv")
    assert told.mimetype == "text/csv" and told.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(told.data.decode("utf-8-sig"))))
    assert len(rows) == 53 and {"name", "refused", "silent", "given"} <= set(rows[0])
    assert next(each["name"] for each in rows if each["department"] == "civil_affairs") == "县民政局"


def test_feat_X7_the_chimneys_as_tables_too_and_nothing_that_a_spreadsheet_calculates(table: Table) -> None:
    _titled(table, "婚姻登记信息", "=cmd|' /C calc'!A0")
    try:
        told = rows_of(table, "twice")
    finally:
        _titled(table, "=cmd|' /C calc'!A0", "婚姻登记信息")
    (mine,) = [each for each in told if each["resource"] == MARRIAGE]
    assert (mine["title"], mine["systems"]) == ("'=cmd|' /C calc'!A0", "marriage civil_affairs")
    unused = {each["system"]: each for each in rows_of(table, "unused")}
    assert unused["marriage"]["attached"] == "False" and MARRIAGE in unused["marriage"]["resources"].split()
    assert table.education.get("/data/statistics?format=csv&table=people").json["code"] == "PARAM_INVALID"


def test_feat_X7_who_is_late_with_requests_and_with_wrong_data(table: Table) -> None:
    before = counts(table)["civil_affairs"]
    asked, wrong = table.ask("name"), report(table)
    fresh = counts(table)["civil_affairs"]
    assert (fresh["late"], fresh["unanswered"], fresh["wrong"]) == (
        before["late"], before["unanswered"], before["wrong"] + 1,
    ), "what is open is not late"  # fmt: skip
    with table.room.hub.database.session() as session:
        session.execute(text("UPDATE sharing_request SET next_at = now() WHERE id = :id"), {"id": asked["id"]})
        session.execute(text("UPDATE exchange_correction SET due_at = now() WHERE id = :id"), {"id": wrong.json["id"]})
    with table.room.hub.database.session() as session:
        table.room.hub.exchange.count_silence(session)
    after = counts(table)["civil_affairs"]
    grown = {name: after[name] - before[name] for name in ("silent", "late", "wrong", "unanswered")}
    assert grown == {"silent": 1, "late": 1, "wrong": 1, "unanswered": 1}
    table.owner.post(f"/data/corrections/{wrong.json['id']}/answer", ANSWER)
    assert table.decide(table.platform, asked["id"], "refuse", **LAW).status_code == 200
    done = counts(table)["civil_affairs"]
    assert (done["late"], done["unanswered"]) == (before["late"], before["unanswered"])


def rows_of(table: Table, name: str) -> list[dict[str, str]]:
    told = table.education.get(f"/data/statistics?format=csv&table={name}")
    assert f"data-sharing-{name}.csv" in told.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(told.data.decode("utf-8-sig"))))


def _titled(table: Table, before: str, title: str) -> None:
    """A department calls its data something."""
    with table.room.hub.database.session() as session:
        session.execute(text("UPDATE sharing_resource SET title = :title WHERE title = :before"),
                        {"title": title, "before": before})  # fmt: skip


def counts(table: Table) -> dict[str, dict[str, Any]]:
    return {each["department"]: each for each in table.education.get("/data/statistics").json["departments"]}

"""Data sharing over HTTP: who may see and do what, which fields a resource shows, what a stranger meets."""

from __future__ import annotations

import secrets

import pytest

from tests.sharing.conftest import BASIS, LAW, MARRIAGE, PURPOSE, Table


def test_feat_K1_every_department_reads_the_catalogue(table: Table) -> None:
    page = table.education.get("/data/resources?page_size=100").json
    more = table.education.get(f"/data/resources?page_size=100&cursor={page['next_cursor']}").json
    items = page["items"] + more["items"]
    assert len(items) == 124 and more["next_cursor"] is None and len({each["org_code"] for each in items}) == 53
    assert sum(each["shared_type"] == "not_shared" and bool(each["basis"]) for each in items) == 6
    assert sum(each["shared_way"] == "query" for each in items) >= 6
    one = table.county.get(f"/data/resources/{MARRIAGE}").json
    assert (one["org_code"], one["credit_code"][:2], one["secret_level"]) == ("civil_affairs", "11", 4)
    assert one["columns"][0] == {"name": "name", "label": "姓名", "type": "string", "classification": 3,
                                 "answered": True}  # fmt: skip
    found = table.education.get("/data/resources?q=婚姻&department=civil_affairs&shared_type=conditional").json
    assert [each["id"] for each in found["items"]] == [MARRIAGE]
    assert table.room.of("auditor").get("/data/resources").status_code == 200
    assert table.room.of("operator").get("/data/resources").json["code"] == "ROLE_REQUIRED"
    assert table.room.anyone().get("/data/resources").json["code"] == "TOKEN_MISSING"


def test_feat_K2_a_request_from_asking_to_the_right(table: Table) -> None:
    made = table.ask("name", "marital_status")
    assert (made["status"], made["applicant"], made["owner"]) == ("review", "education", "civil_affairs")
    assert table.decide(table.owner, made["id"]).status_code == 404
    assert table.decide(table.platform, made["id"]).json["status"] == "owner"
    assert table.decide(table.owner, made["id"]).json["status"] == "granted"
    mine = next(each for each in table.education.get("/data/grants").json["items"] if each["request"] == made["id"])
    assert (mine["fields"], mine["mine"], mine["consumer"]) == (["name", "marital_status"], True, "education")
    assert table.county.ask("DELETE", f"/data/grants/{mine['id']}").status_code == 404
    assert table.owner.ask("DELETE", f"/data/grants/{mine['id']}").json["revoked_by"] == "civil_affairs"


def test_feat_K2_feat_X7_a_refusal_is_argued_and_everybody_reads_it(table: Table) -> None:
    made = table.ask()
    bare = table.decide(table.platform, made["id"], "refuse")
    assert (bare.status_code, {each["path"] for each in bare.json["errors"]}) == (422, {"reason", "basis"})
    assert table.decide(table.platform, made["id"], "refuse", **LAW).json["refusal_basis"] == LAW["basis"]
    seen = table.county.get("/data/requests?state=refused").json["items"]
    assert made["id"] in {each["id"] for each in seen}
    raised = table.education.post(f"/data/requests/{made['id']}/disputes", {"reason": "用途明确"})
    assert raised.json["status"] == "disputed"
    done = table.decide(table.county, made["id"]).json
    assert (done["status"], [act["act"] for act in done["timeline"]]) == (
        "granted", ["asked", "refuse", "disputed", "approve"])  # fmt: skip


def test_feat_X7_not_to_share_needs_a_law(table: Table) -> None:
    path = f"/data/resources/{MARRIAGE}/sharing"
    bare = table.owner.ask("PUT", path, {"shared_type": "not_shared"})
    assert (bare.status_code, bare.json["errors"][0]["path"]) == (422, "basis")
    said = {"shared_type": "conditional", "condition": "按事项授权", "basis": BASIS}
    assert table.owner.ask("PUT", path, said).json["shared_condition"] == "按事项授权"
    assert table.education.ask("PUT", path, said).status_code == 404


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("fields.0", {"fields": ["salary"]}),
        ("days", {"days": 0}),
        ("resource", {"resource": ""}),
        ("officers.0", {"officers": ["data_officer_owner"]}),
        ("officers.0", {"officers": ["nobody"]}),
    ],
    ids=["field", "days", "resource", "another office's officer", "unknown officer"],
)
def test_what_is_wrong_in_a_request_is_named(table: Table, path: str, wrong: dict[str, object]) -> None:
    body = {"resource": MARRIAGE, "fields": ["name"], "purpose": PURPOSE, "basis": BASIS, "days": 5, **wrong}
    told = table.education.post("/data/requests", body)
    assert (told.status_code, told.json["errors"][0]["path"]) == (422, path)


def test_the_same_key_asks_once(table: Table) -> None:
    body = {"resource": MARRIAGE, "fields": ["name"], "purpose": PURPOSE, "basis": BASIS, "days": 5}
    key = secrets.token_hex(16)
    first, again = (table.education.post("/data/requests", body, Idempotency_Key=key) for _ in range(2))
    assert first.json["id"] == again.json["id"]


def test_what_is_not_there_is_not_found(table: Table) -> None:
    for path in ("/data/resources/none", "/data/requests/none", "/data/requests?cursor=none", "/data/grants?cursor=x"):
        assert table.education.get(path).status_code == 404, path
    assert table.education.post("/data/requests/none/decisions", {"decision": "approve"}).status_code == 404


@pytest.mark.parametrize("id", ["%00", "%F0%9F%98%80", "a" * 300, "..%2f..", "%7Bx%7D"])
@pytest.mark.parametrize("path", ["/data/resources/{}", "/data/requests/{}", "/data/corrections/{}"])
def test_what_is_hostile_in_a_path_is_told_so(table: Table, path: str, id: str) -> None:
    assert 400 <= table.education.get(path.format(id)).status_code < 500


@pytest.mark.parametrize(
    "subject",
    [{}, {"id_number": {"a": 1}}, {"id_number": ["x"]}, {"id_number": None}, {"'; DROP": "x"}, {"id_number": 1}],
    ids=str,
)
def test_what_is_hostile_in_a_subject_is_told_so(table: Table, subject: object) -> None:
    right = table.granted("name")
    body = {"subject": subject, "purpose": right["purpose"]}
    told = table.education.post(f"/data/resources/{MARRIAGE}/queries", body)
    assert told.status_code == 422 and "DROP" not in told.text
    assert (
        table.education.post(f"/data/resources/{MARRIAGE}/queries", {**body, "purpose": "x" * 999}).status_code == 422
    )

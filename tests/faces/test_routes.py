"""What the API gained for the pages of staff: who I am, what was brought, a case's papers and procedures, drills."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from blueprints.app import create_app
from hub.port import Delivery
from tests.cases.conftest import HAN
from tests.credentials.conftest import Person
from tests.faces.office import Office
from tests.materials.papers import photo

PLAN = "protection-plan"


def ops(
    office: Office, role: str, method: str, path: str, body: Any = None, client: FlaskClient | None = None
) -> TestResponse:
    headers = {"Authorization": f"Bearer {office.of(role).token}"}
    return (client or office.client).open(f"/ops/v1{path}", method=method, json=body, headers=headers)


def sent(office: Office, seed: int) -> str:
    told = office.client.post(
        "/api/v1/files", headers={"Authorization": f"Bearer {office.citizen(HAN).token}"},
        data={"file": (io.BytesIO(photo(seed=seed)), "plan.jpg"), "type": PLAN, "service": "work-resumption"},
    )  # fmt: skip
    assert told.status_code in (200, 201), told.text
    return str(told.json["file_id"])


def refused(told: TestResponse) -> tuple[int, str]:
    return told.status_code, told.json["code"]


def test_staff_are_told_what_they_may_and_citizens_are_not(office: Office) -> None:
    me = office.of("community_clerk").get("/staff/me").json
    assert (me["roles"], me["office"]) == (["community_clerk"], "360423001")
    assert "task.write" in me["permissions"] and "case.read" not in me["permissions"]
    assert refused(office.citizen(HAN).get("/staff/me")) == (403, "ROLE_REQUIRED")
    assert refused(office.anyone().get("/staff/me")) == (401, "TOKEN_MISSING")


def test_an_officer_reads_the_papers_of_this_case_in_the_steps_that_show_them(office: Office) -> None:
    file_id, other = sent(office, 41), sent(office, 42)
    number = office.applied(materials=[{"type": PLAN, "file_id": file_id}])

    def paper(id: str, officer: Person | None = None, case: str = number) -> TestResponse:
        return (officer or office.officer()).get(f"/desk/cases/{case}/papers/{id}")

    assert refused(paper(file_id)) == (404, "NOT_FOUND")  # received: nothing of class 2 is shown yet
    office.done(number, "pick-up")
    told = paper(file_id)
    assert (told.status_code, told.mimetype) == (200, "image/jpeg")
    assert told.data.startswith(b"\xff\xd8\xff")
    assert refused(paper(other)) == (404, "NOT_FOUND")  # the same citizen's, of no case of ours
    assert refused(paper(file_id, case=office.applied())) == (404, "NOT_FOUND")
    assert refused(paper(file_id, office.officer("elsewhere", "civil_affairs"))) == (404, "NOT_FOUND")
    assert refused(paper(file_id, office.of("community_clerk"))) == (403, "ROLE_REQUIRED")
    acts = ops(office, "auditor", "GET", f"/audit?target=case:{number}").json["items"]
    assert sum(each["act"] == "case.read" for each in acts) >= 1


def test_the_procedures_that_may_stop_a_clock_are_told(office: Office) -> None:
    number = office.applied()
    items = office.officer().get(f"/desk/cases/{number}/procedures").json["items"]
    assert {"hearing": 20, "inspection": 10}.items() <= {each["id"]: each["days"] for each in items}.items()
    english = office.officer().ask("GET", f"/desk/cases/{number}/procedures", Accept_Language="en").json["items"]
    assert "Hearing" in [each["title"] for each in english]
    assert refused(office.officer().get("/desk/cases/BJ000000000000000000/procedures")) == (404, "NOT_FOUND")


def test_U45_what_was_brought_is_listed_and_tried_again(office: Office) -> None:
    with office.hub.database.session() as session:
        office.hub.inbox._deliveries.store(session, "sms_mobile", Delivery("b1", b"planted"), verified=True)
        spoilt = "UPDATE inbox_delivery SET result = 'quarantined', code = 'UPSTREAM_MALFORMED' RETURNING id"
        id = session.scalar(text(spoilt))
    listed = ops(office, "system_admin", "GET", "/inbound?result=quarantined&source=sms_mobile").json["items"]
    assert [(each["id"], each["verified"], each["code"]) for each in listed] == [(str(id), True, "UPSTREAM_MALFORMED")]
    assert not {"raw", "raw_sealed", "headers", "digest"} & listed[0].keys()
    path, why = f"/inbound/{id}/retry", {"reason": "again"}
    assert refused(ops(office, "operator", "POST", path, why)) == (403, "ROLE_REQUIRED")
    assert refused(ops(office, "system_admin", "POST", path, {})) == (422, "REASON_REQUIRED")
    assert ops(office, "system_admin", "POST", path, why).status_code == 204
    assert ops(office, "system_admin", "GET", "/inbound?source=sms_mobile").json["items"][0]["result"] == "waiting"
    assert refused(ops(office, "system_admin", "POST", path, why)) == (409, "STATE_CONFLICT")
    assert refused(ops(office, "system_admin", "POST", "/inbound/x/retry", {"reason": "again"})) == (404, "NOT_FOUND")


def test_drills_are_there_in_a_demo_only(office: Office) -> None:
    assert "medical_insurance" in ops(office, "operator", "GET", "/drills").json["systems"]
    hang = {"illness": "hang"}
    assert refused(ops(office, "auditor", "PUT", "/drills/wechat", hang)) == (403, "ROLE_REQUIRED")
    assert refused(ops(office, "operator", "PUT", "/drills/nobody", hang)) == (404, "NOT_FOUND")
    assert refused(ops(office, "operator", "PUT", "/drills/wechat", {"illness": "plague"})) == (422, "CHOICE")
    real = create_app(office.hub).test_client()
    assert refused(ops(office, "operator", "GET", "/drills", client=real)) == (404, "NOT_FOUND")
    assert refused(ops(office, "operator", "PUT", "/drills/wechat", hang, client=real)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path", ["/desk/none.js", "/vendor/..%2f..%2fapp.py", "/console/%2e%2e%2findex.html", "/gate/a.py", "/shared/a.js"]
)
def test_no_other_file_is_served(office: Office, path: str) -> None:
    assert office.client.get(path).status_code in (400, 404)


def test_where_operations_have_a_listener_of_their_own_the_console_is_only_there(office: Office) -> None:
    public = create_app(office.hub, ops=False).test_client()
    assert public.get("/console").status_code == 404
    assert public.get("/desk").status_code == 200

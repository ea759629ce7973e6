"""S13: one person, one login, all six departments; and what the others notice when one of them is ill: nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.phone import eventually
from tests.town import Town

DEPARTMENTS = (
    "medical_insurance", "household_registration", "civil_affairs", "social_security", "housing_fund",
    "vehicle_administration",
)  # fmt: skip

# toxic -> the code the citizen's phone may show (legacy.md: 200 is not success)
ILLS = {
    "down": ({"down": True}, {"DEPARTMENT_UNAVAILABLE"}),
    "hangs": ({"hang": True}, {"DEPARTMENT_TIMEOUT"}),
    "drips": ({"drip": 400}, {"DEPARTMENT_TIMEOUT"}),
    "garbage": ({"garbage": True}, {"UPSTREAM_MALFORMED", "UPSTREAM_CHARSET", "UPSTREAM_TRUNCATED"}),
    "cut": ({"truncate_at": 60}, {"UPSTREAM_TRUNCATED", "UPSTREAM_MALFORMED", "DEPARTMENT_TIMEOUT"}),
    "500": ({"status": 500}, {"DEPARTMENT_UNAVAILABLE", "UPSTREAM_MALFORMED", "DEPARTMENT_TIMEOUT"}),
}


def test_one_login_reaches_all_six_departments(town: Town) -> None:
    """feat_S13 feat_A1: no second login, no second app, and no department's address in any answer."""
    phone = town.phone()
    reached = set()
    for example in town.queries():
        answer = phone.call(example["service"], **example["fields"])
        assert answer.status_code == 200, (example["service"], answer.text)
        body = answer.json()
        assert body["source"]["stale"] is False
        reached.add(example["system"])
        for port in town.twin_ports():
            assert f":{port}" not in answer.text + str(answer.headers)
    assert reached >= set(DEPARTMENTS)


@pytest.mark.parametrize("ill", ILLS)
@pytest.mark.parametrize("department", DEPARTMENTS)
def test_a_sick_department_says_so_and_only_it(town: Town, department: str, ill: str) -> None:
    """feat_A2 fault_F1 fault_F4 fault_F5 fault_F7: code, origin, sentence and trace id of the sick one; the others
    answer as before."""
    toxics, codes = ILLS[ill]
    town.heal()
    phone = town.phone()
    sick = town.example(department)
    with town.twin(department).sick(**toxics):
        started = time.monotonic()
        answer = phone.call(sick["service"], **sick["fields"])
        took = time.monotonic() - started
        others = [town.example(other) for other in DEPARTMENTS if other != department]
        with ThreadPoolExecutor(len(others)) as pool:
            well = list(pool.map(lambda example: town.phone().call(example["service"], **example["fields"]), others))
    problem = answer.json()
    assert problem["code"] in codes, problem
    assert problem["origin"] == f"department:{department}"
    assert problem["trace_id"] == answer.headers["X-Trace-Id"]
    assert problem["title"] and problem["action"] in {"wait", "call"}
    assert took <= 3.0 + 7
    assert [answer.status_code for answer in well] == [200] * len(others), [answer.text for answer in well]
    assert eventually(lambda: phone.call(sick["service"], **sick["fields"]).status_code == 200, 40)


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_no_word_is_shown_in_the_wrong_charset(town: Town, department: str) -> None:
    """fault_F6: GBK that is UTF-8, or the reverse, is refused and never shown."""
    town.heal()
    example = town.example(department)
    phone = town.phone()
    right = phone.call(example["service"], **example["fields"]).json()["fields"]
    wrong = "gb18030" if department == "vehicle_administration" else "utf-8"
    with town.twin(department).sick(charset=wrong):
        answer = phone.call(example["service"], **example["fields"])
    if answer.status_code == 200:
        assert answer.json()["fields"] == right  # nothing but ASCII was in it
    else:
        assert answer.json()["code"] in {"UPSTREAM_CHARSET", "UPSTREAM_MALFORMED"}
    assert eventually(lambda: phone.call(example["service"], **example["fields"]).status_code == 200, 40)


def test_my_records_with_two_departments_down(town: Town) -> None:
    """feat_A9: one answer, every part with its own status, within one deadline."""
    town.heal()
    phone = town.phone()
    whole = phone.call("my-records").json()
    parts = {part["service"]: part["status"] for part in whole["parts"]}
    assert len(parts) >= 4 and set(parts.values()) == {200}, parts
    with town.twin("civil_affairs").sick(down=True), town.twin("housing_fund").sick(hang=True):
        started = time.monotonic()
        answer = phone.call("my-records")
        assert time.monotonic() - started < 12
    assert answer.status_code == 200
    for part in answer.json()["parts"]:
        if part["status"] != 200:
            assert part["body"]["origin"].split(":")[1] in {"civil_affairs", "housing_fund"}
    statuses = sorted(part["status"] for part in answer.json()["parts"])
    assert statuses.count(200) == len(parts) - sum(status != 200 for status in statuses) >= 2


def test_a_service_is_switched_off_and_the_citizen_reads_why(town: Town) -> None:
    """feat_M1 row_B75: in force on every worker within a second, listed with its notice, and back again."""
    town.heal()
    phone, operator = town.phone(), town.staff("operator")
    service = town.example("housing_fund")["service"]
    notice = {"zh": "公积金系统今晚升级，请明天再来。", "en": "Upgrade tonight, please come back tomorrow."}
    refused = operator.patch(f"/ops/v1/services/{service}", {"enabled": False, "notice": notice})
    assert refused.json()["code"] == "REASON_REQUIRED"
    changed = operator.patch(
        f"/ops/v1/services/{service}", {"enabled": False, "notice": notice, "reason": "upgrade of the department"}
    )
    assert changed.status_code == 200, changed.text
    time.sleep(1.0)
    try:
        for _ in range(20):  # whichever worker answers
            answer = requests.Session().post(
                f"{town.base_url}/api/v1/services/{service}/calls",
                json={"fields": {}}, headers={"Authorization": f"Bearer {phone.token}"}, timeout=30,
            )  # fmt: skip
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_DISABLED")
            assert notice["zh"] in answer.text
        listed = {item["id"]: item for item in town.phone().get("/services?page_size=100&kind=query").json()["items"]}
        assert listed[service]["status"] == "closed" and listed[service]["notice"] == notice["zh"]
    finally:
        operator.patch(f"/ops/v1/services/{service}", {"enabled": True, "reason": "upgrade done"})
    assert eventually(lambda: phone.call(service).status_code == 200, 20)
    history = operator.get("/ops/v1/switches/history").json()["items"]
    assert "upgrade of the department" in str(history)


def test_one_trace_id_from_the_phone_to_the_department(town: Town) -> None:
    """feat_A2: the trace that came in is in the answer, in the record and at the department."""
    town.heal()
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    example = town.example("vehicle_administration")
    answer = town.phone().post(
        f"/services/{example['service']}/calls", {"fields": example["fields"]},
        traceparent=f"00-{trace_id}-b7ad6b7169203331-01",
    )  # fmt: skip
    assert answer.headers["X-Trace-Id"] == trace_id
    operator = town.staff("operator")
    assert eventually(lambda: trace_id in operator.get(f"/ops/v1/calls?trace_id={trace_id}").text, 20)

"""F19, F20, F22: PostgreSQL killed or frozen. Reads go on where they can; nothing is accepted that is not kept."""

from __future__ import annotations

import time

import requests

from tests.county import County
from tests.faults.conftest import calling, reading
from tests.faults.load import Ask, Load, told, unhurried
from tests.faults.machine import frozen, gone, kill, line_to_each, mark
from tests.phone import SECONDS, Phone, eventually
from tests.town import Town

D = 3.0
PUBLIC = {"list": "/services", "detail": "/services/vehicle-list", "departments": "/departments", "themes": "/themes"}


def ready(town: Town) -> bool:
    return all(Phone(town.base_url).get("/readyz").status_code == 200 for _ in range(6))


def well(town: Town) -> bool:
    example = town.example("vehicle_administration")
    return all(town.phone().call(example["service"], **example["fields"]).status_code == 200 for _ in range(6))


def _seen_by_both(county: County, asks: list[Ask]) -> None:
    """Both workers have answered."""
    for line in line_to_each(county):
        assert [ask(line).status_code for ask in asks] == [200] * len(asks)


def reasons(town: Town) -> set[str]:
    """What the history of switches holds."""
    found, cursor = set(), ""
    while cursor is not None:
        path = "/ops/v1/switches/history?page_size=100" + (cursor and f"&cursor={cursor}")
        page = town.staff("operator").get(path).json()
        found |= {item["reason"] for item in page["items"]}
        cursor = page["next_cursor"]
    return found


def test_fault_F19_without_postgres_nothing_is_accepted_and_the_catalogue_goes_on(county: County, town: Town) -> None:
    town.heal()
    serve = mark(county, "serve").pid
    phone, operator = town.phone(), town.staff("operator")
    openid, wechat = town.persona()["openid"], town.twin("wechat").url
    public = {name: reading(town, path) for name, path in PUBLIC.items()}
    _seen_by_both(county, list(public.values()))
    with Load(public, rate=20) as load:
        with gone(county, "postgres"):
            time.sleep(1)
            code = requests.post(f"{wechat}/twin/login-codes", json={"openid": openid}, timeout=SECONDS).json()["code"]
            refused = [
                operator.patch("/ops/v1/services/vehicle-list", {"enabled": False, "reason": f"never accepted {n}"})
                for n in range(4)
            ]
            refused += [phone.call("vehicle-list"), phone.post("/sessions", {"code": code})]
            keyed = [
                phone.post("/services/vehicle-list/calls", {"fields": {}}, Idempotency_Key=f"f19-{n}") for n in range(4)
            ]
            lacking = Phone(town.base_url).get("/readyz")
            time.sleep(1)
        back = time.monotonic()
        assert eventually(lambda: ready(town) and well(town), 60)
        print(f"postgres was back after {time.monotonic() - back:.1f} s")
    for answer in refused + keyed:
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (503, "STORE_UNAVAILABLE"), answer.text
        assert problem["retry_after"] >= 1 and problem["origin"] == "hub"
        assert answer.elapsed.total_seconds() <= D + 6
    assert lacking.status_code == 503 and lacking.json()["missing"] == ["database"]
    assert {each.status for each in load.heard} == {200}, told(load.heard)
    assert not [reason for reason in reasons(town) if reason.startswith("never accepted")]
    assert mark(county, "serve").pid == serve
    # The code of the login that was refused was not used up, nor was a key.
    # One of the workers may still find out that its connections are gone: it says so, and is asked again.
    assert eventually(lambda: Phone(town.base_url).post("/sessions", {"code": code}).status_code == 201, 30)
    answers = [phone.post("/services/vehicle-list/calls", {"fields": {}}, Idempotency_Key=f"f19-{n}") for n in range(4)]
    assert {answer.status_code for answer in answers} <= {200, 503} and answers[-1].status_code == 200
    assert not any("Idempotency-Replayed" in answer.headers for answer in answers)


def test_fault_F20_postgres_is_killed_under_load_and_what_was_accepted_is_there(county: County, town: Town) -> None:
    """Each change that was answered with 200 is in the history, each that was refused is not."""
    town.heal()
    operator, example = town.staff("operator"), town.example("housing_fund")
    answered: dict[str, int] = {}
    kinds = {"call": calling(town, example), "list": reading(town, "/services"), "themes": reading(town, "/themes")}
    first = mark(county, "postgres").pid
    with Load(kinds, rate=20) as load:
        started = time.monotonic()
        for number in range(40):
            if number == 10:
                kill(county, "postgres")
            reason = f"under load {number}"
            try:
                body = {"enabled": True, "notice": {"zh": f"第{number}次", "en": f"{number}"}, "reason": reason}
                answered[reason] = operator.patch("/ops/v1/services/pension-status", body).status_code
            except requests.RequestException:
                answered[reason] = 0
            time.sleep(0.1)
        assert eventually(lambda: mark(county, "postgres").pid != first and ready(town) and well(town), 60)
        assert time.monotonic() - started < 90
    kept = reasons(town)
    assert [reason for reason, status in answered.items() if status == 200 and reason not in kept] == []
    assert [reason for reason, status in answered.items() if status == 503 and reason in kept] == []
    assert set(answered.values()) <= {200, 503}, answered
    assert list(answered.values()).count(200) >= 10
    seen = {(each.status, each.code) for each in load.heard}
    assert seen <= {(200, ""), (503, "STORE_UNAVAILABLE")}, told(load.heard)
    assert max(each.took for each in load.heard) <= D + 6


def test_fault_F22_postgres_is_frozen_and_nobody_hangs(county: County, town: Town) -> None:
    town.heal()
    wechat, openid = town.twin("wechat").url, town.persona()["openid"]

    def sign_in(session: requests.Session) -> requests.Response:
        code = session.post(f"{wechat}/twin/login-codes", json={"openid": openid}, timeout=SECONDS).json()["code"]
        return session.post(f"{town.base_url}/api/v1/sessions", json={"code": code}, timeout=SECONDS)

    kinds = {
        "list": reading(town, "/services"), "search": reading(town, "/services?q=养老"), "login": sign_in,
        "call": calling(town, town.example("social_security")), "departments": reading(town, "/departments"),
        "ready": lambda session: session.get(f"{town.base_url}/readyz", timeout=SECONDS),
    }  # fmt: skip
    _seen_by_both(county, [kinds["list"], kinds["departments"]])
    with Load(kinds, rate=12, threads=60) as load:
        time.sleep(1)
        with frozen(county, "postgres"):
            time.sleep(9)  # who waited for it to the end would take longer than D + 4
        thawed = load.now
        assert eventually(lambda: ready(town) and well(town), 60)
        time.sleep(1)
    slow = [each for each in load.heard if each.took > D + 4]
    assert not slow, (sorted((each.kind, round(each.at, 1), round(each.took, 1)) for each in slow), told(load.heard))
    calm = unhurried(load.heard, "OVERLOADED")
    seen = {(each.status, each.code) for each in calm}
    assert seen <= {(200, ""), (201, ""), (503, "STORE_UNAVAILABLE")}, told(load.heard)
    assert {each.status for each in calm if each.kind in ("list", "departments")} == {200}, told(load.heard)
    assert [each for each in load.heard if each.at > thawed]

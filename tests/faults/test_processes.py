"""F25: processes of the hub killed in the middle of their work; the same key has one result."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.county import County, start_county
from tests.faults.conftest import calling, reading
from tests.faults.load import Load, told, wrong
from tests.faults.machine import mark, workers
from tests.phone import SECONDS, Phone, eventually
from tests.town import Town


def keyed(town: Town, key: str) -> requests.Response | None:
    """As a phone does: the same key again until there is an answer."""
    url = f"{town.base_url}/api/v1/services/vehicle-list/calls"
    headers = {"Authorization": f"Bearer {town.phone().token}", "Idempotency-Key": key, "Connection": "close"}
    try:
        return requests.post(url, json={"fields": {}}, headers=headers, timeout=SECONDS)
    except requests.RequestException:
        return None


def test_fault_F25_workers_are_killed_mid_request_and_the_same_key_has_one_result(county: County, town: Town) -> None:
    town.heal()
    first: dict[str, dict[str, object]] = {}
    seen: list[int] = []
    took: list[float] = []
    lock, ended = threading.Lock(), threading.Event()

    def visit(number: int) -> None:
        turn = 0
        while not ended.is_set():
            key = f"f25-{number}-{turn}"
            turn += 1
            started = time.monotonic()
            answer = keyed(town, key)
            with lock:
                took.append(time.monotonic() - started)
                seen.append(answer.status_code if answer is not None else 0)
                if answer is not None and answer.status_code == 200:
                    first[key] = answer.json()
                else:
                    first.setdefault(key, {})

    with town.twin("vehicle_administration").sick(latency_ms=300), ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(visit, number) for number in range(8)]
        for _ in range(3):
            time.sleep(1.2)
            os.kill(workers(county)[0], signal.SIGKILL)
        time.sleep(1.5)
        ended.set()
        for job in jobs:
            job.result()
    assert set(seen) <= {200, 0, 503}, seen
    assert seen.count(200) > 20
    assert max(took) < 20, sorted(took)[-10:]  # a connection that is lost is lost at once
    assert eventually(lambda: len(workers(county)) == 2, 60)
    answered = [key for key, body in first.items() if body]
    for key in answered[-30:]:
        again = keyed(town, key)
        assert again is not None and again.status_code == 200, key
        assert again.json() == first[key]
    # A key whose runner was killed says so, and is free again when its time is over.
    for key in [key for key, body in first.items() if not body]:
        answer = keyed(town, key)
        assert answer is not None
        assert answer.status_code == 200 or answer.json()["code"] == "IDEMPOTENCY_IN_PROGRESS", answer.text


def test_fault_F25_a_worker_killed_costs_only_what_it_had_in_hand(county: County, town: Town) -> None:
    town.heal()
    kinds = {"call": calling(town, town.example("household_registration")), "list": reading(town, "/services")}
    with Load(kinds, rate=20, threads=8) as load:
        time.sleep(1)
        os.kill(workers(county)[0], signal.SIGKILL)
        time.sleep(4)
    lost = [each for each in load.heard if each.status == 0]
    assert len(lost) <= 8 + 2, told(load.heard)
    assert not wrong(load.heard, 200, 0)
    assert eventually(lambda: len(workers(county)) == 2, 60)


def test_fault_F25_the_whole_demo_is_killed_and_started_again(county: County, town: Town) -> None:
    """kill -9 of the supervisor: what it started ends with it; sessions, overrides and kept answers are there again."""
    town.heal()
    phone, operator = town.phone(), town.staff("operator")
    before = keyed(town, "before the crash".replace(" ", "-"))
    assert before is not None and before.status_code == 200
    off = {"enabled": False, "notice": {"zh": "明天再来。", "en": "Tomorrow."}, "reason": "before the crash"}
    switched = operator.patch("/ops/v1/services/pension-status", off)
    assert switched.status_code == 200, switched.text
    serve = mark(county, "serve")
    os.kill(county.process.pid, signal.SIGKILL)
    county.process.wait(60)
    assert eventually(lambda: not serve.members(), 30)
    county.process = start_county(county.home, county.port).process
    assert phone.get("/me").status_code == 200
    again = keyed(town, "before-the-crash")
    assert again is not None and again.json() == before.json()
    closed = Phone(town.base_url, phone.token).call("pension-status")
    assert (closed.status_code, closed.json()["code"]) == (503, "SERVICE_DISABLED")
    assert closed.json()["notice"] == "明天再来。"
    assert operator.get("/ops/v1/services/pension-status").json()["override"]["enabled"] is False

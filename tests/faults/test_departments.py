"""F2, F8: departments that hang or answer nothing but 500 harm nobody but their own callers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import requests

from tests.faults.conftest import calling, reading
from tests.faults.load import Load, told, wrong
from tests.phone import SECONDS, eventually
from tests.town import Town

SICK = ("medical_insurance", "civil_affairs", "housing_fund")
WELL = ("household_registration", "social_security", "vehicle_administration")
D = 3.0


@contextlib.contextmanager
def all_sick(town: Town, **toxics: object) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for system in SICK:
            stack.enter_context(town.twin(system).sick(**toxics))
        yield


def calls(town: Town, system: str) -> int:
    """How often the department was asked."""
    return int(requests.get(f"{town.twin(system).url}/twin/records", timeout=SECONDS).json()["calls"])


def test_fault_F2_half_of_the_departments_hang_and_the_others_answer_as_before(town: Town) -> None:
    town.heal()
    well = {system: calling(town, town.example(system)) for system in WELL} | {"list": reading(town, "/services")}
    sick = {system: calling(town, town.example(system)) for system in SICK}
    with Load(well, rate=20) as before:
        time.sleep(3)
    with all_sick(town, hang=True), Load(well, rate=20) as load, Load(sick, rate=15, threads=48) as others:
        time.sleep(7)
    assert not wrong(load.heard, 200)
    assert len(load.heard) > 100
    usual, now = (sorted(each.took for each in several) for several in (before.heard, load.heard))
    assert now[len(now) // 2] <= 3 * usual[len(usual) // 2] + 1
    # The kept answer of an hour ago, marked as such, is a good answer too.
    assert {each.status for each in others.heard} <= {200, 503, 504}, told(others.heard)
    assert max(each.took for each in others.heard) <= D + 6
    town.heal()


def test_fault_F8_a_department_of_500s_is_left_alone_and_found_well_again(town: Town) -> None:
    """With an answer kept, callers get it marked stale; the department is asked by few, and healed within 15 s."""
    town.heal()
    system = "housing_fund"
    example = town.example(system)
    phone = town.phone()
    assert phone.call(example["service"], **example["fields"]).status_code == 200
    with town.twin(system).sick(status=500):
        asked = calls(town, system)
        with Load({"sick": calling(town, example)}, rate=20) as load:
            time.sleep(8)
        asked = calls(town, system) - asked
        stale = phone.call(example["service"], **example["fields"])
    assert not wrong(load.heard, 200)
    assert stale.json()["source"]["stale"] is True
    # Two workers: each opens after five; every read may be tried once more; then probes only.
    assert asked <= 2 * (2 * 5 + 4), asked
    assert eventually(lambda: not phone.call(example["service"], **example["fields"]).json()["source"]["stale"], 30)


def test_fault_F40_nobody_is_asked_more_often_because_it_fails(town: Town) -> None:
    """Reads are tried again at most once, and within a tenth of the calls of the last minute."""
    town.heal()
    example = town.example("vehicle_administration")
    with Load({"well": calling(town, example)}, rate=25) as load:
        time.sleep(4)
    with town.twin("vehicle_administration").sick(status=500):
        before = calls(town, "vehicle_administration")
        with Load({"sick": calling(town, example)}, rate=25) as sick:
            time.sleep(3)
        asked = calls(town, "vehicle_administration") - before
    clients = len(sick.heard)
    assert asked <= 1.1 * clients + 2, (asked, clients)
    assert len(load.heard) > 60
    town.heal()

"""F29, F30: broken configuration and switches flipped, under load, on every worker."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import requests

from tests.county import County
from tests.faults.conftest import calling, reading
from tests.faults.load import Load, told, wrong
from tests.faults.machine import workers
from tests.phone import SECONDS, Phone, eventually
from tests.town import Town

BOMB = "a: &a [1,1]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\n"
SERVICE = "services/vehicle-list.yaml"


def spoiled(file: str, text: str) -> list[str]:
    """Twenty ways in which an editor, a copy or a hand leaves a file."""
    lines = text.splitlines(keepends=True)
    return [
        "", "\n", text[: len(text) // 2], text[: len(text) // 3] + '"', BOMB, text + BOMB, "- a\n- b\n", "nothing",
        text + "\t\n\tx: 1\n", text + lines[0], text + "unknown_key: 1\n", "\ufeff{", "{" * 500, "a: 1\na: 2\n",
        "x: !!python/object:os.system {}\n", text.replace(":", "", 1), "\x00" + text, "é" * 10 + ": [", "? ? ?\n",
        text.replace("zh:", "zh: [", 1),
    ]  # fmt: skip


def problems(town: Town) -> list[str]:
    """What each of several looks at /readyz says is wrong with the configuration."""
    answers = [requests.get(f"{town.base_url}/readyz", timeout=SECONDS) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    return [each.get("problem", "") for a in answers for each in a.json()["degraded"] if each["what"] == "config"]


@pytest.mark.parametrize("file", ["hub.yaml", SERVICE, "systems.yaml"])
def test_fault_F29_broken_files_never_take_effect(county: County, town: Town, file: str) -> None:
    town.heal()
    path: Path = county.config / file
    good = path.read_text(encoding="utf-8")
    kinds = {
        "call": calling(town, town.example("vehicle_administration")), "list": reading(town, "/services"),
        "detail": reading(town, "/services/vehicle-list"), "themes": reading(town, "/themes"),
    }  # fmt: skip
    named = re.compile(r"[a-z-]+\.yaml:\d+:\d+: ")  # what does not fit together any more may be told of another file
    unseen = []
    version = town.staff("operator").get("/ops/v1/config").json()["version"]
    with Load(kinds, rate=20) as load:
        try:
            for number, text in enumerate(spoiled(file, good)):
                path.write_text(text, encoding="utf-8")
                if number % 4 == 0:  # wait until it is noticed; the others come as fast as a hand that tries again
                    if not eventually(lambda: len([p for p in problems(town) if named.search(p)]) == 8, 20):
                        unseen.append((number, text[:40], problems(town)[:2]))
                else:
                    time.sleep(0.1)
        finally:
            path.write_text(good, encoding="utf-8")
        assert eventually(lambda: not problems(town), 20)
    assert not unseen, unseen
    assert not wrong(load.heard, 200)
    assert len(load.heard) > 30
    assert town.staff("operator").get("/ops/v1/config").json()["version"] == version


def test_fault_F30_a_switch_flipped_fifty_times_under_load(county: County, town: Town) -> None:
    """No 500, and soon after each flip both workers agree."""
    town.heal()
    assert len(workers(county)) == 2
    example = town.example("housing_fund")
    operator, url = town.staff("operator"), f"/ops/v1/services/{example['service']}"
    notice = {"zh": "正在升级。", "en": "Upgrading."}
    phone = town.phone()

    def heard() -> set[int]:
        return {Phone(town.base_url, phone.token).call(example["service"]).status_code for _ in range(12)}

    late = []
    with Load({"call": calling(town, example), "list": reading(town, "/services")}, rate=20) as load:
        for number in range(50):
            on = number % 2 == 1
            changed = operator.patch(url, {"enabled": on, "notice": notice, "reason": f"flip {number}"})
            assert changed.status_code == 200, changed.text
            if number % 7 == 0:
                wanted = 200 if on else 503
                if not eventually(lambda wanted=wanted: heard() == {wanted}, 10):
                    late.append((number, heard()))
    assert not late, late
    assert not wrong([each for each in load.heard if each.code != "SERVICE_DISABLED"], 200)
    assert {each.status for each in load.heard if each.kind == "list"} == {200}, told(load.heard)
    assert town.phone().call(example["service"]).status_code == 200

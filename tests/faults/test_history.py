"""The judge is judged first: it must see one that is lost and one that is doubled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.history import Verdict, judge, read


def run(count: int = 5, system: str = "register") -> list[dict[str, Any]]:
    return [
        {"op": op, "receipt": f"XT{number}", "key": f"XT{number}", "system": system}
        for number in range(count)
        for op in ("invoke", "ok")
    ]


NAMES = [f"XT{number}" for number in range(5)]
SETTLED = dict.fromkeys(NAMES, "settled")


def test_a_good_run_is_good() -> None:
    assert judge(run(), SETTLED, NAMES).good
    assert judge(run(), {**SETTLED, "XT3": "rejected"}, [name for name in NAMES if name != "XT3"]).good


def test_one_lost_is_red() -> None:
    verdict = judge(run(), SETTLED, NAMES[1:])
    assert verdict.lost == ["XT0"] and not verdict.good
    forgotten = judge(run(), {name: "settled" for name in NAMES[1:]}, NAMES[1:])
    assert forgotten.lost == ["XT0"], "a receipt was given and nobody knows it"


def test_one_doubled_is_red() -> None:
    verdict = judge(run(), SETTLED, [*NAMES, "XT4"])
    assert verdict.doubled == ["XT4"] and not verdict.good
    unacknowledged = judge(run()[:-1], SETTLED, [*NAMES, "XT4"])
    assert unacknowledged.doubled == ["XT4"], "told or not, nothing may be there twice"


@pytest.mark.parametrize("state", ["ready", "inflight", "unknown", "manual"])
def test_what_is_left_open_is_red_where_the_department_could_be_asked(state: str) -> None:
    verdict = judge(run(), {**SETTLED, "XT2": state}, NAMES)
    assert verdict.unresolved == ["XT2"] and not verdict.good


def test_a_person_may_be_needed_where_nothing_can_be_asked() -> None:
    open_ = {**SETTLED, "XT2": "manual"}
    for records in (NAMES, [name for name in NAMES if name != "XT2"]):
        verdict = judge(run(system="silent"), open_, records, may_be_by_hand={"silent"})
        assert verdict.good and verdict.by_hand == ["XT2"]
    assert not judge(run(system="silent"), {**SETTLED, "XT2": "unknown"}, NAMES, {"silent"}).good
    assert judge(run(system="silent"), open_, [*NAMES, "XT2"], {"silent"}).doubled == ["XT2"]


def test_a_no_that_is_on_file_and_a_record_of_nobody_are_red() -> None:
    assert judge(run(), {**SETTLED, "XT1": "rejected"}, NAMES).unresolved == ["XT1"]
    assert judge(run(), SETTLED, [*NAMES, "other"]).strangers == ["other"]


def test_who_was_told_nothing_may_be_there_or_not() -> None:
    history = run()[:-1]
    assert judge(history, SETTLED, NAMES).good
    assert judge(history, {name: "settled" for name in NAMES[:4]}, NAMES[:4]).good
    assert judge(history, {name: "settled" for name in NAMES[:4]}, NAMES).strangers == ["XT4"]


def test_half_a_line_of_a_dead_clerk_is_none(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text('{"op": "invoke", "receipt": "XT1", "key": "XT1", "system": "a"}\n{"op": "o', encoding="utf-8")
    assert len(read(path)) == 1
    assert isinstance(judge(read(path), {}, []), Verdict)

"""A recorded answer becomes a sample: nothing of the person is left, its shape stays, and the adapter reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.fields import id_check
from hub.systems.anonymous import AREA, Inventor
from hub.systems.drafted import checked
from hub.systems.leaves import in_html, in_json, in_xml
from hub.systems.opening import Recording, recordings, replayed
from hub.systems.sampling import anonymised, left_over

ADAPTERS = Path(__file__).parents[2] / "adapters"
EVERY = [each for path in sorted(ADAPTERS.glob("*/system.yaml")) for each in recordings(path.parent)]


def _of_nobody(answer: Mapping[str, Any]) -> set[str]:
    """What is answered that tells nothing of a person: a township, a month."""
    told = [answer["fields"], *(each["fields"] for each in answer.get("lists", {}).values())]
    return {name for fields in told for name, entry in fields.items() if entry["class"] < 3}


@pytest.mark.parametrize("recording", EVERY, ids=lambda each: f"{each.folder.name}-{each.sample}")
def test_threat_no_personal_value_is_left_and_it_still_reads(recording: Recording) -> None:
    facts = checked(recording.folder)
    inventor = Inventor()
    asked = {name: inventor(value) if isinstance(value, str) else value for name, value in recording.asked.items()}
    body, _ = anonymised(recording.body, facts, recording.operation, inventor)
    assert left_over(body, facts["encoding"], inventor) == 0
    text = body.decode("gb18030" if facts["encoding"] != "utf-8" else "utf-8")
    answer = facts["operations"][recording.operation]["answer"]
    for name, value in recording.asked.items():
        assert str(value) not in text or isinstance(value, int) or name in _of_nobody(answer)
    also = {
        path: anonymised((recording.folder / "samples" / name).read_bytes(), facts, recording.operation, inventor)[0]
        for path, name in recording.also.items()
    }
    reply = replayed(recording, body, before=also, asked=asked)
    told, then = reply.fields, recording.fields or {}
    assert told.keys() == then.keys()
    for name, entry in answer["fields"].items():
        if entry["class"] >= 3 and entry["as"] != "code" and isinstance(then[name], str):
            assert told[name] != then[name], name
        if entry["class"] < 3 or entry["as"] == "code":
            assert told[name] == then[name], name


def test_the_same_value_becomes_the_same_and_no_way_leads_back() -> None:
    one, other = Inventor(), Inventor()
    assert one("韩山福") == one(" 韩山福 ").strip() and one("362623190205121932") == one("362623190205121932")
    assert len({Inventor()("362623190205121932") for _ in range(20)}) > 15
    assert one("13800138000") != other("13800138000")


@pytest.mark.parametrize("value", ["01", "7", "A", "王", "2025-01"])
def test_threat_a_short_value_is_never_drawn_as_itself(value: str) -> None:
    assert value not in {Inventor()(value) for _ in range(2000)}


@pytest.mark.parametrize("value", ["362623190205121932", "110101199003070038", "36042519880101123X"])
def test_an_invented_id_number_is_nobodys_and_well_formed(value: str) -> None:
    invented = Inventor()(value)
    assert invented.startswith(AREA) and invented != value and invented[-1] == id_check(invented[:17])


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("13800138000", r"154\d{8}"),
        ("2024-02-29", r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
        ("1924年04月15日", r"\d{4}年\d{2}月\d{2}日"),
        ("2025-01", r"\d{4}-(0[1-9]|1[0-2])"),
        ("18957.10", r"\d{5}\.\d{2}"),
        ("赣G12345", r"[一-鿿][A-Z]\d{5}"),
        ("幸福路12号3单元", r"[一-鿿]{2}路\d{2}号\d单元"),
    ],
)
def test_the_shape_stays(value: str, shape: str) -> None:
    for _ in range(50):
        assert re.fullmatch(shape, Inventor()(value)), Inventor()(value)


def test_a_name_in_a_message_goes_too() -> None:
    inventor = Inventor()
    inventor("韩山福")
    told = inventor.loose("韩山福您好，号码 13800138000 已登记，证件 362623190205121932。")
    assert "韩山福" not in told and "13800138000" not in told and "362623190205121932" not in told


def test_everything_else_of_the_text_stays() -> None:
    text = '{ "a" : "x\\u4e00",\n "b": [1, 2.50, true, null], "c": {"d": "y"}}'
    assert in_json(text, lambda path, value: value) == text.replace("\\u4e00", "一")
    seen: list[tuple[str, str]] = []
    in_json(text, lambda path, value: seen.append((path, value)) or value)  # type: ignore[func-returns-value]
    assert seen == [("a", "x一"), ("b", "1"), ("b", "2.50"), ("c.d", "y")]
    xml = '<?xml version="1.0"?><a:r xmlns:a="u"><a:b>1 &amp; 2</a:b><c/><d>\n</d></a:r>'
    assert in_xml(xml, lambda path, value: value) == xml
    page = "<table><tr><th>姓　名：</th><td>甲</td></tr></table>"
    assert in_html(page, lambda path, value: {"姓名": "乙"}[path], frozenset({"姓名"})) == page.replace("甲", "乙")

"""What several departments say of one person or company, joined: no value wins because it came first."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from marshmallow import ValidationError

from hub.clock import CHINA
from hub.errors import Problem
from hub.exchange import rules
from hub.exchange.joining import Joined, Said, Told, joined
from hub.settings.sharing_schema import ResourceSourceSchema
from hub.settings.sharing_shapes import Source

TODAY, NOW = date(2026, 11, 26), datetime(2026, 11, 26, 10, tzinfo=CHINA)
OF_ALL = ("name", "org_name", "credit_code", "domicile", "birth_date", "id_number")
BY_NUMBER: dict[str, Any] = {"system": "some", "operation": "ask", "by": ["id_number"], "fields": {"name": "xm"}}


def told(resource: str, *rows: dict[str, Any], minutes: int = 0) -> Told:
    at = NOW + timedelta(minutes=minutes)
    return Told(Said(resource, "bureau", "system", at, uuid4(), "daily"), {"domicile": "住所"}, rows)


def field(name: str, *parts: Told) -> Joined:
    return next(each for each in joined(parts, OF_ALL, TODAY) if each.field == name)


@pytest.mark.parametrize(
    ("name", "one", "other", "state"),
    [
        ("domicile", "示范路1号", "示范路1号", "agreed"),
        ("domicile", "示范路1号", "示范路２号", "conflict"),
        ("domicile", "示范路1号", "示范路１号", "spelling"),
        ("org_name", "示范（虚构）公司", "示范(虚构)公司", "spelling"),
        ("org_name", "示范公司", "示范有限公司", "conflict"),
        ("name", "王䶮", "王?", "spelling"),
        ("name", "王䶮", "WANG YAN", "spelling"),
        ("name", "王䶮", "李秀英", "conflict"),
        ("birth_date", "1902-05-12", "1903-05-12", "conflict"),
        ("birth_date", date(1902, 5, 12), "1902-05-12", "agreed"),
        ("id_number", "362623190205121932", "362623020512193", "spelling"),
        ("id_number", "362623190205121932", "362623191206116013", "conflict"),
    ],
)
def test_feat_S15_how_two_departments_values_stand_to_each_other(name: str, one: Any, other: Any, state: str) -> None:
    for first, second in ((one, other), (other, one)):
        found = field(name, told("a", {name: first}), told("b", {name: second}, minutes=1))
        assert found.state == state
        assert [[said.resource for said in each.said] for each in found.values] == (
            [["a", "b"]] if state == "agreed" else [["a"], ["b"]])  # fmt: skip
        assert {said.at for each in found.values for said in each.said} == {NOW, NOW + timedelta(minutes=1)}


def test_feat_S15_a_department_that_contradicts_itself_is_a_conflict_too() -> None:
    assert field("domicile", told("a", {"domicile": "此处"}, {"domicile": "彼处"})).state == "conflict"
    assert field("domicile", told("a", {"domicile": "此处"}, {"domicile": "此处"})).state == "single"


def test_feat_S15_what_nobody_tells_is_no_value_and_what_is_one_departments_own_is_not_joined() -> None:
    parts = told("a", {"domicile": None, "name": "", "status": "normal"}), told("b", {"domicile": "此处"})
    assert [(each.field, each.label, each.state) for each in joined(parts, OF_ALL, TODAY)] == [
        ("domicile", "住所", "single")]  # fmt: skip


def test_feat_S15_a_company_is_known_by_its_code() -> None:
    source = Source("some", "ask", ("credit_code",), {"credit_code": "tyshxydm", "org_name": "mc"})
    sought = rules.sought(source, {"credit_code": "11360423DEM000014P"}, "示范局")
    assert sought and (sought.number, sought.name, sought.by_number) == ("11360423DEM000014P", "示范局", True)
    row = rules.told({"tyshxydm": "11360423DEM000014P", "mc": "示范局", "csrq": "1949-10-01"}, source)
    assert (row.number, row.name, row.born) == ("11360423DEM000014P", "示范局", "")
    assert rules.sought(Source("some", "ask", ("plate_no",), {}), {"plate_no": "赣G00001"}) is None


def test_feat_S15_a_source_is_asked_in_its_own_words() -> None:
    source = Source("some", "ask", ("id_number", "name"), {}, asks={
        "csrq": "birth_date", "xm": "name_pinyin", "sfzh": "id_number_15", "full": "id_number"})  # fmt: skip
    given = {"id_number": "362623190205121932", "name": "韩山福"}
    assert rules.asked_with(source, given) == {
        "csrq": "1902-05-12", "xm": "HAN SHANFU", "sfzh": "362623020512193", "full": "362623190205121932"}  # fmt: skip
    with pytest.raises(Problem) as refused:
        rules.asked_with(source, {**given, "name": "\U00030000"})
    assert (refused.value.code, refused.value.faults[0].path) == ("NAME_NOT_REPRESENTABLE", "subject.name")


def test_what_a_source_is_asked_with_has_to_be_known() -> None:
    with pytest.raises(ValidationError) as refused:
        ResourceSourceSchema().load({**BY_NUMBER, "asks": {"xm": "name_pinyin", "dh": "phone"}})
    assert refused.value.messages == {"asks": {"xm": ["needs name in by"], "dh": ["needs phone in by"]}}
    with pytest.raises(ValidationError):
        ResourceSourceSchema().load({**BY_NUMBER, "whose": {"shoe_size": "xm"}})
    assert ResourceSourceSchema().load({**BY_NUMBER, "asks": {"csrq": "birth_date"}}).asks == {"csrq": "birth_date"}

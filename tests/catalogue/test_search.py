"""Finding services: everyday words, pinyin, initials, one slip, codes; filters, order, pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.catalogue.misses import DIFFERENT, missed
from hub.catalogue.rules import Query
from hub.catalogue.service import Catalogue
from hub.errors import Problem
from tests.catalogue.conftest import Room, opened
from tests.county import ROOT

DATA = Path(__file__).parent / "data"
COUNTY = ROOT / "hub/demo/county/service_items.json"


@pytest.fixture(scope="module")
def filled(
    make_database: Callable[[], str], hub_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Room]:
    """The county's 300 items beside the twelve services, and 124 of a district elsewhere."""
    with opened(make_database(), hub_home, tmp_path_factory.mktemp("catalogue") / "config") as room:
        for path, scheme in ((COUNTY, "county"), (DATA / "sample_5_departments.json", "sichuan")):
            assert room.take(path, scheme).refused == 0
        yield room


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("户籍居住证明", "户籍居住证明查询"),  # as it is called
        ("看病的钱", "医保个人账户余额查询"),  # an everyday name in the service's file
        ("hjdj", "户籍居住证明查询"),  # initials of an everyday name (户籍登记证明)
        ("ybgrzh", "医保个人账户余额查询"),
        ("gongjijin", "住房公积金账户查询"),  # pinyin
        ("zhufanggongj", "住房公积金账户查询"),  # pinyin, still typing
        ("户藉登记", "户籍居住证明查询"),  # one wrong character
        ("公几金余额", "住房公积金账户查询"),
        ("医宝余额", "医保个人账户余额查询"),  # it only sounds the same
        ("工鸡金", "住房公积金账户查询"),
        ("社会缴费查询", "社会保险缴费明细查询"),  # some characters left out
        ("医保 余额", "医保个人账户余额查询"),  # two words, both needed
        ("怎么查公积金", "住房公积金账户查询"),  # with what people say around it
        ("身份证丢了", "居民身份证补领"),  # what people say for it
        ("pension", "养老金待遇查询"),  # English title
        ("ＹＢＹＥ", "医保个人账户余额查询"),  # full-width letters
        ("changqijuzhu", "异地长期居住人员备案登记"),  # 长 is read chang here
        ("zqjz", "异地长期居住人员备案登记"),  # or typed by its other reading
    ],
)
def test_feat_X14_finds(filled: Room, said: str, meant: str) -> None:
    assert meant in filled.titles(said)


def test_feat_S13_twenty_tasks_by_everyday_words(filled: Room) -> None:
    """The one that is meant is among the first five."""
    for said, meant in {
        "医保卡余额": "医保个人账户余额查询",
        "看病报销记录": "医保费用结算记录查询",
        "户口本": "家庭户成员信息查询",
        "户籍证明": "户籍居住证明查询",
        "结婚证": "婚姻登记记录查询",
        "低保": "社会救助金发放查询",
        "社保": "社会保险缴费明细查询",
        "退休金": "养老金待遇查询",
        "公积金余额": "住房公积金账户查询",
        "公积金明细": "住房公积金缴存明细查询",
        "违章": "本人名下机动车查询",
        "我的信息": "我的档案",
        "补身份证": "居民身份证补领",
        "上户口": "出生登记",
        "领结婚证": "内地居民结婚登记",
        "取公积金": "租房提取公积金",
        "外地看病": "临时外出就医备案",
        "失业金": "失业保险金申领",
        "社保卡丢了": "社会保障卡挂失",
        "开公司": "有限责任公司设立登记",
    }.items():
        assert meant in filled.titles(said, region="360423")[:5], (said, filled.titles(said, region="360423")[:5])


def test_exact_before_close(filled: Room) -> None:
    """Slips are forgiven only when nothing is called so."""
    assert "医疗机构校验" in filled.titles("医疗机构校验")
    assert all("医疗机构" in title for title in filled.titles("医疗机构"))


@pytest.mark.parametrize(
    "code",
    [
        "360Z0250030003-360423000000-000-11360423DEM00025XL-1-00",  # task code
        "360025003003",  # base code
        "YB-CX-003",  # local code
        "yb-cx-003",
        " 360Z0250030003-360423000000-000-11360423DEM00025XL-1-00 ",
        "360Z0250030003",  # what stands before the first dash
    ],
)
def test_feat_B2_any_code_finds_the_item(filled: Room, code: str) -> None:
    items = filled.catalogue.search(Query(q=code), "zh").items
    assert [item["id"] for item in items] == ["medical-insurance-balance"]


def test_feat_B2_codes_are_kept_as_they_are(filled: Room) -> None:
    for path in (COUNTY, DATA / "sample_5_departments.json"):
        for code in _codes(path):
            found = [item["codes"]["task_code"] for item in filled.catalogue.search(Query(q=code), "zh").items]
            assert found == [code]


def _codes(path: Path) -> list[str]:
    published = json.loads(path.read_text(encoding="utf-8"))
    if "item_code" in published[0]:
        return [item["item_code"] for item in published]
    links = [sub["link"] for department in published for main in department["items"] for sub in main["sub_items"]]
    return [link.split("itemCode=")[1].split("&")[0] for link in links]


def test_services_that_can_be_used_come_first(filled: Room) -> None:
    first = filled.catalogue.search(Query(page_size=12), "zh").items
    assert {item["kind"] for item in first} == {"query", "application"}
    assert [item["id"] for item in filled.catalogue.search(Query(q="公积金", region="360423"), "zh").items][:2] == [
        "housing-fund-account",
        "housing-fund-records",
    ]


def test_an_item_that_a_service_stands_for_is_not_listed_twice(filled: Room) -> None:
    assert "公积金缴存查询" not in filled.titles("公积金")
    every = [item["codes"]["task_code"] for item in _all(filled.catalogue, Query(page_size=100))]
    assert len(every) == len(set(every))


def test_filters(filled: Room) -> None:
    for name, value in {"department": "police", "kind": "query", "audience": "company", "theme": "housing"}.items():
        found = filled.catalogue.search(Query(page_size=100, **{name: value}), "zh").items
        assert found, name
        for item in found:
            assert value in (item[name] if name != "theme" else item["themes"]) or item.get(name) == "both"


@pytest.mark.parametrize(
    ("region", "least", "most"),
    [("360423", 300, 312), ("360400", 300, 312), ("360000", 300, 312), ("511602", 124, 124), ("360423100", 0, 0),
     ("370000", 0, 0)],
)  # fmt: skip
def test_region_and_all_below_it(filled: Room, region: str, least: int, most: int) -> None:
    assert least <= len(_all(filled.catalogue, Query(region=region, page_size=100))) <= most


@pytest.mark.parametrize(
    "filters", [{}, {"region": "360423"}, {"q": "登记"}, {"q": "登记", "region": "360423"}, {"q": "djzb"}]
)
def test_row_U10_pages_are_whole_and_in_one_order(filled: Room, filters: dict[str, str]) -> None:
    large = [item["id"] for item in _all(filled.catalogue, Query(page_size=100, **filters))]
    small = [item["id"] for item in _all(filled.catalogue, Query(page_size=7, **filters))]
    assert small == large
    assert len(small) == len(set(small))


def _all(catalogue: Catalogue, query: Query) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(200):
        page = catalogue.search(replace(query, cursor=cursor), "zh")
        items += page.items
        cursor = page.next_cursor or ""
        if not cursor:
            return items
    raise AssertionError("no end")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cursor: cursor[:-1],
        lambda cursor: ("A" if cursor[0] != "A" else "B") + cursor[1:],
        lambda cursor: cursor + "AAAA",
        lambda _: "x" * 30,
        lambda _: "é",
    ],
)
def test_row_B79_a_forged_cursor(filled: Room, spoil: Callable[[str], str]) -> None:
    cursor = filled.catalogue.search(Query(page_size=5), "zh").next_cursor
    assert cursor
    assert len(cursor) <= 200
    with pytest.raises(Problem) as refused:
        filled.catalogue.search(Query(page_size=5, cursor=spoil(cursor)), "zh")
    assert refused.value.code == "PAGE_INVALID"


def test_row_B79_a_cursor_of_another_question(filled: Room) -> None:
    cursor = filled.catalogue.search(Query(page_size=5, q="登记"), "zh").next_cursor
    with pytest.raises(Problem, match="PAGE_INVALID"):
        filled.catalogue.search(Query(page_size=5, q="查询", cursor=str(cursor)), "zh")


@pytest.mark.parametrize(
    "q", ["！！", "%", "_", "登_", "' OR 1=1 --", "{{7*7}}", "((((", "a" * 60, "𠮷" * 20, "~hu", "/hj", "\\"]
)
def test_row_B58_odd_words_find_nothing_and_break_nothing(filled: Room, q: str) -> None:
    assert filled.titles(q) == [] or q in ("登_", "/hj", "~hu")


def test_feat_X14_what_several_people_did_not_find_is_counted(filled: Room) -> None:
    empty(filled)
    for number in range(DIFFERENT - 1):
        assert filled.titles("宠物落户", who=f"c-{number}") == []
        filled.titles("宠物落户", who="c-0")  # often is not many
        filled.titles("宠物落户")  # not signed in: nobody knows who it is
    assert counted(filled) == []
    filled.titles("宠物落户", who="c-last")
    assert counted(filled) == [("宠物落户", 1)]
    filled.titles("宠物落户", who="c-0")
    assert counted(filled) == [("宠物落户", 2)]


@pytest.mark.parametrize(
    "said", ["赵铁柱", "欧阳铁柱", "zhaotiezhu", "13800000000", "张三110105194912310021", "赵铁柱的低保在哪里办呢"]
)
def test_feat_X14_what_one_person_searches_is_never_readable(filled: Room, said: str) -> None:
    """A name searched by everybody in the village is still a name; a longer text of one person stays a hash."""
    empty(filled)
    callers = ["c-0"] if len(said) > 6 and not said.isascii() else [f"c-{number}" for number in range(DIFFERENT + 2)]
    for who in callers:
        assert filled.titles(said, who=who) == [], said
    assert counted(filled) == []
    with filled.database.session() as session:
        everything = str(session.execute(text("SELECT t::text FROM catalogue_miss_once t")).all())
    assert said not in everything and said.encode().hex() not in everything and "c-0" not in everything


def empty(room: Room) -> None:
    counted(room)
    with room.database.session() as session:
        session.execute(text("TRUNCATE catalogue_miss, catalogue_miss_once"))


def counted(room: Room) -> list[tuple[str, int]]:
    room.clock.pass_by(seconds=15)
    room.titles("登记")  # keeps what was missed before
    with room.database.session() as session:
        return [(miss.word, miss.times) for miss in missed(session, room.clock.now().date())]


def test_language(filled: Room) -> None:
    (item,) = filled.catalogue.search(Query(q="360025003003"), "en").items
    assert item["title"] == "Medical insurance account balance"
    assert item["department_name"].isascii()

"""A department's letters, strict both ways (fault_F6, row_B53, row_B91)."""

import csv
import random
from pathlib import Path

import pytest

from adapters.protocols.charset import CHARSETS, LATIN, decode, storable, width
from hub.errors import Problem
from hub.port import Garbled

COUNTY = Path(__file__).parents[2] / "adapters/twins/county/residents.csv"
ANSWER = "<Body><RetCode>0000</RetCode><aac003>%s</aac003></Body>"


def residents() -> list[str]:
    with COUNTY.open(encoding="utf-8") as lines:
        return [row["name"] for row in csv.DictReader(lines)]


def common_names(number: int) -> list[str]:
    """Names of two to four characters of GB 2312, its rare half included."""
    rows = [bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    letters = [each.decode("gb2312") for each in rows if each < b"\xd7\xfa" or each >= b"\xd8\xa1"]
    luck = random.Random(20200415)
    return ["".join(luck.choices(letters, k=luck.randint(2, 4))) for _ in range(number)]


@pytest.mark.parametrize("frame", ["%s", ANSWER])
@pytest.mark.parametrize(
    ("pinned", "sent"),
    [("gbk", "utf-8"), ("gb18030", "utf-8"), ("utf-8", "gb18030"), (LATIN, "gb18030"), (LATIN, "utf-8")],
)
def test_fault_F6_row_B91_a_wrong_charset_is_refused(pinned: str, sent: str, frame: str) -> None:
    wrong, refused = [], 0
    names = residents() + common_names(2000)
    for name in names:
        try:
            text = decode((frame % name).encode(sent), pinned)
        except Garbled as error:
            assert error.code == "UPSTREAM_CHARSET"
            refused += 1
        else:
            wrong += [name] if text != frame % name else []
    assert not wrong
    assert refused == len(names)


@pytest.mark.parametrize("frame", ["%s", ANSWER])
@pytest.mark.parametrize(("pinned", "sent"), [("gbk", "gb18030"), ("gb2312", "gb18030"), ("utf-8", "utf-8")])
def test_the_right_charset_is_read_for_every_resident(pinned: str, sent: str, frame: str) -> None:
    for name in residents():
        assert decode((frame % name).encode(sent), pinned) == frame % name


@pytest.mark.parametrize("text", ["锟斤拷锟斤拷", "鏄撴槑", "ÕÅÈý", "Ã¥Â¼Â", "张\ufffd"])
@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_what_the_department_itself_garbled_earlier_is_refused(text: str, charset: str) -> None:
    with pytest.raises(Garbled):
        decode(text.encode(charset), charset)


@pytest.mark.parametrize("raw", [b"\xd5\xc5\xc8", b"\xff\xfe<\x00", b"\x81"])
def test_broken_bytes_are_refused(raw: bytes) -> None:
    for charset in CHARSETS:
        with pytest.raises(Garbled):
            decode(raw, charset)


def test_letters_of_medicine_are_fine_beside_chinese() -> None:
    for charset in ("utf-8", "gb18030"):
        assert decode("β-内酰胺 5μg·40°×2".encode(charset), charset) == "β-内酰胺 5μg·40°×2"


@pytest.mark.parametrize("name", ["王䶮", "𠮷祥", "㐂乐"])
def test_row_B53_what_a_gbk_system_cannot_store_is_told_before_anything_is_sent(name: str) -> None:
    with pytest.raises(Problem) as caught:
        storable("gbk")("name", name)
    assert (caught.value.code, caught.value.faults[0].path) == ("NAME_NOT_REPRESENTABLE", "name")
    assert storable("gb18030")("name", name) == name
    assert storable("utf-8")("name", name) == name


@pytest.mark.parametrize("text", ["a\x01b", "a\r\nb\x0b", "\ud800", "a\x7f", "\ufffe"])
def test_row_B60_control_characters_do_not_leave(text: str) -> None:
    with pytest.raises(Problem) as caught:
        storable("utf-8")("name", text)
    assert caught.value.code == "TEXT_CONTROL"


@pytest.mark.parametrize("text", ["縗", "a\\b", "诚|信", "亅"])
def test_row_B55_row_B56_bytes_that_break_a_department_do_not_reach_it(text: str) -> None:
    """Also as the second half of a character: 縗 is BF 5C, 亅 is 81 7C."""
    with pytest.raises(Problem) as caught:
        storable("gbk", "\\|")("name", text)
    assert (caught.value.code, caught.value.status) == ("CHAR_FORBIDDEN", 422)
    assert storable("gbk")("name", text) == text
    assert storable("gbk", "\\|")("name", "古丽·王'") == "古丽·王'"


def test_iso_8859_1_holds_nothing_but_a_few_signs_one_at_a_time() -> None:
    """In XML everything else is a character reference; Chinese bytes would pass for letters and signs."""
    assert decode("阿·买 3×4 20°C 1÷2".replace("阿", "&#38463;").replace("买", "&#20080;").encode("latin-1"), LATIN)
    for text in ("阿", "按时", "癌症", "安", "§", "ü", "··"):
        raw = text.encode("latin-1" if text in ("§", "ü", "··") else "gbk")
        with pytest.raises(Garbled) as caught:
            decode(raw, LATIN)
        assert caught.value.code == "UPSTREAM_CHARSET"
    check = storable(LATIN)
    assert check("name", "张三䶮") == "张三䶮" and width("张三", LATIN) == 6

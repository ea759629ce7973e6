"""What stands in delivered files: spreadsheets, CSV, fixed width and DBF as offices make them."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from marshmallow import ValidationError

from adapters.protocols.file_drop_text import escaped, unescaped
from hub.port import BadRow, Delivery, Garbled
from tests.protocols.dropping.office import (
    HAN,
    HEAD,
    LIN,
    Office,
    at_once,
    csv_of,
    excel,
    facts_of,
    xlsx_of,
)  # fmt: skip

CSV, XLSX = "ELDERLY_20261125.csv", "ELDERLY_20261125.xlsx"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def spreadsheet(tmp_path: Path) -> Office:
    return Office(tmp_path, change=excel)


def names(rows: Any) -> list[str]:
    return [row.fields["name"] for row in rows]


def test_a_row_becomes_a_record(office: Office) -> None:
    (han, lin), refused = office.read(CSV, csv_of(HAN, LIN))
    assert (han.dataset, han.key, han.version) == ("payments", "362623190205121932|2026-10", "2026-11-25")
    assert lin.fields == {
        "name": "林美梅", "id_number": LIN[1], "birth_date": "1900-08-22", "paid_fen": 30050, "paid_month": "2026-10",
    }  # fmt: skip
    assert not refused


def test_quirk_Q41_a_number_destroyed_by_a_spreadsheet_is_refused_with_its_place(spreadsheet: Office) -> None:
    destroyed = [HAN[0], 362623190205121932, *HAN[2:]]
    as_text = [HAN[0], "3.62623E+17", *HAN[2:]]
    kept, refused = spreadsheet.read(XLSX, xlsx_of([HEAD, destroyed, LIN, as_text, ["合计", 3]]))
    assert names(kept) == ["林美梅"]
    assert refused == [
        BadRow(f"{XLSX}/名单/2/身份证号", "NUMBER_DESTROYED"),
        BadRow(f"{XLSX}/名单/4/身份证号", "NUMBER_DESTROYED"),
    ]


@pytest.mark.parametrize(
    "cell", [date(2020, 3, 1), datetime.fromisoformat("2020-03-01"), "2020/3/1", "2020-03-01", "20200301", 43891.0,
             "43891.0", 43891, "2020年3月1日", "２０２０/３/１"],
)  # fmt: skip
def test_quirk_Q42_one_date_in_every_dress(spreadsheet: Office, cell: Any) -> None:
    kept, refused = spreadsheet.read(XLSX, xlsx_of([HEAD, [*HAN[:2], cell, *HAN[3:]], ["合计", 1]]))
    assert [row.fields["birth_date"] for row in kept] == ["2020-03-01"] and not refused


@pytest.mark.parametrize(
    "cell", ["2020/13/1", "2020/2/30", "3/1/2020", "20/3/1", 43891.5, datetime.fromisoformat("2020-03-01T08:00"), 17,
             "2020-3", True],
)  # fmt: skip
def test_quirk_Q42_anything_else_is_no_date(spreadsheet: Office, cell: Any) -> None:
    kept, refused = spreadsheet.read(XLSX, xlsx_of([HEAD, [*HAN[:2], cell, *HAN[3:]], LIN, ["合计", 2]]))
    assert names(kept) == ["林美梅"]
    assert refused == [BadRow(f"{XLSX}/名单/2/出生日期", "DATE")]


def test_quirk_Q43_fifty_thousand_rows_one_after_the_other(spreadsheet: Office) -> None:
    count = 50_000
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("名单")
    page.append(HEAD)
    for number in range(count):
        page.append([f"张{number}", f"3626231902{number:08d}", "1902-05-12", 100.5, "2026-10"])
    page.append(["合计", count])
    file = io.BytesIO()
    book.save(file)
    rows = spreadsheet.adapter.read(Delivery(XLSX, file.getvalue()))
    assert next(rows).fields["name"] == "张0"  # type: ignore[union-attr]
    assert sum(1 for _ in rows) == count - 1


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_quirk_Q44_a_rare_character(tmp_path: Path, charset: str) -> None:
    def own(raw: dict[str, Any]) -> None:
        at_once(raw)
        raw["datasets"]["payments"]["encoding"] = charset

    kept, refused = Office(tmp_path, change=own).read(CSV, csv_of(["𠮷䶮", *HAN[1:]], charset=charset))
    assert names(kept) == ["𠮷䶮"] and not refused


def test_quirk_Q44_a_utf8_file_with_the_mark_of_windows(tmp_path: Path) -> None:
    def own(raw: dict[str, Any]) -> None:
        at_once(raw)
        raw["encoding"] = "utf-8"

    assert names(Office(tmp_path, change=own).read(CSV, csv_of(HAN, charset="utf-8-sig"))[0]) == ["韩山福"]


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "'=1", "O'Hara", "'", "\t=1"])
def test_quirk_Q45_row_B57_threat_T15_a_formula_is_text_and_comes_back_equal(office: Office, text: str) -> None:
    assert not escaped(text).lstrip().startswith(("=", "+", "-", "@"))
    assert unescaped(escaped(text)) == text
    for given in (text.strip(), escaped(text.strip())):
        kept, _ = office.read(CSV, csv_of([given, *HAN[1:]]))
        assert names(kept) == [text.strip() if given != text.strip() else unescaped(given)]


def test_quirk_Q45_a_formula_cell_is_never_computed(spreadsheet: Office) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(HEAD)
    page.append(["=1+1", *HAN[1:]])  # a formula without a kept value
    page.append(["x", *LIN[1:]])
    page["A3"].value, page["A3"].data_type = "=1+1", "s"  # a text that looks like one
    page.append(["合计", 2])
    file = io.BytesIO()
    book.save(file)
    kept, refused = spreadsheet.read(XLSX, file.getvalue())
    assert names(kept) == ["=1+1"] and [row.code for row in refused] == ["REQUIRED"]


def test_quirk_Q48_titles_blank_rows_totals_and_wide_digits(spreadsheet: Office) -> None:
    rows = [
        ["高龄津贴发放名单", "", "", "", "", ""],
        ["", "", "", "", "", ""],
        ["序号", "姓 名", "发放情况", "", "", "身份证号"],
        ["", "", "发放月份", "发放金额", "出生日期", ""],
        [1, "韩山福　 ", "２０２６-10", "１００.00", "1902-05-12", " ３62623190205121932 "],
        ["", "", "  ", "", "　", ""],
        [2, "林美梅", "2026-10", 300.5, "1900-08-22", "362623190008226786"],
        ["合 计：2人", "", "", 400.5, "", ""],
        ["制表人：某某", "", "", "", "", ""],
    ]
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "名单"
    for row in rows:
        page.append(row)
    for area in ("A1:F1", "A3:A4", "B3:B4", "C3:E3", "F3:F4", "A8:C8"):
        page.merge_cells(area)
    file = io.BytesIO()
    book.save(file)
    (han, lin), refused = spreadsheet.read(XLSX, file.getvalue())
    assert (han.fields["name"], han.fields["id_number"], han.fields["paid_fen"]) == ("韩山福", HAN[1], 10000)
    assert (han.fields["paid_month"], lin.fields["paid_fen"]) == ("2026-10", 30050)
    assert not refused


@pytest.mark.parametrize("count", [1, 3])
def test_quirk_Q48_the_trailer_must_count_the_rows(spreadsheet: Office, count: int) -> None:
    with pytest.raises(Garbled) as caught:
        spreadsheet.read(XLSX, xlsx_of([HEAD, HAN, LIN, ["合计", count]]))
    assert caught.value.code == "UPSTREAM_TRUNCATED"


def test_quirk_Q48_a_heading_gone_or_twice_is_no_guess(spreadsheet: Office) -> None:
    for head in (HEAD[:4], [*HEAD, "姓名"]):
        with pytest.raises(Garbled):
            spreadsheet.read(XLSX, xlsx_of([head, HAN, ["合计", 1]]))


def test_rows_are_numbered_as_the_spreadsheet_shows_them(spreadsheet: Office) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "名单"
    for column, (heading, cell) in enumerate(zip(HEAD, [*HAN[:3], "x", HAN[4]], strict=True), 3):
        page.cell(5, column, heading)
        page.cell(7, column, cell)
    page.cell(8, 3, "合计1")
    file = io.BytesIO()
    book.save(file)
    assert spreadsheet.read(XLSX, file.getvalue())[1] == [BadRow(f"{XLSX}/名单/7/发放金额", "FORMAT")]


def test_one_bad_row_never_stops_the_good_ones(office: Office) -> None:
    bad = [["", *HAN[1:]], [*HAN[:3], "百元", HAN[4]], [*HAN[:4], "十月"], HAN[:3]]
    kept, refused = office.read(CSV, csv_of(HAN, *bad, LIN))
    assert names(kept) == ["韩山福", "林美梅"]
    assert [(row.place.split("/")[2], row.code) for row in refused] == [
        ("3", "REQUIRED"), ("4", "FORMAT"), ("5", "FORMAT"), ("6", "REQUIRED"),
    ]  # fmt: skip
    assert "百元" not in repr(refused)  # no value, only places


def test_feat_C9_codes_and_columns_that_nobody_mapped_are_counted(tmp_path: Path) -> None:
    """By our table's name and the department's own word, where that can be no personal value."""

    def coded(raw: dict[str, Any]) -> None:
        at_once(raw)
        raw["codes"] = {"month": {"2026-10": "october"}}
        raw["datasets"]["payments"]["fields"]["paid_month"] = {
            "from": "发放月份", "as": "code", "table": "month", "required": True, "class": 2,
        }  # fmt: skip

    office = Office(tmp_path, change=coded)
    rows = [[*HAN[:4], month] for month in ("2026-10", "Z9", "Z9", "123456", "韩山福")]
    kept, refused = office.read(CSV, csv_of(*rows))
    assert (len(kept), [each.code for each in refused]) == (1, ["CHOICE"] * 4)
    assert [word for _, _, word in office.unmapped] == ["Z9", "Z9", "?", "?"]
    assert set(office.unmapped) == {("dataset payments", "code table month", word) for word in ("Z9", "?")}
    office.unmapped.clear()
    data = csv_of([*HAN, "新"]).decode("gb18030").replace(HEAD[-1], f"{HEAD[-1]},3626231902", 1)
    office.read(CSV, data.encode("gb18030"))
    assert ("dataset payments", "column", "…") in office.unmapped


def test_row_B91_fault_F6_another_charset_gives_no_wrong_name(office: Office) -> None:
    with pytest.raises(Garbled) as caught:
        office.read(CSV, csv_of(HAN, LIN, charset="utf-8"))
    assert caught.value.code == "UPSTREAM_CHARSET"
    pairs = ",".join(["林美", *LIN[1:]]).encode()
    assert pairs.decode("gb18030")  # it passes for GBK, as other characters
    mixed = csv_of(HAN, total=False) + pairs + "\r\n合计,2\r\n".encode("gb18030")
    kept, refused = office.read(CSV, mixed)
    assert names(kept) == ["韩山福"] and [row.code for row in refused] == ["CHARSET"]


def test_row_B55_row_B56_threat_T15_a_trail_byte_that_is_a_bar_or_a_backslash_splits_no_column(tmp_path: Path) -> None:
    def bars(raw: dict[str, Any]) -> None:
        at_once(raw)
        raw["datasets"]["payments"]["delimiter"] = "|"

    traps = [bytes([lead, trail]) for lead in range(0x81, 0xFF) for trail in b"|\\"]
    characters = [trap.decode("gb18030") for trap in traps if lacks_nothing(trap)]
    assert "縗" in characters and len(characters) > 230
    rows = [[character, f"{360000000000000000 + place}", *HAN[2:]] for place, character in enumerate(characters)]
    kept, refused = Office(tmp_path, change=bars).read(CSV, csv_of(*rows, delimiter="|"))
    assert names(kept) == characters and not refused


def lacks_nothing(trap: bytes) -> bool:
    try:
        return trap.decode("gbk").isalpha()
    except UnicodeDecodeError:
        return False


def fixed(raw: dict[str, Any]) -> None:
    at_once(raw)
    raw["datasets"]["payments"] |= {
        "format": "fixed", "files": "ELDERLY_{yyyymmdd}.txt", "trailer": {"begins": "T", "count": "T([0-9]{6})"},
        "columns": {"姓名": 20, "身份证号": 18, "出生日期": 8, "发放金额": 10, "发放月份": 7},
    }  # fmt: skip


def record(name: bytes) -> bytes:
    return name.ljust(20) + b"362623190205121932" + b"19020512" + b"    100.00" + b"2026-10" + b"\r\n"


def test_row_B62_fixed_width_counts_bytes_and_cuts_no_character(tmp_path: Path) -> None:
    office = Office(tmp_path, change=fixed)
    ten = "阿依古丽买买提江汗".encode("gbk")
    broken = b"a" + "韩山福韩山福韩山福韩".encode("gbk")[:19]  # the column ends within a character
    data = record(ten) + record(broken) + record(b"Han")[:-5] + b"\r\n" + record(b"Lin")[:-2] + b"9\r\nT000004\r\n"
    kept, refused = office.read("ELDERLY_20261125.txt", data)
    assert names(kept) == ["阿依古丽买买提江汗"]
    assert [row.code for row in refused] == ["CHARSET", "FORMAT", "FORMAT"]
    assert kept[0].fields["birth_date"] == "1902-05-12" and kept[0].fields["paid_fen"] == 10000


def dbf(raw: dict[str, Any]) -> None:
    at_once(raw)
    raw["datasets"]["payments"] |= {"format": "dbf", "files": "ELDERLY_{yyyymmdd}.dbf", "trailer": None}
    del raw["datasets"]["payments"]["trailer"]


def dbf_of(
    rows: list[list[str]], code_page: int = 0, end: bytes = b"\x1a", deleted: frozenset[int] = frozenset()
) -> bytes:
    columns = [(HEAD[0], "C", 20), (HEAD[1], "C", 18), (HEAD[2], "D", 8), (HEAD[3], "N", 10), (HEAD[4], "C", 7)]
    length = 1 + sum(width for *_, width in columns)
    head = struct.pack("<BBBBIHH16xBBxx", 3, 126, 11, 25, len(rows), 32 + 32 * len(columns) + 1, length, 0, code_page)
    for name, kind, width in columns:
        head += struct.pack("<11sc4xBB14x", name.encode("gbk"), kind.encode(), width, 2 if kind == "N" else 0)
    body = b"\r"
    for number, row in enumerate(rows):
        body += b"*" if number in deleted else b" "
        body += b"".join(
            cell.encode("gb18030").rjust(width) if kind == "N" else cell.encode("gb18030").ljust(width)
            for cell, (_, kind, width) in zip(row, columns, strict=True)
        )
    return head + body + end


DBF = "ELDERLY_20261125.dbf"
OF_DBF = [[HAN[0], HAN[1], "19020512", "100.00", "2026-10"], ["𠮷梅", LIN[1], "19000822", "300.50", "2026-10"]]


@pytest.mark.parametrize("code_page", [0, 0x4D, 0x03])
@pytest.mark.parametrize("end", [b"\x1a", b""])
def test_quirk_Q46_a_dbf_without_a_code_page(tmp_path: Path, code_page: int, end: bytes) -> None:
    kept, refused = Office(tmp_path, change=dbf).read(DBF, dbf_of(OF_DBF, code_page, end))
    assert names(kept) == ["韩山福", "𠮷梅"] and not refused
    assert kept[1].fields | {"name": ""} == {
        "name": "", "id_number": LIN[1], "birth_date": "1900-08-22", "paid_fen": 30050, "paid_month": "2026-10",
    }  # fmt: skip


def test_quirk_Q46_a_cell_of_another_charset_costs_its_row_only(tmp_path: Path) -> None:
    data = dbf_of(OF_DBF).replace("韩山福".encode("gbk"), b"\xff\xfe\xff\xfe\xff\xfe")
    kept, refused = Office(tmp_path, change=dbf).read(DBF, data)
    assert names(kept) == ["𠮷梅"] and refused == [BadRow(f"{DBF}//1/姓名", "CHARSET")]


def test_a_deleted_row_of_a_dbf_is_not_there(tmp_path: Path) -> None:
    assert names(Office(tmp_path, change=dbf).read(DBF, dbf_of(OF_DBF, deleted=frozenset({0})))[0]) == ["𠮷梅"]


def xls_of(rows: list[list[Any]]) -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("名单")
    dated = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            page.write(number, place, cell, *([dated] if isinstance(cell, date) else []))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def xls(raw: dict[str, Any]) -> None:
    at_once(raw)
    raw["datasets"]["payments"] |= {"format": "excel", "files": "ELDERLY_{yyyymmdd}.xls"}


def test_feat_X8_an_xls_of_1997(tmp_path: Path) -> None:
    rows = [HEAD, [HAN[0], HAN[1], date(1902, 5, 12), 100.0, HAN[4]], [LIN[0], 3.62623e17, *LIN[2:]], ["合计", 2]]
    kept, refused = Office(tmp_path, change=xls).read("ELDERLY_20261125.xls", xls_of(rows))
    assert names(kept) == ["韩山福"] and kept[0].fields["birth_date"] == "1902-05-12"
    assert refused == [BadRow("ELDERLY_20261125.xls/名单/3/身份证号", "NUMBER_DESTROYED")]


def cuts(data: bytes, step: int) -> list[int]:
    return [*range(0, len(data), step), *range(max(0, len(data) - 40), len(data))]


@pytest.mark.parametrize("form", ["csv", "fixed", "xlsx", "xls", "dbf"])
def test_fault_F7_row_B92_cut_anywhere_it_is_never_complete(tmp_path: Path, form: str) -> None:
    change, name, data, step = {
        "csv": (at_once, CSV, csv_of(HAN, LIN), 1),
        "fixed": (fixed, "ELDERLY_20261125.txt", record(b"Han") + record(b"Lin") + b"T000002\r\n", 1),
        "xlsx": (excel, XLSX, xlsx_of([HEAD, HAN, LIN, ["合计", 2]]), 7),
        "xls": (xls, "ELDERLY_20261125.xls", xls_of([HEAD, HAN, LIN, ["合计", 2]]), 257),
        "dbf": (dbf, DBF, dbf_of(OF_DBF, end=b""), 1),
    }[form]
    office = Office(tmp_path, change=change)
    whole, _ = office.read(name, data)
    assert len(whole) == 2
    # the line end behind the trailer is nothing that can be missed
    ending = len(data) - len(data.rstrip(b"\r\n")) if form in ("csv", "fixed") else 0
    for at in (each for each in cuts(data, step) if each < len(data) - ending):
        with pytest.raises(Garbled):
            next(office.adapter.read(Delivery(name, data[:at])))  # not even the rows before the cut


def test_fault_F7_a_text_file_that_cannot_tell_when_it_is_whole_is_refused_before_it_starts() -> None:
    def blind(raw: dict[str, Any]) -> None:
        del raw["datasets"]["payments"]["trailer"]

    with pytest.raises(ValidationError, match="tell when it is whole"):
        facts_of("elderly", blind)


@pytest.mark.parametrize("form", ["csv", "xlsx", "xls", "dbf"])
def test_fault_F5_garbage_is_refused_and_gives_no_row(tmp_path: Path, form: str) -> None:
    change, name = {
        "csv": (at_once, CSV), "xlsx": (excel, XLSX), "xls": (xls, "ELDERLY_20261125.xls"), "dbf": (dbf, DBF),
    }[form]  # fmt: skip
    office = Office(tmp_path, change=change)
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    for data in (b"", b"\0" * 600, "<html>网关错误</html>".encode("gb18030"), b"{}", b"PK\x03\x04" + b"x" * 90,
                 bytes(range(256)) * 4, magic + b"\xff" * 1016, magic + b"\0" * 1016):  # fmt: skip
        with pytest.raises(Garbled):
            office.read(name, data)


def packed(data: bytes, change: dict[str, bytes]) -> bytes:
    """The same workbook with some of its parts replaced or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in [*old.namelist(), *(change.keys() - set(old.namelist()))]:
            new.writestr(name, change.get(name) or old.read(name))
    return file.getvalue()


BOOK = xlsx_of([HEAD, HAN, ["合计", 1]])
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", SHEET, "xl/_rels/workbook.xml.rels", "custom/item.xml"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_row_B90_threat_T14_an_entity_in_any_part_is_refused(spreadsheet: Office, part: str, charset: str) -> None:
    evil = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><sst><si><t>&e;</t></si></sst>'
    with pytest.raises(Garbled) as caught:
        spreadsheet.read(XLSX, packed(BOOK, {part: evil.encode(charset)}))
    assert caught.value.code == "UPSTREAM_UNSAFE_XML"


def test_row_B90_a_declaration_over_the_edge_of_a_piece(spreadsheet: Office) -> None:
    for shift in range(0, 24, 5):
        evil = b"<a>" + b" " * ((1 << 18) - 12 + shift) + b"<!DOCTYPE a>"
        with pytest.raises(Garbled) as caught:
            spreadsheet.read(XLSX, packed(BOOK, {"custom/item.xml": evil}))
        assert caught.value.code == "UPSTREAM_UNSAFE_XML"


def test_row_B94_threat_T13_a_bomb_in_a_workbook(spreadsheet: Office) -> None:
    with pytest.raises(Garbled) as caught:
        spreadsheet.read(XLSX, packed(BOOK, {"xl/media/image1.bmp": b"\0" * (20 << 20)}))
    assert caught.value.code == "UPSTREAM_TOO_LARGE"


def test_row_B94_threat_T13_many_small_parts(spreadsheet: Office) -> None:
    with pytest.raises(Garbled) as caught:
        spreadsheet.read(XLSX, packed(BOOK, {f"x/{number}": b"x" for number in range(2100)}))
    assert caught.value.code == "UPSTREAM_TOO_LARGE"


def test_row_B94_an_archive_that_lies_about_its_sizes(spreadsheet: Office) -> None:
    data = bytearray(packed(BOOK, {"xl/media/image1.bmp": b"\0" * (20 << 20)}))
    data = bytearray(bytes(data).replace(struct.pack("<I", 20 << 20), struct.pack("<I", 100)))
    with pytest.raises(Garbled):
        spreadsheet.read(XLSX, bytes(data))


@pytest.mark.parametrize(
    "corner",
    [b'<c r="XFD1048576"><v>1</v></c>', b"<c\tr='XFD1048576'><v>1</v></c>", b'<c  r = "ZZZ999999"><v>1</v></c>',
     b'<c r="xfd1048576"><v>1</v></c>', b'<c s="1" r="XFD1048576"><v>1</v></c>',
     b'<x:c xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" r="XFD1048576"><v>1</v></x:c>'],
)
def test_row_B94_a_sheet_whose_corners_lie_far_apart(spreadsheet: Office, corner: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        sheet = archive.read(SHEET)
    evil = sheet.replace(b"</sheetData>", b'<row r="9">' + corner + b"</row></sheetData>")
    with pytest.raises(Garbled) as caught:
        spreadsheet.read(XLSX, packed(BOOK, {SHEET: evil}))
    assert caught.value.code == "UPSTREAM_TOO_LARGE"


@pytest.mark.parametrize("prefix", [b"", b"x:"])
@pytest.mark.parametrize("cell", [b"c/>", b"c ></%sc>", b'c t="n"/>'])
def test_row_B94_a_row_of_cells_that_do_not_say_where_they_are(spreadsheet: Office, cell: bytes, prefix: bytes) -> None:
    wide = (b"<" + prefix + cell.replace(b"%s", prefix)) * 16_000
    sheet = (
        b"<%sworksheet xmlns%s='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><%ssheetData>"
        b'<%srow r="1">%s</%srow><%srow r="99999"/></%ssheetData></%sworksheet>'
    ) % (prefix, b":x" if prefix else b"", prefix, prefix, wide, prefix, prefix, prefix, prefix)
    with pytest.raises(Garbled) as caught:
        spreadsheet.read(XLSX, packed(BOOK, {SHEET: sheet.replace(b"'", b'"')}))
    assert caught.value.code == "UPSTREAM_TOO_LARGE"


def test_a_wide_or_long_sheet_is_taken(spreadsheet: Office) -> None:
    wide = [f"栏{number}" for number in range(150)]
    kept, _ = spreadsheet.read(XLSX, xlsx_of([[*HEAD, *wide], [*HAN, *wide], *[[""]] * 30_000, LIN, ["合计", 2]]))
    assert len(kept) == 2


def test_row_B94_an_old_workbook_whose_corners_lie_far_apart(tmp_path: Path) -> None:
    """Its reader would keep room for 4,294,967,296 cells: it dies alone."""
    data = xls_of([HEAD, HAN, ["合计", 1]])
    cell = struct.pack("<HHHH", 0x00FD, 10, 2, 0)  # a text cell in row 3, column 0
    assert cell in data
    office = Office(tmp_path, change=xls)
    with pytest.raises(Garbled):
        office.read("ELDERLY_20261125.xls", data.replace(cell, struct.pack("<HHHH", 0x00FD, 10, 0xFFFF, 0xFFFF)))


@pytest.mark.parametrize("text", ["{{7*7}}", "${7*7}", "{0.__class__}", "%s", "' OR 1=1 --"])
def test_row_B61_row_B58_threat_T16_templates_and_quotes_are_text(office: Office, text: str) -> None:
    assert names(office.read(CSV, csv_of([text, *HAN[1:]]))[0]) == [text]


def test_quotes_that_never_close_cost_no_good_row_before_them(office: Office) -> None:
    with pytest.raises(Garbled) as caught:
        office.read(CSV, csv_of(HAN, total=False) + '"韩'.encode("gb18030") + b"\r\n" + csv_of(LIN))
    assert caught.value.code == "UPSTREAM_TRUNCATED"

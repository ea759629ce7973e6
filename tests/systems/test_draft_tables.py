"""Drafts from a spreadsheet and from a database: columns only, no row and no account is kept."""

from __future__ import annotations

import importlib
import importlib.util
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from adapters.protocols import draft_sample, draft_table, draft_wsdl
from adapters.protocols.drafting import Draft, Wishes
from hub.systems.asking import NOBODY, fitting
from hub.systems.drafted import drafted

HEADINGS = ["身份证号", "姓名", "补贴类型", "发放日期", "发放金额", "垦区"]
ROWS = [["110101199003070038", "张三丰", "耕地", "2026-01-05", "120.50", "东"],
        ["110101199003070046", "李四光", "耕地", "2026-01-06", "99.00", ""]]  # fmt: skip


def accepted(draft: Draft) -> Any:
    """What the protocol says to it, where this release has the protocol."""
    name = f"adapters.protocols.{draft.facts['protocol']}"
    if importlib.util.find_spec(name) is None:
        return {}
    probe = draft.facts["probe"]
    probe["fields"] = fitting(draft.facts["operations"][probe["operation"]], {}, NOBODY)
    return importlib.import_module(name).FACTS().validate(draft.facts)


def sheet(path: Path) -> Path:
    if path.suffix == ".csv":
        path.write_bytes("\n".join(",".join(row) for row in [HEADINGS, *ROWS]).encode("gbk"))
        return path
    book = Workbook()
    for row in (HEADINGS, *ROWS):
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("name", ["subsidy_20260105.xlsx", "subsidy_20260105.csv"])
def test_a_spreadsheet(tmp_path: Path, name: str) -> None:
    draft = draft_sample.draft(str(sheet(tmp_path / name)), Wishes("farm", encoding="gbk"))
    rows = draft.facts["datasets"]["rows"]
    assert rows["files"] == f"subsidy_{{yyyymmdd}}{Path(name).suffix}" and rows["look_up"] == ["id_number"]
    assert rows["fields"]["amount_fen"] == {"from": "发放金额", "as": "yuan", "required": True, "class": 3}
    assert rows["fields"]["issued_on"]["formats"] == ["%Y-%m-%d"]
    assert ("datasets", "rows", "fields", "field_6") in draft.open, "a heading nobody knows is for a person to name"
    assert "张三丰" not in str(draft) and "110101199003070038" not in str(draft) and not draft.samples
    assert draft.facts["subject"] == "id_number"
    assert draft.facts["poll"] == {"every_s": 60}, "without it nothing would ever be fetched"
    assert draft.facts["operations"]["query"]["answer"]["lists"]["rows"]["fields"]["amount_fen"]["as"] == "fen"
    assert accepted(draft) == {}


def test_a_wsdl_that_wants_the_account_in_its_header() -> None:
    draft = draft_wsdl.draft(str(Path(__file__).with_name("handed_out") / "permits.wsdl"), Wishes("permits"))
    header = {"username": "AuthHeader.UserName", "password": "AuthHeader.PassWord"}
    assert draft.facts["soap"]["header"] == header and {*draft.secrets} == {*header}
    assert draft.facts["operations"]["cx_qsxkz"]["outcome"]["path"] == "CxQsxkzResult.fhm"
    assert accepted(draft) == {}


def test_a_table(tmp_path: Path) -> None:
    file = tmp_path / "school.db"
    with sqlite3.connect(file) as base:
        base.execute(
            "CREATE TABLE v_student (sfzh VARCHAR(18) NOT NULL, xm TEXT, rq DATE, je NUMERIC(10,2), bj INTEGER)"
        )
    draft = draft_table.draft(f"sqlite:///{file}#v_student", Wishes("students"))
    columns = draft.facts["db_view"]["views"]["v_student"]["columns"]
    assert columns == {
        "sfzh": {},
        "xm": {},
        "rq": {"type": "date"},
        "je": {"type": "decimal"},
        "bj": {"type": "integer"},
    }
    rows = draft.facts["operations"]["query_v_student"]["answer"]["lists"]["rows"]["fields"]
    assert rows["amount_fen"]["as"] == "yuan" and rows["bj"]["as"] == "integer"
    assert accepted(draft) == {}


def test_threat_the_account_in_a_url_is_not_kept_and_not_told(tmp_path: Path) -> None:
    url = "postgresql+psycopg://reader:s3cret-word@127.0.0.1:9/base?connect_timeout=1#v_student"
    with pytest.raises(ValueError) as caught:
        draft_table.draft(url, Wishes("students"))
    assert "s3cret" not in str(caught.value) and caught.value.__suppress_context__
    assert draft_table._address("postgresql+psycopg://reader:s3cret-word@h:1/base") == "postgresql://h:1/base"


def test_a_protocol_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="not in this release"):
        drafted("adapters", "sample", str(sheet(tmp_path / "a_20260105.xlsx")), name="farm")

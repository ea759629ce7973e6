"""HTML read from text: pairs, tables by their headers, hidden inputs; what is not certain is refused."""

import pytest

from adapters.protocols.html_page import DEPTH, Page, Table
from hub.port import Garbled

GRID = Table(("月份", "金额"), "暂无数据")


def page(body: str, head: str = "") -> Page:
    return Page(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>\n")


def refused(code: str, body: str, read: str = "pairs") -> None:
    with pytest.raises(Garbled) as caught:
        getattr(page(body), read)(*([GRID] if read == "rows" else []))
    assert caught.value.code == code


def grid(*rows: str, head: str = "<th>月份</th><th>金额</th>") -> str:
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def test_pairs_in_every_shape_clerks_use() -> None:
    read = page(
        "<table><tr><th>姓　名：</th><td> 韩山福 </td><th>性别</th><td>男</td></tr>"
        "<tr><td>出生日期：</td><td>1902年05月12日</td></tr></table><dl><dt>状态</dt><dd>正常</dd></dl>"
    ).pairs()
    assert read == {"姓名": "韩山福", "性别": "男", "出生日期": "1902年05月12日", "状态": "正常"}


def test_quirk_Q14_the_charset_a_page_claims_does_not_cut_a_name() -> None:
    head = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">'
    assert page("<table><tr><th>姓名</th><td>李玥镕</td></tr></table>", head).pairs() == {"姓名": "李玥镕"}


def test_an_xml_declaration_before_the_page_is_no_obstacle() -> None:
    text = '<?xml version="1.0" encoding="gb2312"?><html><body><dl><dt>姓名</dt><dd>李玥镕</dd></dl></body></html>'
    assert Page(text).pairs() == {"姓名": "李玥镕"}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_table_of_any_length(count: int) -> None:
    rows = ["<td>2025-01</td><td>1.00</td>", "<td>2025-02</td><td>2.00</td>"][:count]
    expected = [{"月份": "2025-01", "金额": "1.00"}, {"月份": "2025-02", "金额": "2.00"}][:count]
    assert page(grid(*(rows or ['<td colspan="2">暂无数据</td>']))).rows(GRID) == expected
    assert page(f"<table><tr><td>{grid(*rows)}</td></tr></table>").rows(GRID) == expected  # inside a layout table


def test_columns_are_found_by_name_not_by_place() -> None:
    moved = grid("<td>9.00</td><td>x</td><td>2025-01</td>", head="<th>金 额</th><th>备注</th><th>月份</th>")
    assert page(moved).rows(GRID) == [{"金额": "9.00", "备注": "x", "月份": "2025-01"}]


@pytest.mark.parametrize(
    ("code", "body", "read"),
    [
        ("UPSTREAM_MALFORMED", "<p>网关错误</p>", "rows"),
        ("UPSTREAM_MALFORMED", grid() + grid(), "rows"),
        ("UPSTREAM_MALFORMED", grid("<td>2025-01</td>"), "rows"),
        ("UPSTREAM_MALFORMED", grid("<td>1</td><td>2</td><td>3</td>"), "rows"),
        ("UPSTREAM_MALFORMED", grid('<td colspan="2">暂无数据</td>', "<td>1</td><td>2</td>"), "rows"),
        ("UPSTREAM_MALFORMED", grid(head="<th>月份</th><th>金额</th><th>金额</th>"), "rows"),
        ("UPSTREAM_MALFORMED", "<table></table>", "rows"),
        ("UPSTREAM_CONFLICT", "<dl><dt>姓名</dt><dd>甲</dd><dt>姓名</dt><dd>乙</dd></dl>", "pairs"),
        ("UPSTREAM_CHARSET", "<dl><dt>姓名</dt><dd>韩&#1;</dd></dl>", "pairs"),
        ("UPSTREAM_CHARSET", "<dl><dt>姓名</dt><dd>韩\x00</dd></dl>", "pairs"),
        ("UPSTREAM_CHARSET", "<dl><dt>姓名</dt><dd>韩&#xFFFD;</dd></dl>", "pairs"),
        ("UPSTREAM_MALFORMED", "<div>" * (DEPTH + 20) + "</div>" * (DEPTH + 20), "pairs"),
    ],
)
def test_what_is_not_certain_is_refused(code: str, body: str, read: str) -> None:
    refused(code, body, read)


def test_fault_F7_a_cut_page_is_no_page() -> None:
    whole = "<html><body><dl><dt>姓名</dt><dd>韩山福</dd></dl></body></html>"
    for length in range(len(whole)):
        with pytest.raises(Garbled) as caught:
            Page(whole[:length])
        assert caught.value.code == ("UPSTREAM_TRUNCATED" if length >= len("<html") else "UPSTREAM_MALFORMED")
    for other in ("", "{}", '<?xml version="1.0"?><a/>', "\x00\x01"):
        with pytest.raises(Garbled):
            Page(other)


def test_row_B90_a_page_that_declares_entities_is_refused() -> None:
    with pytest.raises(Garbled) as caught:
        Page('<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body>&x;</body></html>')
    assert caught.value.code == "UPSTREAM_UNSAFE_XML"


def test_quirk_Q18_hidden_inputs() -> None:
    two = page('<input type="HIDDEN" name="a" value="1"><input type=hidden name=b value=2><input name="c" value="3">')
    assert two.hidden(["a", "b"]) == {"a": "1", "b": "2"}
    for wrong in (["c"], ["d"]):
        with pytest.raises(Garbled):
            two.hidden(wrong)
    with pytest.raises(Garbled):
        page('<input type="hidden" name="a" value="1"><input type="hidden" name="a" value="2">').hidden(["a"])


def test_the_element_that_carries_a_message() -> None:
    assert page('<div id="msg"> 未查询到 <b>信息</b></div>').marked("msg") == "未查询到 信息"
    assert page("<p>x</p>").marked("msg") == ""
    with pytest.raises(Garbled):
        page('<p id="msg">a</p><p id="msg">b</p>').marked("msg")


def test_a_page_without_the_labels_looked_for_is_another_page() -> None:
    read = page("<dl><dt>姓名</dt><dd>韩山福</dd><dt>配偶</dt><dd></dd></dl>")
    assert read.tree({"姓名", "配偶"}, {}, "msg") == {"page": {"姓名": "韩山福", "配偶": ""}, "message": ""}
    with pytest.raises(Garbled):
        read.tree({"姓名", "登记日期"}, {}, "msg")
    refusal = page('<p id="msg">未查询到</p>').tree({"姓名"}, {"rows": GRID}, "msg")
    assert refusal == {"page": {}, "message": "未查询到"}

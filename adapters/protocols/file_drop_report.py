"""The row report a department gets back: a CSV that opens in its spreadsheet, with places and reasons and no values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from adapters.protocols.file_drop_text import escaped
from hub.port import BadRow

MOST = 5000
_HEAD = ("文件", "工作表", "行", "列", "代码", "原因")
_REASONS = {
    "NUMBER_DESTROYED": "长数字被表格软件存成了数值，末几位已丢失。请把此列设为文本格式后重新填写。",
    "REQUIRED": "此列不能为空。",
    "DATE": "日期无法识别，请写成 2020-03-01。",
    "CHOICE": "代码不在约定的代码表内。",
    "FORMAT": "格式与约定不符。",
    "CHARSET": "文字编码与约定不符。",
    "RECEIPT_UNKNOWN": "本系统还不知道这个受理编号，知道后会自动补记。",
    "STATE_CONFLICT": "办件当前所处的环节不能这样办理。",
}
_BOM = b"\xef\xbb\xbf"  # without it a spreadsheet takes UTF-8 for GBK


def report_of(file: str, refused: Sequence[BadRow], more: int, charset: str) -> tuple[str, bytes]:
    """Its name and its bytes, in the department's own charset. Only the first 5,000 rows are listed."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(_HEAD)
    for row in refused[:MOST]:
        places = (row.place.split("/", 3) + [""] * 4)[:4]
        lines.writerow([escaped(cell) for cell in (*places, row.code, _REASONS.get(row.code, row.note))])
    more += len(refused[MOST:])
    if more:
        lines.writerow([file, "", "", "", "MORE", f"另有 {more} 行未列出。"])
    body = text.getvalue()
    return f"{file}.回执.csv", _BOM + body.encode() if charset == "utf-8" else body.encode("gb18030")

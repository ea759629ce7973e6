"""An investigation as PDF, to be printed, signed and filed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

_FONT = "STSong-Light"  # one of the fonts that readers of PDF bring themselves
_LEFT, _TOP, _STEP, _LINE = 60, 780, 16, 44  # points, points, points, characters


def pdf(found: Mapping[str, Any]) -> bytes:
    """`found` is what `Investigations.investigate` gave."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle("数据泄露调查答复")
    place = 0.0
    for text, size in _lines(found):
        if place < 60:
            if place:
                canvas.showPage()
            place = _TOP
        canvas.setFont(_FONT, size)
        canvas.drawString(_LEFT, place, text)
        place -= _STEP * size / 10
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for heading, texts in _parts(found):
        yield heading, 14
        for text in texts:
            for begin in range(0, len(text) or 1, _LINE):
                yield text[begin : begin + _LINE], 10
        yield "", 10


def _parts(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield (
        "数据泄露调查答复",
        [
            f"调查时间 {found['investigated_at']}",
            f"范围 {found['since']} 至 {found['until']}",
            f"送查 {found['values']} 个值，找到 {len(found['found'])} 个，共 {found['exchanges_found']} 次交换。",
        ],
    )
    yield (
        "一、接收方及可能性",
        [
            f"{each['likelihood']:.2%}  {each['name']}（{each['user']}） 得到过 {each['had']}／{each['held']} 个值"
            for each in found["takers"]
        ]
        + [f"无辜部门恰好全部持有的期望数：{found['innocent_expected']}"],
    )
    yield "二、诱饵记录", [f"{each['user']}（{each['made_at']}）" for each in found["canaries"]] or ["无"]
    yield "三、交换（证据在所列叶号处）", [_exchange(each) for each in found["exchanges"]] or ["无"]
    yield (
        "四、异常访问量",
        [f"{each['day']} {each['user']}：{each['people']} 人，平常 {each['usual']}" for each in found["volumes"]]
        or ["无"],
    )
    complete = found["complete"]
    faults = [f"{each['kind']} {each['place']} {each['about']}" for each in complete["faults"]]
    yield (
        "五、记录是否完整",
        [
            "完整，未发现改动" if complete["intact"] else "不完整",
            f"联署见证方：{'、'.join(complete['witnesses']) or '无'}",
            *faults,
            *(complete["checkpoint"] or "").splitlines()[:3],
        ],
    )
    yield "六、责任判读", list(found["liability"])
    yield "七、不能证明的", list(found["cannot_show"])
    notice = found["notice"]
    yield (
        notice["title"],
        [
            f"涉及种类：{'、'.join(notice['kinds']) or '待填'}",
            f"原因：{notice['cause']}",
            f"可能的危害：{notice['harm']}",
            f"补救措施：{notice['remedy']}",
            f"联系方式：{notice['contact']}",
        ],
    )


def _exchange(each: Mapping[str, Any]) -> str:
    made = each["statement"] or {}
    signed = " ".join(f"{party}:{'有' if state == 'present' else '缺'}" for party, state in each["receipts"].items())
    why = f"{made.get('purpose', '')} {made.get('case_no', '')} {made.get('basis', '')}"
    return (
        f"{each['at']} {each['supplier']}→{each['user']} {made.get('officer_ref', '')} {'、'.join(each['fields'])} "
        f"{why} 签收 {signed} 叶 {each['leaves']} {each['exchange_id']}"
    )

"""A copy of a licence as PDF: what it says, for which purpose and until when, across the page and in a frame."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime

import segno
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

_FONT = "STSong-Light"  # one of the fonts that readers of PDF bring themselves
_WIDTH, _HEIGHT = A4
_LINE = 34  # characters


def pdf(title: str, lines: Mapping[str, str], purpose: str, until: datetime, code: str) -> bytes:
    """`lines` are labels and values; `code` is printed as QR, so that the state of now can be asked for."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    canvas.setSubject(f"仅用于：{purpose}")
    canvas.setKeywords(f"until {until.isoformat()}")
    _across(canvas, f"仅用于{purpose} 有效期至{until:%Y-%m-%d}")
    canvas.setFillGray(0)
    canvas.setFont(_FONT, 22)
    canvas.drawCentredString(_WIDTH / 2, _HEIGHT - 90, title)
    canvas.setFont(_FONT, 12)
    place = _HEIGHT - 140
    for label, value in lines.items():
        for number, part in enumerate(_parts(value)):
            canvas.drawString(80, place, f"{label}：" if number == 0 else "")
            canvas.drawString(200, place, part)
            place -= 22
    _frame(canvas, purpose, until, code)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _across(canvas: Canvas, text: str) -> None:
    canvas.saveState()
    canvas.setFillGray(0.82)
    canvas.setFont(_FONT, 15)
    canvas.rotate(35)
    for step in range(-6, 14):
        canvas.drawString(40, step * 80, f"{text[:60]}    {text[:60]}")
    canvas.restoreState()


def _frame(canvas: Canvas, purpose: str, until: datetime, code: str) -> None:
    canvas.rect(70, 90, _WIDTH - 140, 150)
    canvas.drawString(85, 215, f"用途：{purpose[:_LINE]}")
    canvas.drawString(85, 193, purpose[_LINE : 2 * _LINE])
    canvas.drawString(85, 171, f"本副本有效期至：{until:%Y-%m-%d %H:%M}（北京时间）")
    canvas.drawString(85, 149, "扫码查验当前状态")
    side = 2.6
    for row, cells in enumerate(segno.make(code, micro=False).matrix):
        for column, cell in enumerate(cells):
            if cell:
                canvas.rect(400 + column * side, 205 - row * side, side, side, stroke=0, fill=1)


def _parts(value: str) -> list[str]:
    return [value[at : at + _LINE] for at in range(0, len(value), _LINE)] or [""]

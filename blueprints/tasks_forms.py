"""What the routes of tasks take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from hub.fields import Choice, Form, LongText, Text

NOTE = 500
_STATES = ["open", "queried", "done", "withdrawn"]
_CARDS = ["none", "yellow", "red"]


class TasksPage(Page):
    """`state`: open (the default) or all."""

    state = Choice(choices=("open", "all"), load_default="open")


class ConfirmForm(Form):
    """One of the answers the task names, and what else there is to say."""

    answer = Text(required=True, min=1, max=40)
    note = LongText(max=NOTE, load_default="")


class NoteForm(Form):
    note = LongText(required=True, min=1, max=NOTE)


class TaskActAnswer(marshmallow.Schema):
    act = fields.String(required=True)
    office = fields.String(required=True)
    actor = fields.String(required=True, metadata={"description": "A staff account; first the office that wants it."})
    answer = fields.String(required=True)
    note = fields.String(required=True)
    at = fields.DateTime(required=True)


class TaskAnswer(marshmallow.Schema):
    """One task. `told` is what the office needs to know, `answers` what it may confirm, `possible` what it may do."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    office = fields.String(required=True)
    raised_to = fields.String(required=True, metadata={"description": "The office up that has it too; empty: none."})
    about = fields.String(required=True)
    told = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    state = fields.String(required=True, metadata={"enum": _STATES})
    card = fields.String(required=True, metadata={"enum": _CARDS})
    assigned_at = fields.DateTime(required=True)
    red_at = fields.DateTime(required=True)
    acknowledged_at = fields.DateTime(required=True, allow_none=True)
    done_at = fields.DateTime(required=True, allow_none=True)
    answers = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    possible = fields.List(fields.String(), required=True)


class WholeTaskAnswer(TaskAnswer):
    acts = fields.List(fields.Nested(TaskActAnswer), required=True)


class TasksAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(TaskAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class LoadAnswer(marshmallow.Schema):
    office = fields.String(required=True)
    kind = fields.String(required=True)
    assigned = fields.Integer(required=True)
    done = fields.Integer(required=True)
    open = fields.Integer(required=True)
    over = fields.Boolean(required=True, metadata={"description": "More was assigned than its kind allows in a week."})
    by = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class LoadsAnswer(marshmallow.Schema):
    since = fields.DateTime(required=True)
    items = fields.List(fields.Nested(LoadAnswer), required=True)


TASK: dict[str, Any] = {
    "id": "t0d1c2b3a495867768594a3b2c1d0e0f1",
    "kind": "site-check",
    "title": "核实经营场所情况",
    "office": "360423001",
    "raised_to": "",
    "about": "360423202611250000017",
    "told": {"address": "示范路1号"},
    "state": "open",
    "card": "none",
    "assigned_at": "2026-11-25T09:30:00+08:00",
    "red_at": "2026-11-27T23:59:59+08:00",
    "acknowledged_at": None,
    "done_at": None,
    "answers": {"in_order": "情况属实", "not_in_order": "与申报不符"},
    "possible": ["acknowledge", "confirm", "query"],
}
_ACT = {"act": "assigned", "office": "360423001", "actor": "", "answer": "", "note": "",
        "at": "2026-11-25T09:30:00+08:00"}  # fmt: skip
WHOLE: dict[str, Any] = {**TASK, "acts": [_ACT]}
LOAD: dict[str, Any] = {
    "since": "2026-11-23T00:00:00+08:00",
    "items": [{"office": "360423001", "kind": "site-check", "assigned": 12, "done": 11, "open": 1, "over": False,
               "by": {"s0d1c2b3a495867768594a3b2c1d0e0f1": 11}}],
}  # fmt: skip

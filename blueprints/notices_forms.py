"""What the routes of urgent notices and phone tasks take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from hub.fields import Choice, Form, LongText, Region, Text
from hub.messages.rules import FINAL, OPEN

OUTCOMES = ("done", "nobody_answers", "wrong_number", "refused")
_STATES = [*OPEN, *FINAL]


class NoticeForm(Form):
    """One text for all inboxes of a region, as it will be read."""

    region = Region(required=True)
    title = Text(required=True, min=2, max=40)
    text = LongText(required=True, min=2, max=1000)
    reason = Text(required=True, min=2, max=200)


class FatesAsked(Page):
    """Those in one state only."""

    state = Choice(choices=_STATES)


class CallOutcomeForm(Form):
    """How the call ended."""

    outcome = Choice(required=True, choices=OUTCOMES)


class CountAnswer(marshmallow.Schema):
    state = fields.String(required=True, metadata={"enum": _STATES})
    channel = fields.String(required=True, metadata={"enum": ["inbox", "wechat", "sms", "phone"]})
    count = fields.Integer(required=True)


class NoticeAnswer(marshmallow.Schema):
    """`people` is how many it is for. It is in their inboxes when `done_at` is there; `messages` counts how far they
    have got, `read` how many were read."""

    id = fields.String(required=True)
    region = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    reason = fields.String(required=True)
    asked_by = fields.String(required=True)
    asked_at = fields.DateTime(required=True)
    confirmed_by = fields.String(required=True, allow_none=True)
    confirmed_at = fields.DateTime(required=True, allow_none=True)
    done_at = fields.DateTime(required=True, allow_none=True)
    people = fields.Integer()
    read = fields.Integer()
    messages = fields.List(fields.Nested(CountAnswer))


class NoticesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(NoticeAnswer), required=True)


class FateAnswer(marshmallow.Schema):
    """One message of a notice; whose it is is not told."""

    id = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": _STATES})
    channel = fields.String(required=True)
    code = fields.String(required=True)
    changed_at = fields.DateTime(required=True)
    read_at = fields.DateTime(required=True, allow_none=True)


class FatesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(FateAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PhoneTaskAnswer(marshmallow.Schema):
    """A call to make; the name is masked."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    about = fields.String(required=True)
    urgent = fields.Boolean(required=True)
    created_at = fields.DateTime(required=True)
    name = fields.String(required=True, allow_none=True)


class PhoneTasksAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(PhoneTaskAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OpenedPhoneTaskAnswer(PhoneTaskAnswer):
    """With the number to call and what to say."""

    phone = fields.String(required=True, allow_none=True)
    title = fields.String(required=True)
    text = fields.String(required=True)


class CalledAnswer(marshmallow.Schema):
    state = fields.String(required=True, metadata={"enum": ["called", "unreached"]})


_AT = "2026-01-05T09:30:00+08:00"
_STAFF = "s0d1c2b3a495867768594a3b2c1d0e0f1"
NOTICE: dict[str, Any] = {
    "id": "n0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "region": "360423203",
    "title": "暴雨红色预警",
    "text": "请低洼处住户立即转移到村部。",
    "reason": "县防汛办 2026-12 号令",
    "asked_by": _STAFF,
    "asked_at": _AT,
    "confirmed_by": None,
    "confirmed_at": None,
    "done_at": None,
}
SENT = {
    **NOTICE, "confirmed_by": "s1d1c2b3a495867768594a3b2c1d0e0f1", "confirmed_at": _AT, "done_at": _AT,
    "people": 10000, "read": 412,
    "messages": [{"state": "delivered", "channel": "wechat", "count": 7400},
                 {"state": "sent", "channel": "sms", "count": 2600}],
}  # fmt: skip
FATE = {"id": "m0a1b2c3d4e5f60718293a4b5c6d7e8f9", "state": "sent", "channel": "sms", "code": "", "changed_at": _AT,
        "read_at": None}  # fmt: skip
TASK = {"id": "m0a1b2c3d4e5f60718293a4b5c6d7e8f9", "kind": "case-decided", "about": "BJ2026010500000017",
        "urgent": False, "created_at": _AT, "name": "韩*福"}  # fmt: skip
OPENED = {**TASK, "name": "张三", "phone": "13800000000", "title": "您的申请已办结",
          "text": "“复工备案”（回执号 BJ2026010500000017）已办结：准予。"}  # fmt: skip

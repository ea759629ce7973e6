"""What the routes of cases take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from hub.fields import Boolean, Choice, Form, Group, Integer, Items, LongText, Text, Unshaped

NOTE = 1000
MOST_PAPERS = 30
_CARDS = ["none", "yellow", "red"]
_FILING = [
    "none",
    "ready",
    "inflight",
    "unknown",
    "confirmed",
    "settled",
    "rejected",
    "manual",
    "cancelling",
    "cancelled",
]


class PaperForm(Form):
    """One paper: uploaded before, or a licence that is in the holder's phone."""

    type = Text(required=True, min=1, max=64)
    file_id = Text(min=1, max=64)
    credential_id = Text(min=1, max=64)

    @marshmallow.validates_schema
    def one(self, data: dict[str, Any], **_: Any) -> None:
        if ("file_id" in data) == ("credential_id" in data):
            raise marshmallow.ValidationError("REQUIRED", "file_id")


def papers(**options: Any) -> Items:
    return Items(Group(PaperForm), max=MOST_PAPERS, **options)


def promised(**options: Any) -> Items:
    return Items(Text(min=1, max=64), max=MOST_PAPERS, **options)


class CaseForm(Form):
    """`fields` by the service's own form (GET /services/{id}); `promised` are papers to be brought later."""

    fields_ = Unshaped(required=True, data_key="fields", attribute="fields")
    materials = papers(load_default=list)
    promised = promised(load_default=list)
    draft = Boolean(load_default=False)


class DraftForm(Form):
    fields_ = Unshaped(data_key="fields", attribute="fields")
    materials = papers()
    promised = promised()


class CorrectionsForm(Form):
    """Only what the list of corrections names, and all of it."""

    fields_ = Unshaped(load_default=dict, data_key="fields", attribute="fields")
    materials = papers(load_default=list)


class WithdrawalForm(Form):
    reason = LongText(max=NOTE, load_default="")


class MessageForm(Form):
    text = LongText(required=True, min=1, max=NOTE)


class CaseRatingForm(Form):
    """1 is very bad, 5 very good."""

    score = Integer(required=True, min=1, max=5)
    tags = Items(Text(min=1, max=20), max=10, load_default=list)
    text = LongText(max=NOTE, load_default="")


class FollowUpForm(Form):
    """What was done about a bad rating."""

    step = Choice(required=True, choices=("verified", "fixed", "called_back"))
    note = LongText(required=True, min=1, max=NOTE)


class RatedAnswer(marshmallow.Schema):
    """`state`: how far a bad one has come; `late`: it should have been fixed by `due_at`."""

    receipt_no = fields.String(required=True)
    service = fields.String(required=True)
    score = fields.Integer(required=True)
    tags = fields.List(fields.String(), required=True)
    text = fields.String(required=True)
    rated_at = fields.DateTime(required=True)
    state = fields.String(required=True, metadata={"enum": ["open", "verified", "fixed", "called_back", "good"]})
    due_at = fields.DateTime(required=True, allow_none=True)
    late = fields.Boolean(required=True)


class RatedList(marshmallow.Schema):
    items_ = fields.List(fields.Nested(RatedAnswer), required=True, data_key="items", attribute="items")
    next_cursor = fields.String(required=True, allow_none=True)


class DeskAsked(Page):
    """`status`: of one step; without it all that are open."""

    status = Text(min=1, max=64)
    service = Text(min=1, max=100)
    show = Choice(choices=("all", "mine"), load_default="all")


class CaseReasonForm(Form):
    reason = LongText(required=True, min=1, max=NOTE)


class ItemForm(Form):
    """`path`: fields.<name> or materials.<type>."""

    path = Text(required=True, min=1, max=100)
    message = Text(required=True, min=1, max=200)


class CorrectionForm(Form):
    """The full list, at once."""

    items_ = Items(Group(ItemForm), required=True, min=1, max=50, data_key="items", attribute="items")
    days = Integer(min=1, max=60, load_default=15)
    again_because = LongText(max=NOTE, load_default="")


class PromiseForm(Form):
    """`days`: working days until the missing papers have to be there."""

    missing = promised(required=True, min=1)
    days = Integer(required=True, min=1, max=60)


class PauseForm(Form):
    procedure = Text(required=True, min=1, max=64)
    days = Integer(required=True, min=1, max=365)
    reason = LongText(required=True, min=1, max=NOTE)


class ResumeForm(Form):
    outcome = LongText(required=True, min=1, max=NOTE)


class DocumentForm(Form):
    """The result document: its text, or the licence that was issued."""

    name = Text(required=True, min=1, max=200)
    number = Text(required=True, min=1, max=100)
    text = LongText(min=1, max=20_000)
    credential_id = Text(min=1, max=64)


class ApproveForm(Form):
    document = Group(DocumentForm, required=True)


class RefuseForm(Form):
    reason = LongText(required=True, min=1, max=NOTE)
    basis = LongText(required=True, min=1, max=NOTE)
    appeal = LongText(required=True, min=1, max=NOTE)


class ProcedureAnswer(marshmallow.Schema):
    """A special procedure, and for how many days at most."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    basis = fields.String(required=True)
    days = fields.Integer(required=True)


class ProceduresAnswer(marshmallow.Schema):
    items_ = fields.List(fields.Nested(ProcedureAnswer), required=True, data_key="items", attribute="items")


class ColleagueAnswer(marshmallow.Schema):
    """An officer who handles cases of this department."""

    staff_id = fields.String(required=True)
    username = fields.String(required=True)


class ColleaguesAnswer(marshmallow.Schema):
    items_ = fields.List(fields.Nested(ColleagueAnswer), required=True, data_key="items", attribute="items")


class ReassignForm(Form):
    to = Text(required=True, min=1, max=64)
    reason = LongText(required=True, min=1, max=NOTE)


class HappenedAnswer(marshmallow.Schema):
    """One line of the timeline; `officer` is a number that only a complaint resolves."""

    event = fields.String(required=True)
    status = fields.String(required=True)
    by = fields.String(required=True, metadata={"enum": ["applicant", "officer", "community", "department", "hub"]})
    officer = fields.String(required=True)
    at = fields.DateTime(required=True)
    promised_at = fields.DateTime(required=True, allow_none=True)
    detail = fields.Dict(required=True)


class PausedAnswer(marshmallow.Schema):
    procedure = fields.String(required=True)
    title = fields.String(required=True)
    reason = fields.String(required=True)
    started_at = fields.DateTime(required=True)
    until = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)


class ClockAnswer(marshmallow.Schema):
    """`state`: runs, waits (for you, or a special procedure) or ended; `raised_to`: who has been told of the delay."""

    state = fields.String(required=True, metadata={"enum": ["runs", "waits", "ended"]})
    promised_at = fields.DateTime(required=True, allow_none=True)
    legal_at = fields.DateTime(required=True, allow_none=True)
    make_up_at = fields.DateTime(required=True, allow_none=True)
    paused = fields.List(fields.Nested(PausedAnswer), required=True)
    card = fields.String(required=True, metadata={"enum": _CARDS})
    raised_to = fields.String(required=True, allow_none=True)


class FilingAnswer(marshmallow.Schema):
    """`none`: the department works at the hub's own desk."""

    state = fields.String(required=True, metadata={"enum": _FILING})
    department_receipt = fields.String(required=True)


class ListedAnswer(marshmallow.Schema):
    path = fields.String(required=True)
    message = fields.String(required=True)


class CorrectionAnswer(marshmallow.Schema):
    number = fields.Integer(required=True)
    items_ = fields.List(fields.Nested(ListedAnswer), required=True, data_key="items", attribute="items")
    due_at = fields.DateTime(required=True)
    asked_at = fields.DateTime(required=True)
    answered_at = fields.DateTime(required=True, allow_none=True)


class CaseAnswer(marshmallow.Schema):
    """One case with its whole story; `possible` is what the reader may do now."""

    receipt_no = fields.String(required=True)
    bundle_no = fields.String(required=True, allow_none=True, metadata={"description": "Of the bundle it is part of."})
    service = fields.String(required=True)
    title = fields.String(required=True)
    handled_by = fields.String(required=True)
    officer = fields.String(required=True)
    status = fields.String(required=True)
    status_title = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    submitted_at = fields.DateTime(required=True, allow_none=True)
    since = fields.DateTime(required=True)
    clock = fields.Nested(ClockAnswer, required=True)
    filing = fields.Nested(FilingAnswer, required=True)
    fields_ = fields.Dict(required=True, data_key="fields", attribute="fields")
    materials = fields.List(fields.Dict(), required=True)
    promised = fields.List(fields.String(), required=True)
    timeline = fields.List(fields.Nested(HappenedAnswer), required=True)
    correction = fields.Nested(CorrectionAnswer, required=True, allow_none=True)
    result = fields.Dict(required=True, allow_none=True)
    possible = fields.List(fields.String(), required=True)


class CaseCopyAnswer(marshmallow.Schema):
    fields_ = fields.Dict(required=True, data_key="fields", attribute="fields")
    materials = fields.List(fields.Dict(), required=True)


class ReceiptAnswer(marshmallow.Schema):
    """`copy` is what was sent, as it is kept."""

    receipt_no = fields.String(required=True)
    status = fields.String(required=True)
    promised_at = fields.DateTime(required=True, allow_none=True)
    handled_by = fields.String(required=True)
    copy = fields.Nested(CaseCopyAnswer, required=True)


class EntryAnswer(marshmallow.Schema):
    """One case in a list; no personal value is in it."""

    receipt_no = fields.String(required=True)
    service = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True)
    status_title = fields.String(required=True)
    submitted_at = fields.DateTime(required=True, allow_none=True)
    promised_at = fields.DateTime(required=True, allow_none=True)
    card = fields.String(required=True, metadata={"enum": _CARDS})
    mine = fields.Boolean(required=True)


class EntriesAnswer(marshmallow.Schema):
    items_ = fields.List(fields.Nested(EntryAnswer), required=True, data_key="items", attribute="items")
    next_cursor = fields.String(required=True, allow_none=True)


ENTRY = {
    "receipt_no": "BJ202601050413370017",
    "service": "work-resumption",
    "title": "复工备案",
    "status": "accepted",
    "status_title": "已受理，办理中",
    "submitted_at": "2026-01-05T09:30:00+08:00",
    "promised_at": "2026-01-08T23:59:59+08:00",
    "card": "none",
    "mine": False,
}
ENTRIES = {"items": [ENTRY], "next_cursor": None}
RECEIPT = {
    "receipt_no": ENTRY["receipt_no"],
    "status": "received",
    "promised_at": ENTRY["promised_at"],
    "handled_by": "县工业和信息化局",
    "copy": {"fields": {"org_name": "示范食品厂"}, "materials": []},
}
CASE = {
    **{name: ENTRY[name] for name in ("receipt_no", "service", "title", "status", "status_title", "submitted_at")},
    "bundle_no": None,
    "handled_by": "县工业和信息化局",
    "officer": "048213",
    "created_at": "2026-01-05T09:30:00+08:00",
    "since": "2026-01-05T10:00:00+08:00",
    "clock": {
        "state": "runs",
        "promised_at": ENTRY["promised_at"],
        "legal_at": "2026-01-12T23:59:59+08:00",
        "make_up_at": None,
        "paused": [],
        "card": "none",
        "raised_to": None,
    },
    "filing": {"state": "none", "department_receipt": ""},
    "fields": {"org_name": "示范食品厂"},
    "materials": [],
    "promised": [],
    "timeline": [
        {
            "event": "received",
            "status": "received",
            "by": "applicant",
            "officer": "",
            "at": "2026-01-05T09:30:00+08:00",
            "promised_at": ENTRY["promised_at"],
            "detail": {},
        }
    ],
    "correction": None,
    "result": None,
    "possible": ["withdrawal"],
}
RATED = {
    "receipt_no": ENTRY["receipt_no"],
    "service": "work-resumption",
    "score": 1,
    "tags": ["等待太久"],
    "text": "等了五天",
    "rated_at": "2026-01-09T09:30:00+08:00",
    "state": "open",
    "due_at": "2026-01-30T23:59:59+08:00",
    "late": False,
}
COLLEAGUES = {"items": [{"staff_id": "s0f3a9d7c5b1e2f4a6c8d0e1f2a3b4c5d", "username": "officer.li"}]}
PROCEDURES = {
    "items": [{"id": "hearing", "title": "听证", "basis": "《中华人民共和国行政许可法》第四十五条", "days": 20}],
}

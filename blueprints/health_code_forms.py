"""What the routes of the health code take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from hub.fields import Choice, Date, Form, Group, IdNumber, Items, LongText, Name, Text, Unshaped
from hub.settings.health_code_shapes import GRADES

_KINDS = ("health", "trip")
_AT = "2026-11-26T09:00:00+08:00"


class DeclarationForm(Form):
    """`fields` as `GET /health-code/questions` says for this kind."""

    kind = Choice(choices=_KINDS, load_default="health")
    fields_ = Unshaped(required=True, data_key="fields", attribute="fields")


class GradeAppealForm(Form):
    """Why the grade is wrong; `files` are papers of mine (`POST /files`)."""

    text = LongText(required=True, min=4, max=2000)
    files = Items(Text(required=True, max=64), max=9, load_default=list)


class NamedForm(Form):
    name = Name(required=True, min=1)
    id_number = IdNumber(required=True)


class GradeChangeForm(Form):
    """What is set for whom. More than one person: a second member of staff confirms. `rule`: a published rule; else a
    `case_id` says why."""

    reviews = Items(Text(required=True, min=1, max=64), max=500, load_default=list)
    people = Items(Group(NamedForm), max=500, load_default=list)
    grade = Choice(choices=GRADES, required=True)
    reason_code = Text(required=True, min=1, max=64)
    rule = Text(max=64, load_default="")
    case_id = Text(max=64, load_default="")
    note = LongText(max=500, load_default="")


class DayForm(Page):
    day = Date(required=True)


class QuestionsAnswer(marshmallow.Schema):
    """`forms`: by kind, the JSON Schema (2020-12) that a client draws."""

    forms = fields.Dict(required=True)
    rules = fields.List(fields.Dict(), required=True)
    grades = fields.Dict(required=True)
    reasons = fields.Dict(required=True)
    valid_days = fields.Integer(required=True)
    review_minutes = fields.Integer(required=True)
    ends_on = fields.String(required=True)


class DeclaredAnswer(marshmallow.Schema):
    """`outcome`: a grade, `review` (by a person, until `review_by`) or `keep` (written down, changes nothing)."""

    declaration_id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(_KINDS)})
    declared_at = fields.DateTime(required=True)
    outcome = fields.String(required=True, metadata={"enum": [*GRADES, "review", "keep"]})
    grade = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    advice = fields.String(required=True)
    review_by = fields.DateTime(required=True, allow_none=True)
    report_valid_until = fields.DateTime(required=True, allow_none=True)


class CodeAnswer(marshmallow.Schema):
    """`grade` is null while nobody can say; `review_by` is the promise then. `code` and `qr_svg` hold no colour."""

    grade = fields.String(required=True, allow_none=True, metadata={"enum": [*GRADES, None]})
    grade_name = fields.String(required=True)
    reason = fields.String(required=True)
    advice = fields.String(required=True)
    declared_at = fields.DateTime(required=True)
    report_valid_until = fields.DateTime(required=True)
    review_by = fields.DateTime(required=True, allow_none=True)
    code = fields.String(required=True)
    code_expires_at = fields.DateTime(required=True)
    qr_svg = fields.String(required=True)


class SignedFormAnswer(marshmallow.Schema):
    """A signed form for where there is no link (COSE, CWT, Base45)."""

    code = fields.String(required=True)
    qr_svg = fields.String(required=True)
    expires_at = fields.DateTime(required=True)


class GradeChangeAnswer(marshmallow.Schema):
    id = fields.Integer(required=True)
    act = fields.String(required=True)
    before = fields.String(required=True)
    grade = fields.String(required=True)
    reason_code = fields.String(required=True)
    rule = fields.String(required=True)
    case_id = fields.String(required=True)
    at = fields.DateTime(required=True)


class StaffGradeAnswer(GradeChangeAnswer):
    actor = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


class GradeHistoryAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(GradeChangeAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OutsideAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(StaffGradeAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class GradeAppealAnswer(marshmallow.Schema):
    appeal_id = fields.String(required=True)
    text = fields.String(required=True)
    files = fields.List(fields.String(), required=True)
    state = fields.String(required=True, metadata={"enum": ["open", "answered"]})
    opened_at = fields.DateTime(required=True)
    answer_by = fields.DateTime(required=True)
    answered_at = fields.DateTime(required=True, allow_none=True)
    answer = fields.String(required=True)


class ReviewAnswer(marshmallow.Schema):
    """One thing that waits for a person. `answers`: the latest declarations by kind."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["declaration", "appeal"]})
    name_masked = fields.String(required=True)
    id_masked = fields.String(required=True)
    grade = fields.String(required=True, allow_none=True)
    reason_code = fields.String(required=True)
    answers = fields.Dict(required=True)
    text = fields.String(required=True)
    files = fields.List(fields.String(), required=True)
    opened_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True)
    late = fields.Boolean(required=True)


class ReviewsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(ReviewAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class GradesChangedAnswer(marshmallow.Schema):
    change_id = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["waiting", "done"]})
    people = fields.Integer(required=True)


class AlertAnswer(marshmallow.Schema):
    """`about`: a citizen's opaque id (relay), a staff account (cap), a review (late)."""

    kind = fields.String(required=True, metadata={"enum": ["relay", "cap", "late"]})
    about = fields.String(required=True)
    gates = fields.List(fields.String(), required=True)
    at = fields.DateTime(required=True)


class AlertsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(AlertAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class EndingAnswer(marshmallow.Schema):
    """`report` is signed (JWS): what was there and what became of it; null while it is open."""

    ends_on = fields.String(required=True)
    order = fields.String(required=True)
    then = fields.String(required=True, metadata={"enum": ["delete", "archive"]})
    report = fields.String(required=True, allow_none=True)
    done_at = fields.DateTime(required=True, allow_none=True)


QUESTIONS: dict[str, Any] = {
    "forms": {"health": {"type": "object", "properties": {}, "required": [], "additionalProperties": False}},
    "rules": [{"id": "nothing-found", "kind": "health", "text": "均无异常的为绿码", "then": "00"}],
    "grades": {"00": {"name": "绿码", "advice": "可以通行。"}},
    "reasons": {"nothing_found": "申报和核验均未发现异常"},
    "valid_days": 14,
    "review_minutes": 60,
    "ends_on": "2027-12-31",
}
DECLARED: dict[str, Any] = {
    "declaration_id": "d0d1c2b3a495867768594a3b2c1d0e0f1", "kind": "health", "declared_at": _AT, "outcome": "00",
    "grade": "00", "reason": "申报和核验均未发现异常", "advice": "可以通行，请继续做好防护。", "review_by": None,
    "report_valid_until": "2026-12-10T09:00:00+08:00",
}  # fmt: skip
CODE: dict[str, Any] = {
    "grade": "00", "grade_name": "绿码", "reason": "申报和核验均未发现异常", "advice": "可以通行，请继续做好防护。",
    "declared_at": _AT, "report_valid_until": "2026-12-10T09:00:00+08:00", "review_by": None,
    "code": "IU7UTp4VnycAEaFXzSl9z1BBwHX5tKJg4Y1h", "code_expires_at": "2026-11-26T09:01:00+08:00",
    "qr_svg": "<svg/>",
}  # fmt: skip
SIGNED: dict[str, Any] = {"code": "XT1:6BF+70790T9WJWG.FKY", "qr_svg": "<svg/>", "expires_at": _AT}
CHANGE: dict[str, Any] = {
    "id": 7, "act": "declared", "before": "", "grade": "00", "reason_code": "nothing_found", "rule": "nothing-found",
    "case_id": "", "at": _AT,
}  # fmt: skip
STAFF_CHANGE: dict[str, Any] = {**CHANGE, "rule": "", "case_id": "2026-17", "actor": "s0d1c2", "roles": ["officer"]}
APPEAL: dict[str, Any] = {
    "appeal_id": "a0d1c2b3a495867768594a3b2c1d0e0f1", "text": "我没有去过风险地区", "files": [], "state": "open",
    "opened_at": _AT, "answer_by": "2026-11-27T09:00:00+08:00", "answered_at": None, "answer": "",
}  # fmt: skip
REVIEW: dict[str, Any] = {
    "id": "h0d1c2b3a495867768594a3b2c1d0e0f1", "kind": "declaration", "name_masked": "韩*福",
    "id_masked": "362*************32", "grade": None, "reason_code": "symptoms",
    "answers": {"health": {"temperature": 36.6, "symptoms": "fever"}}, "text": "", "files": [], "opened_at": _AT,
    "due_at": "2026-11-26T10:00:00+08:00", "late": False,
}  # fmt: skip
CHANGED: dict[str, Any] = {"change_id": "b0d1c2b3a495867768594a3b2c1d0e0f1", "state": "done", "people": 1}
ALERT: dict[str, Any] = {"kind": "relay", "about": "c0d1c2", "gates": ["bus-station", "luxi-town"], "at": _AT}
ENDING: dict[str, Any] = {
    "ends_on": "2027-12-31", "order": "第1号令", "then": "delete", "report": None, "done_at": None,
}  # fmt: skip

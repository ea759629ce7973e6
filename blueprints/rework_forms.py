"""What the routes for legs, re-runs, jobs and quotas take and answer, with an example of each."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from hub.fields import Choice, DateTime, Form, LongText, Text
from hub.switches.form import LONGEST_REASON

JOB_STATES = ("waiting", "running", "failed", "cancelled")
RERUN_STATES = ("running", "paused", "stopped", "cancelled", "done")
LEG_STATES = ("inflight", "answered", "rejected", "failed", "unknown")
_AT = "2026-03-01T08:00:00+08:00"
_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_LEG_ID = "0b7e2f0c-6f6c-4f5e-9a53-1f1f6f0f5a11"


class ReasonForm(Form):
    """Why; it stands in the record of acts."""

    reason = LongText(max=LONGEST_REASON)


class RerunForm(ReasonForm):
    """What is to be asked again: what one system, or one service, did not answer in this time."""

    system = Text(max=100)
    service = Text(max=100)
    since = DateTime(required=True)
    until = DateTime(required=True)


class JobsPage(Page):
    """All, or those in one state."""

    status = Choice(choices=JOB_STATES)


class LegAnswer(marshmallow.Schema):
    """A kept leg; its parts are there for who may see them. Values of class 3 and 4 are never shown."""

    id = fields.String(required=True)
    at = fields.String(required=True)
    trace_id = fields.String(required=True)
    service = fields.String(required=True)
    system = fields.String(required=True)
    operation = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["read", "write"]})
    data_class = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": list(LEG_STATES)})
    outcome = fields.String(required=True)
    keep_until = fields.String(required=True)
    answered_by = fields.String(required=True, metadata={"description": "The trace of a re-run that was answered"})
    has_question = fields.Boolean(required=True)
    has_answer = fields.Boolean(required=True)


class OpenedLegAnswer(LegAnswer):
    question = fields.Dict(required=True)
    answer = fields.Dict(required=True)
    samples = fields.List(fields.Dict(), required=True)


class OutcomeAnswer(marshmallow.Schema):
    """What came of asking again. The answer itself belongs to the citizen."""

    state = fields.String(required=True, metadata={"enum": ["answered", "rejected", "failed", "unknown"]})
    code = fields.String(required=True)
    trace_id = fields.String(required=True)


class RerunAnswer(marshmallow.Schema):
    """A re-run; `counts` is how many of its legs are in each state, `code` why it paused or stopped by itself."""

    id = fields.String(required=True)
    begun_at = fields.String(required=True)
    actor = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(RERUN_STATES)})
    code = fields.String(required=True)
    job_id = fields.String(required=True, allow_none=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class JobAnswer(marshmallow.Schema):
    """A job: a task and ids, never a value. Done ones are gone."""

    id = fields.String(required=True)
    task = fields.String(required=True)
    ids = fields.Dict(required=True)
    status = fields.String(required=True, metadata={"enum": list(JOB_STATES)})
    attempts = fields.Integer(required=True)
    given_at = fields.String(required=True, allow_none=True)
    scheduled_at = fields.String(required=True, allow_none=True)


class SystemQuota(marshmallow.Schema):
    id = fields.String(required=True)
    name = fields.Dict(required=True, allow_none=True, metadata={"description": "As its folder says, by language"})
    per_minute = fields.Integer(required=True, metadata={"description": "Of all workers together; 0: any number"})
    left = fields.Integer(required=True, allow_none=True, metadata={"description": "null: none, or Redis is away"})
    token_until = fields.String(required=True, allow_none=True)


class ServiceQuota(marshmallow.Schema):
    id = fields.String(required=True)
    name = fields.Dict(required=True, metadata={"description": "Its title, by language"})
    per_minute = fields.Integer(required=True, metadata={"description": "Of one person"})


class QuotasAnswer(marshmallow.Schema):
    """The budgets. The hub never forces a refresh of a token: that budget (WeChat's 20 a day) stays untouched."""

    systems = fields.List(fields.Nested(SystemQuota), required=True)
    services = fields.List(fields.Nested(ServiceQuota), required=True)


LEG: dict[str, Any] = {
    "id": _LEG_ID,
    "at": _AT,
    "trace_id": _TRACE,
    "service": "housing-fund-account",
    "system": "housing_fund",
    "operation": "query_account",
    "kind": "read",
    "data_class": 3,
    "state": "failed",
    "outcome": "UPSTREAM_MALFORMED",
    "keep_until": "2026-03-08T08:00:00+08:00",
    "answered_by": "",
    "has_question": True,
    "has_answer": False,
}
OPENED = {
    **LEG,
    "question": {"id_number": "***", "name": "***", "year": 2025},
    "answer": {},
    "samples": [{"kept_at": _AT, "code": "UPSTREAM_MALFORMED", "shape": '{"code":"0","data":{"ye":"0000.00"'}],
}
OUTCOME = {"state": "answered", "code": "OK", "trace_id": _TRACE}
RERUN = {
    "id": "3",
    "begun_at": _AT,
    "actor": "s0d1c2b3a495867768594a3b2c1d0e0f1",
    "reason": "停机结束，补查",
    "state": "running",
    "code": "",
    "job_id": "41",
    "counts": {"answered": 12, "asking": 1, "waiting": 88},
}
JOB = {
    "id": "41",
    "task": "reruns.run",
    "ids": {"rerun": 3},
    "status": "failed",
    "attempts": 5,
    "given_at": _AT,
    "scheduled_at": None,
}
QUOTAS = {
    "systems": [{
        "id": "housing_fund", "name": {"zh": "住房公积金系统", "en": "Housing fund system"}, "per_minute": 6000,
        "left": 5871, "token_until": "2026-03-01T09:40:00+08:00",
    }],
    "services": [{
        "id": "housing-fund-account", "name": {"zh": "住房公积金账户查询", "en": "Housing fund account"},
        "per_minute": 30,
    }],
}

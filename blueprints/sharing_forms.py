"""What the routes of data sharing take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from hub.fields import Choice, Form, Integer, Items, LongText, Text

TYPES = ("unconditional", "conditional", "not_shared")
STATES = ("review", "owner", "granted", "refused", "disputed", "upheld")
_RESOURCE, _REQUEST, _GRANT = "360423-007001", "q0f1e2d3c4b5a69788796a5b4c3d2e1f0", "g0f1e2d3c4b5a69788796a5b4c3d2e1f0"
_NAME = Text(required=True, min=1, max=64)


class ResourcesPage(Page):
    """`q`: part of a title, its initials, its code or a field's label."""

    q = Text(max=60, load_default="")
    department = Text(max=64, load_default="")
    shared_type = Choice(choices=TYPES)


class SharedForm(Form):
    """How the owner shares it. All but `unconditional` need a condition (the reason) and a legal basis."""

    shared_type = Choice(choices=TYPES, required=True)
    condition = LongText(max=500, load_default="")
    basis = LongText(max=300, load_default="")


class RequestForm(Form):
    """What another department's data is needed for. `scene`: the service or kind of case. `officers`: user names of the
    own office that will read it besides who asks."""

    resource = Text(required=True, min=1, max=64)
    fields = Items(_NAME, min=1, max=100, required=True)  # type: ignore[assignment]
    purpose = Text(required=True, min=4, max=200)
    scene = Text(max=100, load_default="")
    basis = Text(required=True, min=4, max=300)
    days = Integer(required=True, min=1, max=1095)
    officers = Items(_NAME, max=50, load_default=list)


class RequestsPage(Page):
    """`late`: only those somebody was silent on. `office`: only what concerns this department; all without."""

    office = Text(max=64, load_default="")
    state = Choice(choices=STATES)
    late = Choice(choices=("yes", "no"), load_default="no")


class DecisionForm(Form):
    """A refusal needs a reason and a legal basis."""

    decision = Choice(choices=("approve", "refuse"), required=True)
    reason = LongText(max=500, load_default="")
    basis = LongText(max=300, load_default="")


class UpwardForm(Form):
    reason = LongText(required=True, min=4, max=500)


class GrantsPage(Page):
    resource = Text(max=64, load_default="")


class ColumnAnswer(marshmallow.Schema):
    """`answered`: a source answers it today."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    type = fields.String(required=True)
    classification = fields.Integer(required=True, metadata={"minimum": 1, "maximum": 4})
    answered = fields.Boolean(required=True)


class ResourceAnswer(marshmallow.Schema):
    """One data resource. `refusals` and `silent` count what requests for it have met, for everybody to see."""

    id = fields.String(required=True)
    cata_code = fields.String(required=True)
    cata_title = fields.String(required=True)
    org_code = fields.String(required=True, metadata={"description": "The owner: a department."})
    credit_code = fields.String(required=True)
    shared_type = fields.String(required=True, metadata={"enum": list(TYPES)})
    shared_condition = fields.String(required=True)
    basis = fields.String(required=True)
    argued_until = fields.DateTime(required=True, allow_none=True)
    shared_way = fields.String(required=True, metadata={"enum": ["query", "catalogued"]})
    open_type = fields.String(required=True, metadata={"enum": ["open", "closed"]})
    update_cycle = fields.String(required=True)
    secret_level = fields.Integer(required=True, metadata={"minimum": 1, "maximum": 4})
    subject = fields.String(required=True)
    system = fields.String(required=True, metadata={"description": "Which system answers; empty: none yet."})
    item_codes = fields.List(fields.String(), required=True)
    columns = fields.List(fields.Nested(ColumnAnswer), required=True)
    refusals = fields.Integer(required=True)
    silent = fields.Integer(required=True)


class ResourcesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(ResourceAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RequestActAnswer(marshmallow.Schema):
    act = fields.String(required=True)
    office = fields.String(required=True)
    note = fields.String(required=True)
    at = fields.DateTime(required=True)


class RequestAnswer(marshmallow.Schema):
    """One request. `silent`: how often somebody let the time pass."""

    id = fields.String(required=True)
    resource = fields.String(required=True)
    owner = fields.String(required=True)
    applicant = fields.String(required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields")
    purpose = fields.String(required=True)
    scene = fields.String(required=True)
    basis = fields.String(required=True)
    days = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"enum": list(STATES)})
    raised_to = fields.String(required=True)
    silent = fields.Integer(required=True)
    asked_at = fields.DateTime(required=True)
    review_due = fields.DateTime(required=True)
    owner_due = fields.DateTime(required=True, allow_none=True)
    dispute_due = fields.DateTime(required=True, allow_none=True)
    ended_at = fields.DateTime(required=True, allow_none=True)
    refused_by = fields.String(required=True)
    refusal_basis = fields.String(required=True)
    refusal_reason = fields.String(required=True)


class WholeRequestAnswer(RequestAnswer):
    timeline = fields.List(fields.Nested(RequestActAnswer), required=True)


class RequestsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(RequestAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class GrantAnswer(marshmallow.Schema):
    """One right: whose officers may read which fields of what, for which purpose, until when."""

    id = fields.String(required=True)
    request = fields.String(required=True)
    resource = fields.String(required=True)
    owner = fields.String(required=True)
    consumer = fields.String(required=True)
    officers = fields.Integer(required=True, metadata={"description": "How many accounts it names."})
    mine = fields.Boolean(required=True, metadata={"description": "Whether it names the caller's account."})
    purpose = fields.String(required=True)
    scene = fields.String(required=True)
    basis = fields.String(required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields")
    granted_at = fields.DateTime(required=True)
    valid_until = fields.DateTime(required=True)
    revoked_at = fields.DateTime(required=True, allow_none=True)
    revoked_by = fields.String(required=True)


class GrantsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(GrantAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


RESOURCE: dict[str, Any] = {
    "id": _RESOURCE,
    "cata_code": "360423/007001",
    "cata_title": "婚姻登记信息",
    "org_code": "civil_affairs",
    "credit_code": "11360423DEM000073B",
    "shared_type": "conditional",
    "shared_condition": "经业务协同需要，由提供部门按事项授权",
    "basis": "经业务协同需要，由提供部门按事项授权",
    "argued_until": None,
    "shared_way": "query",
    "open_type": "closed",
    "update_cycle": "real_time",
    "secret_level": 4,
    "subject": "person",
    "system": "civil_affairs",
    "item_codes": [],
    "columns": [{"name": "marital_status", "label": "婚姻状况", "type": "code", "classification": 3, "answered": True}],
    "refusals": 0,
    "silent": 0,
}
_WANTED: dict[str, Any] = {
    "resource": _RESOURCE,
    "fields": ["name", "marital_status"],
    "purpose": "核验困难学生家庭情况",
    "scene": "student-aid-proof",
    "basis": "政务数据共享条例",
    "days": 90,
}
REQUEST: dict[str, Any] = {
    "id": _REQUEST,
    "owner": "civil_affairs",
    "applicant": "education",
    **_WANTED,
    "status": "review",
    "raised_to": "",
    "silent": 0,
    "asked_at": "2026-11-25T09:30:00+08:00",
    "review_due": "2026-11-27T23:59:59+08:00",
    "owner_due": None,
    "dispute_due": None,
    "ended_at": None,
    "refused_by": "",
    "refusal_basis": "",
    "refusal_reason": "",
}
_ACT = {"act": "asked", "office": "education", "note": "核验困难学生家庭情况", "at": "2026-11-25T09:30:00+08:00"}
WHOLE_REQUEST: dict[str, Any] = {**REQUEST, "timeline": [_ACT]}
GRANT: dict[str, Any] = {
    "id": _GRANT,
    "request": _REQUEST,
    "resource": _RESOURCE,
    "owner": "civil_affairs",
    "consumer": "education",
    "officers": 1,
    "mine": True,
    "purpose": "核验困难学生家庭情况",
    "scene": "student-aid-proof",
    "basis": "政务数据共享条例",
    "fields": ["name", "marital_status"],
    "granted_at": "2026-11-26T10:00:00+08:00",
    "valid_until": "2027-02-24T10:00:00+08:00",
    "revoked_at": None,
    "revoked_by": "",
}

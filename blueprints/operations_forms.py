"""What /ops/v1 takes and answers, with an example of each."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Page
from blueprints.rework_forms import LEG, LegAnswer
from hub.fields import Choice, Form, LongText, Text
from hub.switches.form import LONGEST_REASON, SwitchForm, SystemSwitchForm

_KINDS = ("service", "system")


class ChangeForm(SwitchForm):
    """What is to be different from now on, and why."""

    reason = LongText(max=LONGEST_REASON)


class SystemChangeForm(SystemSwitchForm):
    """What is to be different from now on, limits too, and why."""

    reason = LongText(max=LONGEST_REASON)


class RollbackForm(Form):
    """The entry of the history to go back to: to what was before it, or to what it made."""

    change_id = Text(required=True, max=20)
    to = Choice(choices=("before", "after"), load_default="before")
    reason = LongText(max=LONGEST_REASON)


class WriteBackForm(Form):
    """Whose override goes into its file."""

    kind = Choice(choices=_KINDS, required=True)
    id = Text(required=True, max=100)
    reason = LongText(max=LONGEST_REASON)


class HistoryPage(Page):
    """Of everything, or of one service or system."""

    kind = Choice(choices=_KINDS)
    id = Text(max=100)


class ActsPage(Page):
    """Of everybody, or of one; about everything, or about one thing."""

    actor = Text(max=100)
    target = Text(max=150)


class TraceQuery(Form):
    """The number that the citizen quotes."""

    trace_id = Text(required=True, min=32, max=32)


class SwitchAnswer(marshmallow.Schema):
    """A switch in force, and for each of its values where it comes from: `override`, or file and line."""

    id = fields.String(required=True)
    enabled = fields.Boolean()
    notice = fields.Dict(allow_none=True, metadata={"description": "What operations wrote, by language"})
    maintenance = fields.Dict(allow_none=True)
    rollout = fields.Dict()
    status = fields.String(metadata={"enum": ["open", "closed", "maintenance", "limited"]})
    shown_notice = fields.Dict(allow_none=True, metadata={"description": "What citizens read just now"})
    config = fields.Dict()
    override = fields.Dict(allow_none=True)
    source = fields.Dict()


class ServiceAnswer(SwitchAnswer):
    """A service as operations see it."""

    title = fields.Dict(required=True)
    department = fields.String(required=True)
    kind = fields.String(required=True)
    region = fields.String(required=True)
    level = fields.Integer(required=True)
    system = fields.String(required=True, allow_none=True)
    operation = fields.String(required=True, allow_none=True)
    parts = fields.List(fields.String(), required=True)
    people = fields.Dict(allow_none=True, metadata={"description": "What its synthetic citizen found last"})


class FailureAnswer(marshmallow.Schema):
    """One failed call; its trace finds the rest."""

    at = fields.String(required=True)
    operation = fields.String(required=True)
    code = fields.String(required=True)
    trace_id = fields.String(required=True)


class HealthAnswer(marshmallow.Schema):
    """How a system fares, as the worker sees it that answers."""

    state = fields.String(required=True, metadata={"enum": ["works", "contacted_unproven", "failing", "off"]})
    breaker = fields.String()
    in_flight = fields.Integer()
    p50_ms = fields.Float(allow_none=True)
    p95_ms = fields.Float(allow_none=True)
    last_failures = fields.List(fields.Nested(FailureAnswer))
    last_good_at = fields.String(allow_none=True)
    denied = fields.Boolean()


class SystemAnswer(SwitchAnswer):
    """A system as operations see it. One that did not start says why, with file, line and column."""

    name = fields.Dict(allow_none=True, metadata={"description": "What its folder calls it, by language"})
    health = fields.Nested(HealthAnswer, required=True)
    not_started = fields.String(required=True, allow_none=True)
    limits = fields.Dict(metadata={"description": "In force: calls at once from one worker (cap), and so on"})
    config_limits = fields.Dict()
    limits_source = fields.Dict()
    people = fields.List(fields.Dict(), metadata={"description": "What synthetic citizens found, service by service"})
    contract = fields.Dict(allow_none=True, metadata={"description": "What the last contract probe found"})
    deliveries = fields.List(fields.Dict(), metadata={"description": "What it should have brought, and rows refused"})
    expiries = fields.List(fields.Dict(), metadata={"description": "What of it ends when"})


class ChangeAnswer(marshmallow.Schema):
    """One entry of the history. `before` and `after` are overrides; null: the configuration counted."""

    change_id = fields.String(required=True)
    kind = fields.String(required=True)
    id = fields.String(required=True)
    act = fields.String(required=True, metadata={"enum": ["change", "rollback", "write_back"]})
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)
    reason = fields.String(required=True)
    actor = fields.String(required=True)
    actor_name = fields.String(required=True, metadata={"description": "User name; empty where it is gone"})
    changed_at = fields.String(required=True)


class ActAnswer(marshmallow.Schema):
    """One act of a member of staff; `outcome` is OK or the code it was refused with."""

    id = fields.String(required=True)
    acted_at = fields.String(required=True)
    actor = fields.String(required=True)
    actor_name = fields.String(required=True, metadata={"description": "User name; empty where it is gone"})
    roles = fields.List(fields.String(), required=True)
    act = fields.String(required=True)
    target = fields.String(required=True)
    outcome = fields.String(required=True)
    reason = fields.String(required=True)
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)
    trace_id = fields.String(required=True)


class DifferenceAnswer(marshmallow.Schema):
    """One service or system whose override says something else than its file."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    place = fields.String(required=True)
    change_id = fields.String(required=True)
    fields = fields.List(fields.Dict(), required=True)  # type: ignore[assignment]


class ConfigAnswer(marshmallow.Schema):
    """The configuration in force."""

    version = fields.String(required=True)
    loaded_at = fields.String(required=True)
    problem = fields.String(required=True, allow_none=True)
    not_started = fields.Dict(required=True)
    differences = fields.List(fields.Nested(DifferenceAnswer), required=True)


class FileAnswer(marshmallow.Schema):
    file = fields.String(required=True)
    text = fields.String(required=True)


class ExportAnswer(marshmallow.Schema):
    """Files as they would be with the overrides written in."""

    files = fields.List(fields.Nested(FileAnswer), required=True)


class CallsAnswer(marshmallow.Schema):
    """The legs of one request, and which of them are kept."""

    items = fields.List(fields.Dict(), required=True)
    legs = fields.List(fields.Nested(LegAnswer), required=True)


def pages_of(item: type[marshmallow.Schema]) -> type[marshmallow.Schema]:
    """A list of these, with where to go on."""
    shape: dict[str, fields.Field[Any]] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": fields.String(required=True, allow_none=True),
    }
    return marshmallow.Schema.from_dict(shape, name=f"{item.__name__}Page")


_NOTICE = {"zh": "系统升级，周五恢复。", "en": "Upgrade, back on Friday."}
_OPEN = {
    "enabled": True,
    "notice": None,
    "maintenance": None,
    "rollout": {"percent": 100, "regions": [], "citizens": []},
}
_OFF = {"enabled": False, "notice": _NOTICE}
_AT = "2026-03-01T08:00:00+08:00"
_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_STAFF = "s0d1c2b3a495867768594a3b2c1d0e0f1"
_SWITCH: dict[str, Any] = {
    **_OPEN,
    **_OFF,
    "status": "closed",
    "shown_notice": _NOTICE,
    "config": _OPEN,
    "override": _OFF,
    "source": {
        "enabled": "override",
        "notice": "override",
        "maintenance": "services/housing-fund-account.yaml:24",
        "rollout": "services/housing-fund-account.yaml:24",
    },
}
SERVICE = {
    "id": "housing-fund-account",
    "title": {"zh": "公积金账户查询", "en": "Housing fund account"},
    "department": "housing_fund",
    "kind": "query",
    "region": "360423",
    "level": 2,
    "system": "housing_fund",
    "operation": "query_account",
    "parts": [],
    "people": {"state": "works", "code": "OK", "note": "", "checked_at": _AT, "trace_id": _TRACE},
    **_SWITCH,
}
SYSTEM = {
    "id": "housing_fund",
    "name": {"zh": "住房公积金核心系统", "en": "Housing fund system"},
    "health": {
        "state": "failing",
        "breaker": "open",
        "in_flight": 0,
        "p50_ms": 41.0,
        "p95_ms": 3000.2,
        "last_failures": [
            {"at": _AT, "operation": "query_account", "code": "DEPARTMENT_TIMEOUT", "trace_id": _TRACE},
        ],
        "last_good_at": _AT,
        "denied": False,
    },
    "not_started": None,
    "limits": {"cap": 4, "deadline_s": 3.0, "per_minute": 0},
    "config_limits": {"cap": 8, "deadline_s": 3.0, "per_minute": 0},
    "limits_source": {"cap": "override", "deadline_s": "systems.yaml:45", "per_minute": "systems.yaml:45"},
    "people": [
        {"service": "housing-fund-account", "state": "works", "code": "OK", "checked_at": "2026-03-01T08:00:00+08:00"},
    ],
    "contract": {"state": "works", "code": "OK", "note": "", "checked_at": "2026-03-01T08:00:00+08:00"},
    "expiries": [{"what": "password", "state": "announced", "code": "14", "until": "2026-03-15T00:00:00+08:00"}],
    **_SWITCH,
}
CHANGE = {
    "change_id": "17",
    "kind": "service",
    "id": "housing-fund-account",
    "act": "change",
    "before": None,
    "after": _OFF,
    "reason": "停机升级",
    "actor": _STAFF,
    "actor_name": "operator",
    "changed_at": _AT,
}
ACT = {
    "id": "52",
    "acted_at": _AT,
    "actor": _STAFF,
    "actor_name": "auditor",
    "roles": ["auditor"],
    "act": "switch.write",
    "target": "service:housing-fund-account",
    "outcome": "ROLE_REQUIRED",
    "reason": "",
    "before": None,
    "after": None,
    "trace_id": _TRACE,
}
CONFIG: dict[str, Any] = {
    "version": "4d044b2d3a8c",
    "loaded_at": _AT,
    "problem": None,
    "not_started": {},
    "differences": [
        {
            "kind": "service",
            "id": "housing-fund-account",
            "place": "services/housing-fund-account.yaml:24",
            "change_id": "17",
            "fields": [{"field": "enabled", "config": True, "override": False}],
        }
    ],
}
EXPORT = {"files": [{"file": "services/housing-fund-account.yaml", "text": "id: housing-fund-account\n"}]}
CALLS = {
    "items": [
        {
            "id": "0b7e2f0c-6f6c-4f5e-9a53-1f1f6f0f5a11",
            "trace_id": _TRACE,
            "service": "housing-fund-account",
            "system": "housing_fund",
            "operation": "query_account",
            "outcome": "DEPARTMENT_TIMEOUT",
            "origin": "department:housing_fund",
            "request_in_at": _AT,
            "request_out_at": _AT,
            "response_in_at": None,
            "response_out_at": _AT,
        }
    ],
    "legs": [LEG],
}


def a_page(item: dict[str, Any]) -> dict[str, Any]:
    """The example of a list."""
    return {"items": [item], "next_cursor": None}

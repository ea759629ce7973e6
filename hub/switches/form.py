"""The form of a change, and the same values as the dataclasses that the hub works with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, validates_schema

from hub.errors import Fault, Problem, invalid
from hub.fields import Boolean, DateTime, Form, Group, Integer, Items, LongText, Region, Strict, Text, load
from hub.settings.pieces import SwitchSchema
from hub.settings.shapes import Switch, System

FIELDS = ("enabled", "notice", "maintenance", "rollout")
LIMITS = ("cap", "per_minute", "deadline_s")
LONGEST_REASON = 500
_SHAPE = SwitchSchema()


class NoticeForm(Form):
    """What citizens read, by language. An empty one is none."""

    zh = LongText()
    en = LongText()

    @validates_schema
    def has_chinese(self, data: Mapping[str, Any], **_: Any) -> None:
        if "zh" not in data or (data.get("en") and not data["zh"]):
            raise ValidationError("REQUIRED", "zh")


class Notice(Strict):
    """A notice by language, or one text for all."""

    def accept(self, value: Any) -> dict[str, Any]:
        texts: dict[str, Any] = NoticeForm().load({"zh": value} if isinstance(value, str) else value)
        return texts

    def json_schema(self) -> dict[str, Any]:
        text = LongText().json_schema()
        by_language = {"type": "object", "properties": {"zh": text, "en": text}, "required": ["zh"]}
        nothing = [{"type": "null"}] if self.allow_none else []
        return {"anyOf": [text, {**by_language, "additionalProperties": False}, *nothing]}


class MaintenanceForm(Form):
    """A window that is announced from now on. Its names are `from` and `until` outside."""

    starts_at = DateTime(required=True, data_key="from")
    ends_at = DateTime(required=True, data_key="until")
    notice = Notice(allow_none=True)

    @validates_schema
    def in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if "starts_at" in data and "ends_at" in data and not _moment(data["starts_at"]) < _moment(data["ends_at"]):
            raise ValidationError("RANGE_ORDER", "until")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class RolloutForm(Form):
    """Who may: so many percent of all, everybody of these regions, everybody on this list."""

    percent = Integer(min=0, max=100)
    regions = Items(Region(), max=200)
    citizens = Items(Text(min=1, max=64), max=1000)


class SwitchForm(Form):
    """What is to be different from now on. null takes a notice, a window or a limit away."""

    enabled = Boolean()
    notice = Notice(allow_none=True)
    maintenance = Group(MaintenanceForm, allow_none=True)
    rollout = Group(RolloutForm, allow_none=True)


class Seconds(Strict):
    """A number of seconds, with or without a fraction."""

    def accept(self, value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValidationError("TYPE")
        if not 0.1 <= value <= 30:
            raise ValidationError("RANGE")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": 0.1, "maximum": 30}


class LimitsForm(Form):
    """How much a system bears: calls at once from one worker, calls a minute in all (0: any number), seconds."""

    cap = Integer(min=1, max=256)
    per_minute = Integer(min=0, max=1_000_000)
    deadline_s = Seconds()


class SystemSwitchForm(SwitchForm):
    """A system has limits besides. null takes what operations set there away."""

    limits = Group(LimitsForm, allow_none=True)


def checked(patch: Mapping[str, Any], regions: Collection[str], kind: str) -> dict[str, Any]:
    """The patch as it is stored: the shape of a `switch:` block in config, and `limits`. Raises the 422 that lists the
    faults."""
    load(SystemSwitchForm() if kind == "system" else SwitchForm(), patch)
    if not patch:
        raise invalid([Fault("", "REQUIRED")])
    listed = (patch.get("rollout") or {}).get("regions", [])
    unknown = [Fault(f"rollout.regions.{at}", "CHOICE") for at, code in enumerate(listed) if code not in regions]
    if unknown:
        raise invalid(unknown)
    nothing: dict[str, Any] = {"notice": {"zh": ""}, "rollout": {"percent": 100}}
    wanted = {name: nothing.get(name) if patch[name] is None else patch[name] for name in FIELDS if name in patch}
    if "notice" in wanted:
        wanted["notice"] = _by_language(wanted["notice"])
    if "limits" in patch:
        wanted["limits"] = patch["limits"]
    if (window := wanted.get("maintenance")) and "notice" in window:
        wanted["maintenance"] = {**window, "notice": _by_language(window["notice"])}
    return wanted


def _by_language(notice: Mapping[str, str] | str | None) -> Mapping[str, str]:
    """The form that is kept and that config has."""
    return {"zh": notice or ""} if notice is None or isinstance(notice, str) else notice


def checked_reason(reason: str | None) -> str:
    text = load(Form.from_dict({"reason": LongText(max=LONGEST_REASON)})(), {"reason": reason or ""})["reason"]
    if not text:
        raise Problem("REASON_REQUIRED", faults=[Fault("reason", "REASON_REQUIRED")])
    return str(text)


def merged(config: Switch, fields: Mapping[str, Any]) -> Switch:
    """The configuration with an override above it, field by field."""
    names = [name for name in FIELDS if name in fields]
    above: Switch = _SHAPE.load({name: fields[name] for name in names})
    return replace(config, **{name: getattr(above, name) for name in names})


def differing(config: Switch, limits: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What of an override says anything else than the configuration; the rest is no override."""
    whole = merged(config, fields)
    found = {name: fields[name] for name in FIELDS if name in fields and getattr(whole, name) != getattr(config, name)}
    above = {name: value for name, value in (fields.get("limits") or {}).items() if value != limits.get(name)}
    return {**found, "limits": above} if above else found


def limits_of(system: System) -> dict[str, Any]:
    """The limits as JSON."""
    return {name: getattr(system, name) for name in LIMITS}


def written(switch: Switch) -> dict[str, Any]:
    """A switch as JSON, in the words of the form."""
    window, rollout = switch.maintenance, switch.rollout
    return {
        "enabled": switch.enabled,
        "notice": dict(switch.notice) or None,
        "maintenance": {
            "from": window.starts_at.isoformat(),
            "until": window.ends_at.isoformat(),
            "notice": dict(window.notice) or None,
        }
        if window
        else None,
        "rollout": {
            "percent": rollout.percent,
            "regions": list(rollout.regions),
            "citizens": list(rollout.citizens),
        },
    }

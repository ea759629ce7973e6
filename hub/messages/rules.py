"""What a message says and where it goes next. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from hub.settings.message_schema import CUT, LIMITS, PLACE
from hub.settings.shapes import Template

OPEN = ("waiting", "sent", "phone")
FINAL = ("inbox", "delivered", "read", "called", "unreached")
"""inbox: it was to go nowhere else; delivered: WeChat took it or the SMS arrived; read: the citizen was faster; called:
told by telephone; unreached: given up."""
KEPT = timedelta(days=730)
_ABOUT = re.compile(r"[A-Za-z0-9_:.-]{0,80}", re.ASCII)


def checked(template: Template, values: Mapping[str, str], about: str) -> dict[str, str]:
    """The values, each within its length. Raises ValueError where the caller and the template do not fit."""
    if values.keys() != template.values.keys():
        wrong = sorted(values.keys() ^ template.values.keys())
        raise ValueError(f"message {template.id}: missing or unknown values: {', '.join(wrong)}")
    if not _ABOUT.fullmatch(about):
        raise ValueError(f"message {template.id}: what it is about must be an id")
    return {name: cut(str(value), template.values[name]) for name, value in values.items()}


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def filled(text: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: values[place[1]], text)


def body(template: Template, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Title and text in both languages, and the values for the other channels. A template that changes afterwards does
    not change what somebody was told."""
    told = {
        language: {"title": filled(template.title[language], values), "text": filled(template.text[language], values)}
        for language in ("zh", "en")
    }
    return {**told, "values": dict(values)}


def first_channel(template: Template) -> str:
    """Where it goes after the inbox; empty: nowhere."""
    return after("", template)


def after(channel: str, template: Template) -> str:
    """The next channel of this template; empty: there is none."""
    has = {"wechat": template.wechat is not None, "sms": bool(template.sms), "phone": template.phone}
    names = list(has)
    rest = names[names.index(channel) + 1 :] if channel else names
    return next((name for name in rest if has[name]), "")


def wechat_data(fields: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """What stands in each field of the subscribe message: things are cut, an empty one is a dash."""
    told = {}
    for name, text in fields.items():
        kind = name.rstrip("0123456789")
        value = filled(text, values) or "-"
        told[name] = cut(value, LIMITS[kind]) if kind == CUT else value
    return told

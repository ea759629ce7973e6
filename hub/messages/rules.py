"""What a message says and where it goes next. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from hub.settings.message_schema import CUT, LIMITS, PLACE
from hub.settings.shapes import Template, Text

OPEN = ("waiting", "sent", "phone")
FINAL = ("inbox", "delivered", "read", "called", "unreached")
"""inbox: it was to go nowhere else; delivered: WeChat took it or the SMS arrived; read: the citizen was faster; called:
told by telephone; unreached: given up."""
KEPT = timedelta(days=730)
_ABOUT = re.compile(r"[A-Za-z0-9_:.-]{0,80}", re.ASCII)


Value = str | Text
"""What is filled in: the same in both languages, or by language."""


def checked(template: Template, values: Mapping[str, Value], about: str) -> dict[str, dict[str, str]]:
    """The values by language, each within its length. Raises ValueError where the caller and the template do not
    fit."""
    if values.keys() != template.values.keys():
        wrong = sorted(values.keys() ^ template.values.keys())
        raise ValueError(f"message {template.id}: missing or unknown values: {', '.join(wrong)}")
    if not _ABOUT.fullmatch(about):
        raise ValueError(f"message {template.id}: what it is about must be an id")
    return {
        language: {name: cut(_said(value, language), template.values[name]) for name, value in values.items()}
        for language in ("zh", "en")
    }


def _said(value: Value, language: str) -> str:
    return value if isinstance(value, str) else value.get(language) or value.get("zh", "")


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def filled(text: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: values[place[1]], text)


def body(template: Template, values: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Title and text in both languages, and the Chinese values for the other channels. A template that changes
    afterwards does not change what somebody was told."""
    told = {
        language: {"title": filled(template.title[language], said), "text": filled(template.text[language], said)}
        for language, said in values.items()
    }
    return {**told, "values": dict(values["zh"])}


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


WECHAT_TRIES, SMS_TRIES = 2, 48
WECHAT_WAIT_S, SMS_WAIT_S = 60.0, 300.0
GIVE_UP = timedelta(days=3)
Verdict = Literal["done", "accepted", "never", "later"]
"""What came of it: WeChat has it; a provider has it and will say more; not by this channel; not now."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a message stands after an attempt; `wait_s` is None where nothing more is to be sent."""

    state: str
    channel: str
    wait_s: float | None = None
    tries: int = 0


def step(template: Template, channel: str, verdict: Verdict, tries: int) -> Step:
    """What follows. An urgent message does not wait for WeChat to come back."""
    if verdict == "done":
        return Step("delivered", channel)
    if verdict == "accepted":
        return Step("sent", channel, tries=tries)
    most, wait_s = (WECHAT_TRIES, WECHAT_WAIT_S) if channel == "wechat" else (SMS_TRIES, SMS_WAIT_S)
    hurry = template.urgent and channel == "wechat"
    if verdict == "later" and tries + 1 < most and not hurry:
        return Step("waiting", channel, wait_s, tries + 1)
    return given_up(template, channel)


def given_up(template: Template, channel: str) -> Step:
    """This channel leads nowhere: on to the next one."""
    match after(channel, template):
        case "":
            return Step("unreached", channel)
        case "phone":
            return Step("phone", "phone")
        case onward:
            return Step("waiting", onward, 0.0)


def received(state: str, delivered: bool) -> str:
    """The state after a receipt. Late, twice or out of order it comes to the same: what arrived has arrived."""
    if delivered:
        return "delivered" if state in (*OPEN, "unreached") else state
    return "waiting" if state == "sent" else state

"""What config/messages.yaml may hold: what citizens are told, its texts, and how much of it WeChat and SMS carry.

The limits are WeChat's own, checked while the files are read: a message that WeChat would refuse never gets that far.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields, post_load, validate, validates_schema

from hub.settings.pieces import IDENTIFIER, Matching, Sentence, Strict, Words, refuse, switchable, whole
from hub.settings.shapes import Template, WeChatTemplate

LIMITS: Mapping[str, int] = {
    "thing": 20, "number": 32, "letter": 32, "character_string": 32, "symbol": 5, "phrase": 5, "name": 10,
    "date": 20, "time": 20, "amount": 12, "phone_number": 17, "car_number": 8,
}  # fmt: skip
"""Characters a field of a subscribe message may have, by its kind."""
CUT = "thing"
"""The only kind that is cut when it is too long; a number or a code is never cut."""
PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}", re.ASCII)
_FIELD = re.compile(r"([a-z_]+?)[0-9]{1,2}", re.ASCII)
_TEMPLATE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_PAGE = re.compile(r"[A-Za-z0-9_/-]{1,200}", re.ASCII)
_LONGEST_SMS = 300
PERSONAL = frozenset({"id_number", "name", "phone", "address", "birth_date", "account", "amount"})
"""What may stand in the inbox, behind a login, but not in what WeChat or a telephone company carries (T34)."""


class WeChatSchema(Strict):
    """One template of the subscribe message, and what stands in each of its fields."""

    template_id = Matching(_TEMPLATE_ID, "a template id", required=True)
    fields_ = fields.Dict(
        keys=fields.String(), values=Words(100), data_key="fields", attribute="fields", required=True,
        validate=validate.Length(1, 10),
    )  # fmt: skip

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> WeChatTemplate:
        return WeChatTemplate(**data)


class TemplateSchema(Strict):
    """`values` names what is filled in, each with the most characters it may have."""

    title = Sentence(required=True)
    text = Sentence(required=True)
    values = fields.Dict(keys=Matching(IDENTIFIER, "an id"), values=whole(1, 2000), load_default=dict)
    page = Matching(_PAGE, "a page of the mini-program", load_default="")
    urgent = switchable(load_default=False)
    wechat = fields.Nested(WeChatSchema)
    sms = Words(_LONGEST_SMS, load_default="")
    phone = switchable(load_default=False)

    @validates_schema(skip_on_field_errors=True)
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        refuse(_misfits(data))

    @post_load
    def shape(self, data: dict[str, Any], **_: Any) -> Template:
        return Template(id="", **data)


Path = tuple[str, ...]


def _misfits(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    values: Mapping[str, int] = data["values"]
    told = list(_texts(data))
    for path, text in told:
        yield from _misplaced(path, text, values)
    wechat: WeChatTemplate | None = data.get("wechat")
    for name, text in wechat.fields.items() if wechat else ():
        if said := _too_long(name, text, values):
            yield ("wechat", "fields", name), said
    pushed = [(("wechat", "fields", name), text) for name, text in wechat.fields.items()] if wechat else []
    for place, text in (*pushed, (("sms",), data["sms"])):
        if found := PERSONAL.intersection(PLACE.findall(text)):
            yield place, f"'{min(found)}' is personal: only the text in the inbox may have it"
    used = {name for _, text in told for name in PLACE.findall(text)}
    yield from ((("values", name), "stands in no text") for name in values if name not in used)


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every text of a template, and where it stands."""
    for name in ("title", "text"):
        yield from (((name, language), data[name].get(language, "")) for language in ("zh", "en"))
    if data["sms"]:
        yield ("sms",), data["sms"]
    if wechat := data.get("wechat"):
        yield from ((("wechat", "fields", name), text) for name, text in wechat.fields.items())


def _misplaced(path: Path, text: str, values: Mapping[str, int]) -> Iterator[tuple[Path, str]]:
    if not text:
        yield path[:1], f"{path[-1]} is missing"
    for name in PLACE.findall(text):
        if name not in values:
            yield path, f"'{name}' stands in no list of values"
    if re.search(r"[{}]", PLACE.sub("", text)):
        yield path, "a brace belongs to no value"


def _too_long(name: str, text: str, values: Mapping[str, int]) -> str:
    match = _FIELD.fullmatch(name)
    limit = LIMITS.get(match[1]) if match else None
    if match is None or limit is None:
        return f"is no field of a subscribe message ({', '.join(LIMITS)}, each with a number)"
    longest = len(PLACE.sub("", text)) + sum(values.get(each, 0) for each in PLACE.findall(text))
    if match[1] == CUT and PLACE.search(text):
        return ""
    return f"may have {limit} characters and can have {longest}" if longest > limit else ""

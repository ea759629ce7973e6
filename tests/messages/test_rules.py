"""What a message says, and where it goes next."""

from __future__ import annotations

import pytest

from hub.messages import rules
from hub.settings.shapes import Template, WeChatTemplate

FULL = Template(
    "full", {"zh": "题", "en": "t"}, {"zh": "{a}", "en": "{a}"}, {"a": 40}, "", False,
    WeChatTemplate("template-1", {"thing1": "{a}", "character_string2": "{a}"}), "{a}", True,
)  # fmt: skip


def test_a_thing_is_cut_at_nineteen_and_a_code_never() -> None:
    told = rules.wechat_data({"thing1": "{a}", "character_string2": "{a}"}, {"a": "一" * 25})
    assert told == {"thing1": "一" * 19 + "…", "character_string2": "一" * 25}
    assert rules.wechat_data({"thing1": "{a}"}, {"a": "二" * 20}) == {"thing1": "二" * 20}
    assert rules.wechat_data({"thing1": "{a}"}, {"a": ""}) == {"thing1": "-"}, "WeChat takes no empty value"


def test_values_are_filled_in_once() -> None:
    assert rules.filled("{a}{b}", {"a": "{b}", "b": "x"}) == "{b}x"


@pytest.mark.parametrize(("before", "then"), [("", "wechat"), ("wechat", "sms"), ("sms", "phone"), ("phone", "")])
def test_the_channels_in_order(before: str, then: str) -> None:
    assert rules.after(before, FULL) == then


def test_a_template_that_goes_nowhere_else() -> None:
    plain = Template("plain", {"zh": "题", "en": "t"}, {"zh": "文", "en": "x"})
    assert rules.after("", plain) == ""

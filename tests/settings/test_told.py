"""What the hub writes to citizens stands in messages.yaml, or the start says so, with its line."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from hub.clock import CHINA
from hub.messages.notices import KIND
from hub.settings import message_checks
from hub.settings.folder import load
from tests.house.test_messages import kinds
from tests.settings.test_shipped import CONFIG, Anything

SHIPPED = (CONFIG / "messages.yaml").read_text(encoding="utf-8")


def complaints(tmp_path: Path, messages: str) -> list[str]:
    loaded = load(CONFIG, Anything({}, tmp_path), datetime.now(CHINA), (), {"messages.yaml": messages})
    return [str(each) for each in loaded.complaints]


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("\ncase-overdue:", "\ncase-late:", "no message 'case-overdue', which the hub writes"),
        ("\nappeal-late:", "\nappeal-slow:", "no message 'appeal-late', which the hub writes"),
        ("\nhealth-code-appeal:", "\nhealth-appeal:", "no message 'health-code-appeal', which the hub writes"),
        ("\ndata-read:", "\ndata-seen:", "no message 'data-read', which the hub writes"),
        ("\nurgent-notice:", "\nnotice:", "no message 'urgent-notice', which the hub writes"),
        ("values: {number: 32}", "values: {no: 32}", "'number' is missing: the hub fills it in"),
        ("编号 {number} 的问题已答复", "编号 {number} 的{what}问题已答复", "the hub fills in no 'what' here"),
    ],
)
def test_feat_J1_a_message_that_is_missing_or_fits_no_call_is_told_at_the_start(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    assert before in SHIPPED
    text = SHIPPED.replace(before, after)
    if "{no:" in after:
        head, _, rest = text.partition("appeal-answered:")
        text = head + "appeal-answered:" + rest.replace("{number}", "{no}")
    if "what" in complaint:
        text = text.replace("values: {number: 32}", "values: {number: 32, what: 10}")
    (found,) = [each for each in complaints(tmp_path, text) if complaint in each]
    assert re.match(r"messages\.yaml:\d+", found)


def test_a_county_with_applications_and_no_messages_at_all_is_told_so(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    (tmp_path / "config" / "messages.yaml").unlink()
    loaded = load(tmp_path / "config", Anything({}, tmp_path), datetime.now(CHINA))
    assert "messages.yaml:1:1" in str(next(each for each in loaded.complaints if "'case-received'" in str(each)))


def test_every_kind_that_the_rooms_write_is_looked_for_at_the_start() -> None:
    looked_for = [getattr(message_checks, name) for name in dir(message_checks) if name.startswith("OF_")]
    assert {kind for each in looked_for for kind in each} == {*kinds(), KIND}

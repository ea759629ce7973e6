"""One value is written into a file; everything else of it, comments too, stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Problem
from hub.settings import Settings
from hub.settings.edit import put, switched
from hub.settings.reader import parse

NOTICE = {"zh": "系统升级，周五恢复。", "en": "Upgrade: back on Friday"}


CASES: list[tuple[str, tuple[str, ...], Any, str]] = [
    ("a: 1  # one\nb: 2\n", ("a",), False, "a: false  # one\nb: 2\n"),
    ("a: {x: 1}  # it\n", ("a", "y"), "no", "a: {x: 1, y: 'no'}  # it\n"),
    ("a: {x: {z: 1}, y: 2}\n", ("a", "x"), {"zh": "周五", "en": "a: b"}, "a: {x: {zh: 周五, en: 'a: b'}, y: 2}\n"),
    ("a: {}\n", ("a", "y"), "360423", "a: {y: '360423'}\n"),
    ("a:\n  x: 1  # x\n\n# b\nb: 2\n", ("a", "y"), None, "a:\n  x: 1  # x\n  y: null\n\n# b\nb: 2\n"),
    ("a:\n  s:\n    y: 1\n    # why\nb: 2\n", ("a", "s"), {"z": 1}, "a:\n  s: {z: 1}\n    # why\nb: 2\n"),
    ("a:\n  x:\n    - 1\n    - 2\nb: 2\n", ("a", "x"), [3], "a:\n  x: [3]\nb: 2\n"),
    ("a:\nb: 2\n", ("a", "x"), True, "a: {x: true}\nb: 2\n"),
    ("a: |\n  text\n  more\nb: 2\n", ("a",), "short", "a: short\nb: 2\n"),
    ("x: 1", ("s", "e"), False, "x: 1\ns: {e: false}\n"),
    ("x: |\n  text\n", ("s",), 1, "x: |\n  text\ns: 1\n"),
    ("'a' : \"b\"   \nc: 1\n", ("a",), "d", "'a' : d   \nc: 1\n"),
    ("s:   # of a\n    e: true # since\n", ("s", "e"), False, "s:   # of a\n    e: false # since\n"),
]


@pytest.mark.parametrize(("before", "path", "value", "after"), CASES)
def test_the_rest_stays(before: str, path: tuple[str, ...], value: Any, after: str) -> None:
    text = put(parse("f", before), path, value)
    assert text == after
    found = parse("f", text).value
    for key in path:
        found = found[key]
    assert found == value


def test_several_fields_of_a_switch() -> None:
    text = "# the system\nfund:\n  address: x  # where\n\n# another\nother: {}\n"
    window = {"from": "2026-03-01T08:00:00+08:00", "until": "2026-03-01T12:00:00+08:00", "notice": NOTICE}
    new = switched(parse("f", text), ("fund",), {"enabled": False, "notice": NOTICE, "maintenance": window})
    assert parse("f", new).value["fund"]["switch"] == {"enabled": False, "notice": NOTICE, "maintenance": window}
    assert new.startswith("# the system\nfund:\n  address: x  # where\n  switch: {enabled: false,")
    assert new.endswith("}\n\n# another\nother: {}\n")


def test_amend_is_in_force_at_once_and_keeps_the_mode(opened: Callable[[], Settings], folder: Path) -> None:
    settings, file = opened(), folder / "services/account.yaml"
    file.chmod(0o640)
    settings.amend("services/account.yaml", lambda document: switched(document, (), {"enabled": False}))
    assert not settings.now.services["account"].switch.enabled
    assert "enabled: false" in file.read_text(encoding="utf-8") and file.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in file.parent.iterdir()) == ["account.yaml", "balance.yaml", "records.yaml"]


def test_amend_refuses_what_would_not_be_good(opened: Callable[[], Settings], folder: Path) -> None:
    settings, file = opened(), folder / "services/account.yaml"
    before = file.read_bytes()
    with pytest.raises(Problem, match=r"CONFIG_INVALID services/account.yaml:11:\d+: switch.rollout.percent"):
        settings.amend("services/account.yaml", lambda document: switched(document, (), {"rollout": {"percent": 101}}))
    assert file.read_bytes() == before
    (folder / "themes.yaml").write_text("{", encoding="utf-8")
    with pytest.raises(Problem, match="CONFIG_INVALID"):
        settings.amend("services/account.yaml", lambda document: switched(document, (), {"enabled": False}))
    assert file.read_bytes() == before

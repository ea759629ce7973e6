"""Every kind of message that the code tells stands in config/messages.yaml: one that does not would undo the act."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.house.sources import ROOT

_KIND = re.compile(r"[a-z]+(-[a-z]+)+")
_TELLS = ("tell", "_tell")


def told(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _TELLS:
            for each in node.args:
                if isinstance(each, ast.Constant) and isinstance(each.value, str) and _KIND.fullmatch(each.value):
                    yield each.value


KINDS = sorted({kind for path in (ROOT / "hub").rglob("*.py") for kind in told(path)})


def test_the_kinds_are_found() -> None:
    assert {"case-received", "case-correction", "case-decided", "case-progress", "appeal-received"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_is_told_has_its_texts(kind: str) -> None:
    written = yaml.safe_load((ROOT / "config" / "messages.yaml").read_text(encoding="utf-8"))
    assert kind in written

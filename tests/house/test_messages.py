"""Every kind of message that the code tells stands in config/messages.yaml: one that does not would undo the act."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import yaml

from tests.house.sources import ROOT, Source, sources

_KIND = re.compile(r"[a-z]+(-[a-z]+)+")
_TELLS = ("tell", "_tell")


def told(source: Source) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _TELLS:
            for each in node.args:
                if isinstance(each, ast.Constant) and isinstance(each.value, str) and _KIND.fullmatch(each.value):
                    yield each.value


@cache
def kinds() -> frozenset[str]:
    return frozenset(kind for source in sources("hub") for kind in told(source))


def test_the_kinds_are_found() -> None:
    assert {"case-received", "case-correction", "case-decided", "case-progress", "appeal-received"} <= kinds()


def test_every_kind_that_is_told_has_its_texts() -> None:
    written = yaml.safe_load((ROOT / "config" / "messages.yaml").read_text(encoding="utf-8"))
    assert kinds() <= written.keys()

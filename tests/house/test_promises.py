"""Every promise of the product is named by a test: the ids in promises.yaml against the names of all tests.

Names say what a test is for; whether it proves it is not seen here. See CONTRIBUTING.md, "Tests".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.sources import ROOT, functions, sources

LETTERS = {"quirk": "Q", "fault": "F", "threat": "T", "row": "B"}
FACTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("promises.yaml").read_text(encoding="utf-8"))
PER_PROTOCOL = ("F1", "F4", "F5", "F6", "F7", "F8", "F10", "F11", "F12", "F13", "F15")
NAMED = re.compile(r"(?:^|_)(quirk|fault|threat|row)((?:_(?:to_)?[QFTB]\d+)+)(?=_|$)")


def span(first: str, last: str) -> Iterator[str]:
    for number in range(int(first[1:]), int(last[1:]) + 1):
        yield f"{first[0]}{number}"


def promised(kind: str) -> list[str]:
    return [id for each in FACTS["promised"][kind] for id in span(each.split("-")[0], each.split("-")[-1])]


def named(test: str) -> Iterator[tuple[str, str]]:
    """The kind and id of each promise in a test's name; `row_B33_to_B37` names five, `row_B3_B4` two."""
    for kind, chain in NAMED.findall(test):
        last = ""
        for to, id in re.findall(r"_(to_)?([QFTB]\d+)", chain):
            for one in span(last, id) if to else (id,):
                yield kind, one
            last = id


def never_run(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(re.search(r"mark\.(skip|xfail)\b", ast.unparse(each)) for each in test.decorator_list)


@cache
def tests() -> tuple[tuple[str, str], ...]:
    """File and name of every test that pytest collects here."""
    return tuple(
        (source.name, function.name)
        for source in sources("tests", "adapters")
        if source.path.name.startswith("test_")
        for function in functions(source)
        if function.name.startswith("test_") and not never_run(function)
    )


def drilled(protocol: str) -> set[str]:
    mine = (f"tests/protocols/test_{protocol}", f"tests/{protocol}/")
    return {id for file, test in tests() if file.startswith(mine) for _, id in named(test) if id.startswith("F")}


@pytest.mark.parametrize("kind", LETTERS)
def test_every_promise_is_named_by_a_test(kind: str) -> None:
    proven = {id for _, test in tests() for _, id in named(test)}
    missing = [id for id in promised(kind) if id not in proven and id not in FACTS["not_due"]]
    assert not missing, "promised, and no test names it"
    assert not [id for id in FACTS["not_due"] if id in proven], "due: take it from the list"


def test_a_name_carries_the_letter_of_its_kind() -> None:
    wrong = [test for _, test in tests() for kind, id in named(test) if LETTERS[kind] != id[0]]
    assert not wrong


@pytest.mark.parametrize("protocol", FACTS["drills"])
def test_every_protocol_meets_the_faults_or_says_why_not(protocol: str) -> None:
    due = set(FACTS["drills"][protocol])
    excused = {fault for fault, reasons in FACTS["without"].items() if protocol in reasons}
    assert not due & excused and due | excused >= set(PER_PROTOCOL)
    assert not due - drilled(protocol), "no test of this protocol names the fault"


def test_every_protocol_stands_in_the_table() -> None:
    speakers = {path.stem for path in (ROOT / "adapters" / "protocols").glob("*.py") if _speaks(path)}
    assert speakers <= FACTS["drills"].keys()


def _speaks(path: Path) -> bool:
    return (path.parent / f"{path.stem}_facts.py").exists()

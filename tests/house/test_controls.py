"""The list of controls is true: each stands once where it is said to, its tests are there, and no row is left out.

That the tests do fail without it is seen by `make controls`, which takes too long for every run.
"""

from __future__ import annotations

from tests.controls import controls
from tests.house.test_promises import FACTS, named, span, tests

LISTED = tuple(controls())


def test_a_control_stands_once_in_its_file() -> None:
    changed = [str(each) for each in LISTED if each.text.count(each.old) != 1 or each.new == each.old or not each.red]
    assert not changed, "write it anew, and see its tests fail with `make controls`"


def test_what_fails_without_a_control_is_a_test() -> None:
    there = {f"{file}::{test}" for file, test in tests()}
    assert not [test for control in LISTED for test in control.red if test not in there]


def test_each_test_of_these_rows_fails_without_some_control() -> None:
    rows = {row for spans in FACTS["seen_red"].values() for each in spans for row in span(*each.split("-"))}
    listed = {test for control in LISTED for test in control.red}
    due = [f"{file}::{test}" for file, test in tests() if rows & {id for _, id in named(test)}]
    assert not [each for each in due if each not in listed], "list the control it stands on in tests/controls"

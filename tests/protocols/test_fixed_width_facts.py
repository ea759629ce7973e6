"""What a fixed-width or ISO 8583 system.yaml must not say."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from marshmallow import ValidationError

from adapters.protocols import fixed_width, iso8583
from hub.errors import Problem
from hub.settings.reader import read_yaml
from tests.protocols.cores import core, facts_of, opened
from tests.protocols.test_iso8583 import FOLDER

Change = Callable[[dict[str, Any]], Any]


def own(facts: dict[str, Any]) -> dict[str, Any]:
    return dict(facts["fixed_width"])


def account(facts: dict[str, Any]) -> dict[str, Any]:
    return dict(facts["operations"]["query_account"])


@pytest.mark.parametrize("system", ["traffic", "fund_core"])
def test_the_shipped_ones_are_right(system: str) -> None:
    assert fixed_width.FACTS().load(facts_of(system))


WRONG: list[tuple[str, Change]] = [
    ("keep no connection", lambda facts: facts["fixed_width"].update(echo=["code"], connections={"kept": 4})),
    ("keeps no connection", lambda facts: own(facts)["connections"].update(kept=4)),
    ("not in the headers", lambda facts: own(facts)["echo"].append("result")),
    ("last field of the trailer", lambda facts: own(facts)["answer"]["trailer"].append({"name": "x", "bytes": 1})),
    ("nobody says which", lambda facts: facts["fixed_width"].pop("mac")),
    ("at most one of", lambda facts: own(facts)["request"]["header"][1].update(secret="key")),
    ("only a field of the body", lambda facts: own(facts)["request"]["header"][0].update(cut=True)),
    ("Chinese character", lambda facts: account(facts)["fixed_width"]["request"][1].update(pad="@")),
    ("one ASCII character", lambda facts: account(facts)["fixed_width"]["request"][1].update(pad="　")),
    ("a group has count", lambda facts: account(facts)["fixed_width"]["answer"][0].update(count="x")),
    ("no field before it", lambda facts: account(facts)["fixed_width"]["answer"].append(
        {"name": "rows", "count": "n", "fields": [{"name": "a", "bytes": 1}]})),
    ("stands twice", lambda facts: account(facts)["fixed_width"]["answer"].append({"name": "name", "bytes": 1})),
    ("the name of a flag", lambda facts: account(facts)["fixed_width"]["answer"].append({"name": "a_cut", "bytes": 1})),
    ("the layout has no", lambda facts: account(facts)["request"]["fields"]["name"].update(to="nobody")),
    ("the layout has no", lambda facts: account(facts)["answer"]["fields"]["name"].update({"from": "body.nobody"})),
    ("the layout has no", lambda facts: account(facts)["answer"]["fields"]["name"].update({"from": "header.serial"})),
    ("two fields of one name", lambda facts: account(facts)["fixed_width"]["request"].append(
        {"name": "terminal2", "bytes": 1}) or account(facts)["fixed_width"]["request"].append(
        {"name": "terminal2", "bytes": 1})),
    ("must not be cut", lambda facts: account(facts)["fixed_width"]["answer"][1].update(cut=True)),
    ("nobody is told", lambda facts: account(facts)["answer"]["fields"].pop("employer_cut")),
]  # fmt: skip


@pytest.mark.parametrize(("complaint", "change"), WRONG, ids=[f"{n} {text}" for n, (text, _) in enumerate(WRONG)])
def test_what_makes_no_sense_is_refused(complaint: str, change: Change) -> None:
    facts = facts_of("fund_core", change)
    with pytest.raises(ValidationError) as caught:
        fixed_width.FACTS().load(facts)
    assert complaint in str(caught.value.messages)


def test_a_secret_that_is_missing_stops_the_system(tmp_path: Any) -> None:
    with core("fund_core", tmp_path) as running:
        (tmp_path / "fund_core_key").unlink()
        with pytest.raises(Problem) as caught:
            opened(running)
    assert caught.value.code == "CONFIG_INVALID" and "key" in caught.value.note


@pytest.mark.parametrize(
    ("complaint", "change"),
    [
        ("must come back", lambda own: own.update(echo=["41"])),
        ("is no field number", lambda own: own["stamps"].update({"1": {"serial": True}})),
        ("at most one of", lambda own: own["stamps"].update({"11": {"serial": True, "secret": "x"}})),
        ("four digits", lambda own: own["reversal"].update(type="400")),
        ("is not a file name", lambda own: own.update(dialect="../x.yaml")),
        ("Unknown field", lambda own: own["framing"].update(trailer=4)),
    ],
)
def test_an_iso8583_system_is_checked_too(complaint: str, change: Change) -> None:
    facts = copy.deepcopy(read_yaml(FOLDER / "system.yaml").value)
    change(facts["iso8583"])
    with pytest.raises(ValidationError) as caught:
        iso8583.FACTS().load(facts)
    assert complaint in str(caught.value.messages)

"""config/recognition.yaml: what is wrong in it is told with its place, and an issuer without keys costs only itself."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from hub.clock import Clock
from hub.settings import Secrets, Settings, Unusable
from tests.recognition.conftest import SHIPPED, configure
from tests.recognition.region import Region

ISSUER = {"name": {"zh": "浙江"}, "way": "facts", "keys": "file/recognition/330000.json"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"more": 1}, "unknown key"),
    ({"issuers": {"3300": ISSUER}}, "six digits or a country"),
    ({"issuers": {"330000": {**ISSUER, "keys": '{"keys": []}'}}}, "a reference"),
    ({"issuers": {"330000": {**ISSUER, "way": "faith"}}}, "is not facts or dcc"),
    ({"issuers": {"330000": {**ISSUER, "scope": ["everywhere"]}}}, "first digits"),
    ({"issuers": {"330000": {"way": "facts"}}}, "is missing"),
    ({"grades": ["01", "10"]}, "the first is green"),
    ({"grades": ["00", "02"]}, "is not 00, 01 or 10"),
    ({"snapshot_hours": 0}, "must be from 1"),
    ({"consent": {"version": "2"}}, "is missing"),
    ({"advice": {}}, "is missing"),
]


def opened(folder: Path, **said: Any) -> Settings:
    configure(folder, "360423", (Region("330000"),), None)
    file = folder / "config" / "recognition.yaml"
    file.write_text(json.dumps({**SHIPPED, **said}), encoding="utf-8")
    return Settings(folder / "config", Secrets({"KEY": "k" * 32}, folder), Clock())


@pytest.mark.parametrize(("said", "complaint"), WRONG, ids=lambda each: each if isinstance(each, str) else "")
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Unusable, match=complaint) as unusable:
        opened(tmp_path, **said)
    assert str(unusable.value.complaints[0]).startswith("recognition.yaml:")


def test_an_issuer_whose_keys_are_not_there_costs_only_itself() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = opened(Path(folder), issuers={"330000": ISSUER, "AT": {**ISSUER, "way": "dcc", "keys": "file/no"}})
        assert list(settings.now.recognition.issuers) == ["330000"]
        assert [each.broken for each in settings.check()] == [False], "told, and no reason not to start"
        assert "file/no is not there" in str(settings.check()[0])

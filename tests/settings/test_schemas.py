"""The shipped configuration passes, and editors check the same as the hub does."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

from hub.settings import Settings
from hub.settings.message_schema import PERSONAL, TemplateSchema
from hub.settings.place import Refused
from hub.settings.reader import read_yaml

ROOT = Path(__file__).parents[2]
SCHEMAS = Settings.json_schemas()
MUSEUM = Path(__file__).with_name("museum")
# What one file alone shows: an unknown key, a wrong type, a missing key, a value out of range or out of form.
SHOWN_BY_ONE_FILE = (
    "unknown_key_top", "unknown_key_in_switch", "unknown_key_in_a_list_item", "wrong_type_in_a_list_item",
    "missing_in_a_list_item", "clear_secret", "percent_above_100", "data_class_five", "deadline_too_long",
    "title_is_text", "region_without_quotes", "half_a_file_valid_yaml", "a_list", "text_without_chinese",
)  # fmt: skip


def schema_for(name: str) -> Draft202012Validator:
    return Draft202012Validator(next(schema for pattern, schema in SCHEMAS.items() if fnmatch(name, pattern)))


@pytest.mark.parametrize("pattern", SCHEMAS)
def test_each_is_a_json_schema(pattern: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[pattern])


@pytest.mark.parametrize("folder", [ROOT / "config", Path(__file__).with_name("good")], ids=["shipped", "good"])
def test_the_editors_schema_takes_what_is_right(folder: Path) -> None:
    for path in folder.rglob("*.yaml"):
        name = str(path.relative_to(folder))
        found = [error.message for error in schema_for(name).iter_errors(read_yaml(path, name).value)]
        assert not found, f"{name}: {found}"


@pytest.mark.parametrize("exhibit", SHOWN_BY_ONE_FILE)
def test_the_editors_schema_refuses_what_the_hub_refuses(exhibit: str) -> None:
    for path in (MUSEUM / exhibit).rglob("*.yaml"):
        name = str(path.relative_to(MUSEUM / exhibit))
        try:
            value = read_yaml(path, name).value
        except Refused:
            continue
        assert not schema_for(name).is_valid(value), name


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_threat_T34_what_is_pushed_carries_no_personal_value(name: str) -> None:
    told = {"title": {"zh": "a", "en": "a"}, "text": {"zh": f"{{{name}}}", "en": f"{{{name}}}"}, "values": {name: 20}}
    assert TemplateSchema().load(told).id == ""
    wechat = {"template_id": "demo-template", "fields": {"thing1": f"{{{name}}}"}}
    for pushed in ({"sms": f"{{{name}}}"}, {"wechat": wechat}):
        with pytest.raises(ValidationError, match="personal"):
            TemplateSchema().load({**told, **pushed})

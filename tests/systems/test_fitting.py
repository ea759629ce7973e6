"""A service that does not fit its operation is told when the configuration is read, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.clock import Clock
from hub.settings import Secrets, Settings
from hub.settings.tables import Tables
from hub.systems import Systems
from hub.systems.fitting import services_fit, systems_fit
from tests.gateway.world import PACKAGE, service, write_config
from tests.systems.test_systems import shared


class Somewhere:
    address = "http://127.0.0.1:9"


def complaints(folder: Path, services: list[dict[str, Any]]) -> list[str]:
    systems = Systems(lambda: {}, shared, PACKAGE)
    environ = {"KEY": "k" * 40, "PASSWORD": "p"}
    good = service("fits", "alpha")
    write_config(folder / "config", {"alpha": Somewhere()}, [good])  # type: ignore[dict-item]
    settings = Settings(folder / "config", Secrets(environ, folder), Clock(), [services_fit(systems.declared)])
    assert settings.problem is None
    write_config(folder / "config", {"alpha": Somewhere()}, services)  # type: ignore[dict-item]
    return [str(complaint) for complaint in settings.check()]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"call": {"system": "alpha", "operation": "file"}, "form": {}}, "call.operation: 'file' writes"),
        ({"data_class": 2}, "data_class: must be 3"),
        ({"form": {"plate": {"type": "text", "label": {"zh": "车"}, "class": 2}}}, "form.plate: 'query' does not take"),
        ({"subject": []}, "form: 'query' needs id_number"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    found = complaints(tmp_path, [service("odd", "alpha", **wrong)])
    assert any(each.startswith("services/odd.yaml:") and says in each for each in found), found


DECLARED = {
    "secrets": ["key"],
    "options": {"page_rows": {"as": "integer", "required": True}, "old_style": {"as": "boolean", "required": False}},
}


@pytest.mark.parametrize(
    ("secrets", "options", "says"),
    [
        ({"key": "env/KEY"}, {"page_rows": 20, "old_style": True}, []),
        ({}, {"page_rows": 20}, [(("fund", "secrets"), "'fund' needs key")]),
        ({"key": "env/KEY"}, {}, [(("fund", "options"), "needs page_rows")]),
        ({"key": "env/KEY"}, {"page_rows": "20"}, [(("fund", "options", "page_rows"), "must be integer")]),
        ({"key": "env/KEY"}, {"page_rows": True}, [(("fund", "options", "page_rows"), "must be integer")]),
        ({"key": "env/KEY"}, {"page_rows": 2, "x": 1}, [(("fund", "options", "x"), "unknown key")]),
    ],
)
def test_feat_C5_options_are_typed_and_secrets_are_by_name(
    secrets: dict[str, str], options: dict[str, Any], says: list[tuple[tuple[str, ...], str]]
) -> None:
    tables = Tables(systems={"fund": {"secrets": secrets, "options": options}})
    found = [(path, text) for _, path, text in systems_fit(lambda _: DECLARED)(tables)]
    assert found == says
    assert not list(systems_fit(lambda _: {})(tables)), "what declares nothing is the protocol's own business"

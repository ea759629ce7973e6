"""The configuration that ships passes its own check, adapters and field types included, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.clock import Clock
from hub.fields import TYPES
from hub.settings import Secrets, Settings
from hub.settings.checks import field_types_known, operations_known
from hub.settings.reader import read_yaml
from hub.settings.tables import FILES, OPTIONAL
from hub.systems import Systems

CONFIG = Path(__file__).parents[2] / "config"
ROLES = {
    "operator", "officer", "community_clerk", "verifier", "gate_verifier", "data_officer", "auditor", "system_admin",
    "security_admin", "audit_admin", "order_officer",
}  # fmt: skip


class Anything(Secrets):
    """Every secret is there, every address is an address."""

    def resolve(self, reference: str) -> str:
        return "http://127.0.0.1:9" if reference.endswith("_ADDRESS") else "x" * 32


@pytest.fixture(scope="module")
def settings() -> Settings:
    systems = Systems(lambda: {}, lambda _: None)  # type: ignore[arg-type, return-value]
    checks = (operations_known(systems.operations), field_types_known(TYPES))
    return Settings(CONFIG, Anything({}, CONFIG), Clock(), checks)


def test_the_shipped_configuration_has_no_fault(settings: Settings) -> None:
    assert [str(complaint) for complaint in settings.check()] == []
    assert settings.problem is None and not settings.now.not_started
    assert len(settings.now.systems) == 10 and len(settings.now.services) >= 12
    assert set(settings.now.roles) == ROLES


def test_the_duties_are_split(settings: Settings) -> None:
    roles = settings.now.roles
    writing = {role for role, permissions in roles.items() if any(each.endswith(".write") for each in permissions)}
    assert writing == {"operator", "officer", "order_officer", "community_clerk", "data_officer", "system_admin",
                       "security_admin"}  # fmt: skip
    assert [role for role, permissions in roles.items() if "order.seal" in permissions] == ["order_officer"]
    looking = (".read", ".investigate")  # an investigation changes nothing
    assert all(each.endswith(looking) for role in ("auditor", "audit_admin") for each in roles[role])
    every = {permission for permissions in roles.values() for permission in permissions}
    assert not any(set(permissions) == every for permissions in roles.values())


def texts(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    if isinstance(value, dict) and "zh" in value:
        yield path, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inner, f"{path}.{key}")


SERVICES = [f"services/{path.name}" for path in (CONFIG / "services").glob("*.yaml")]


@pytest.mark.parametrize("file", [*FILES, *OPTIONAL, *SERVICES])
def test_every_text_has_both_languages(file: str) -> None:
    missing = [path for path, text in texts(read_yaml(CONFIG / file, file).value, file) if "en" not in text]
    assert not missing

"""The smallest configuration a hub starts with, for rooms that are tested with departments of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.county import SUITE

HUB: dict[str, Any] = {
    "name": {"zh": "示范县", "en": "Demo County"},
    "region": "360423",
    "hosts": ["localhost"],
    "token_keys": {"t1": "env/KEY"},
    "seal_keys": {"s1": "env/KEY"},
    "suite": SUITE,
}


def written(folder: Path, systems: Mapping[str, Any], services: Iterable[dict[str, Any]] = ()) -> None:
    files = {
        "hub.yaml": HUB,
        "systems.yaml": systems,
        "departments.yaml": {"bureau": {"name": {"zh": "局"}, "region": "360423"}},
        "themes.yaml": {},
        "regions.yaml": {"360423": {"name": {"zh": "武宁县"}}},
        "roles.yaml": {"operator": ["switch.write"]},
        "texts.yaml": {},
        **{f"services/{each['id']}.yaml": each for each in services},
    }
    (folder / "services").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

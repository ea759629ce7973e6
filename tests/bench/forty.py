"""A package of adapters in a temporary folder: those there are, and plain ones, so that forty departments are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from hub.settings.reader import read_yaml
from tests.bench.answers import ID_NUMBER, Canned
from tests.bench.processes import ROOT
from tests.bench.stand import SYSTEMS

PLAIN = tuple(f"plain_{number:02d}" for number in range(len(SYSTEMS) + 1, 41))
SERVICES = ("medical-insurance-balance", "household-members", "marriage-record", "social-security-contributions",
            "housing-fund-account", "vehicle-list", *(name.replace("_", "-") for name in PLAIN))  # fmt: skip


def plain_answers() -> list[Canned]:
    body = b'{"code":"0","id":"%s","number":"A-1","balance":"1234.56"}' % ID_NUMBER.encode()
    return [Canned(f"/{name}/query", "application/json", body) for name in PLAIN]


def make(folder: Path, upstream: str) -> Path:
    """The package; systems.yaml and the services that use it stand in `folder`/config."""
    package, config = folder / "bench_adapters", folder / "config"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for path in (ROOT / "adapters").iterdir():
        if path.is_dir() and path.name != "__pycache__":
            (package / path.name).symlink_to(path)
    (config / "services").mkdir(parents=True)
    systems = read_yaml(ROOT / "config" / "systems.yaml").value
    for name in PLAIN:
        (package / name).mkdir()
        _write(package / name / "system.yaml", _facts(name))
        _write(config / "services" / f"{name.replace('_', '-')}.yaml", _service(name))
        limits = {"cap": 8, "deadline_s": 3, "per_minute": 0}
        systems[name] = {"address": upstream, "limits": limits, "allow_private": True}
    _write(config / "systems.yaml", systems)
    return package


def _facts(name: str) -> dict[str, Any]:
    return {
        "name": {"zh": f"样例系统{name[-2:]}", "en": f"Sample system {name[-2:]}"},
        "department": "housing_fund",
        "protocol": "signed_rest",
        "encoding": "utf-8",
        "subject": "id_number",
        "probe": {"operation": "query", "fields": {"id_number": ID_NUMBER}},
        "signed_rest": {"sign": {"algorithm": "none"}},
        "operations": {
            "query": {
                "kind": "read",
                "data_class": 3,
                "request": {"fields": {"id_number": {"to": "id", "required": True}}},
                "signed_rest": {"method": "post", "path": f"/{name}/query"},
                "outcome": {"path": "code", "ok": ["0"]},
                "answer": {
                    "fields": {
                        "id_number": {"from": "id", "required": True, "class": 3},
                        "number": {"from": "number", "class": 3},
                        "balance_fen": {"from": "balance", "as": "yuan", "class": 3},
                    }
                },
            }
        },
    }


def _service(name: str) -> dict[str, Any]:
    shipped = read_yaml(ROOT / "config/services/housing-fund-account.yaml").value
    number = int(name[-2:])
    own = {
        "id": name.replace("_", "-"),
        "title": {"zh": f"样例查询{number}", "en": f"Sample query {number}"},
        "call": {"system": name, "operation": "query"},
        "codes": {},
        "aliases": [],
    }
    return shipped | own


def _write(path: Path, value: Any) -> None:
    path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")

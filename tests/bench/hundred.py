"""A hundred systems on one hub: seconds until it is ready, and what a worker holds once they were asked.

They are copies of the county's own, each with folder, WSDL and all: nothing of one is spared because of another.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from hub.settings.reader import read_yaml
from tests.bench.load import scheduled
from tests.bench.processes import OTHER_CPU, ROOT, SERVER_CPU, family
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Plan, Stand
from tests.bench.table import Row

_MANY, _MOST_MIB, _MOST_S, _RATE = 100, 350, 5.0, 40
_SERVICES = {
    "medical_insurance": "medical-insurance-balance",
    "household_registration": "household-members",
    "civil_affairs": "marriage-record",
    "social_security": "social-security-contributions",
    "housing_fund": "housing-fund-account",
    "vehicle_administration": "vehicle-list",
}
_SILENT = "fund_core"  # fixed width: opened like the others; no twin of it stands here, so nobody asks it


def hundred(stand: Stand, timing: Timing) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, Strangers() as strangers:
        plan = Plan(workers=2, cpus=(SERVER_CPU, OTHER_CPU), package=_package(Path(name)))
        took = []
        for _ in range(timing.rounds):
            with stand.hub(plan) as hub:
                took.append(hub.ready_s)
                asked = [hub.call(service) for service in _services()]
                arrived = scheduled({"all": asked}, _RATE, max(3 * len(asked) / _RATE, timing.seconds))["all"]
                held = sorted(each.memory_info().rss / 2**20 for each in family(hub.process)[1:])
    good = arrived.of(200).count / arrived.of().count
    note = f"each of {len(took)}: {', '.join(f'{each:.1f}' for each in took)} s"
    yield Row(
        "hundred", f"start with {_MANY} systems, until it is ready", f"{min(took):.1f} s", target="≤ 5 s",
        met=min(took) <= _MOST_S, others=strangers.share, note=note,
    )  # fmt: skip
    yield Row(
        "hundred", f"RSS of a worker with {_MANY} systems, {len(_services())} asked", f"{held[-1]:.0f} MiB",
        target="≤ 350 MiB", met=held[-1] <= _MOST_MIB and good > 0.9, others=strangers.share,
        note=f"{', '.join(f'{each:.0f}' for each in held)} MiB; {good:.1%} of the calls were answered",
    )  # fmt: skip


def _own() -> dict[str, Any]:
    """The county's own systems, as they are attached."""
    systems: dict[str, Any] = read_yaml(ROOT / "config" / "systems.yaml").value
    return systems


def _copies() -> Iterator[tuple[str, str]]:
    """A name and the system it is a copy of, up to a hundred with the originals."""
    kinds = cycle((*_SERVICES, _SILENT))
    for number in range(len(_own()) + 1, _MANY + 1):
        kind = next(kinds)
        yield f"{kind}_{number:03d}", kind


def _services() -> list[str]:
    return [*_SERVICES.values(), *(_named(name) for name, kind in _copies() if kind != _SILENT)]


def _package(folder: Path) -> Path:
    package, config = folder / "bench_adapters", folder / "config"
    package.mkdir()
    (package / "__init__.py").write_text("")
    systems = _own()
    for name in ("protocols", *systems):
        (package / name).symlink_to(ROOT / "adapters" / name)
    (config / "services").mkdir(parents=True)
    silent = {"username": "file/secrets/housing_fund_username", "key": "file/secrets/housing_fund_key"}
    for name, kind in _copies():
        shutil.copytree(ROOT / "adapters" / kind, package / name, ignore=shutil.ignore_patterns("samples", "*.py"))
        if kind == _SILENT:
            limits = {"cap": 8, "deadline_s": 3}
            systems[name] = {"address": "tcp://127.0.0.1:9", "secrets": silent, "limits": limits, "allow_private": True}
            continue
        systems[name] = {**systems[kind], "limits": dict(systems[kind]["limits"])}
        _write(config / "services" / f"{_named(name)}.yaml", _service(name, kind))
    _write(config / "systems.yaml", systems)
    return package


def _service(name: str, kind: str) -> dict[str, Any]:
    shipped: dict[str, Any] = read_yaml(ROOT / f"config/services/{_SERVICES[kind]}.yaml").value
    number = int(name[-3:])
    title = {"zh": f"样例查询{number}", "en": f"Sample query {number}"}
    call = {**shipped["call"], "system": name}
    return shipped | {"id": _named(name), "title": title, "call": call, "codes": {}, "aliases": []}


def _named(system: str) -> str:
    return system.replace("_", "-")


def _write(path: Path, value: Any) -> None:
    path.write_text(yaml.dump(value, Dumper=_Plain, allow_unicode=True, sort_keys=False), encoding="utf-8")


class _Plain(yaml.SafeDumper):
    """Without anchors, which the hub does not read."""

    def ignore_aliases(self, _: Any) -> bool:
        return True

"""What the rows stand on: a county's servers and twins on the other processor, and the hub under test on its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml

from hub.demo.child import leash
from hub.demo.county import make_secrets
from hub.demo.embedded import embedded_redis, postgres
from hub.demo.ports import free_port
from hub.demo.preparation import prepare
from hub.demo.supervisor import Supervisor
from hub.main import Hub
from hub.settings.reader import read_yaml
from tests.bench.load import Question
from tests.bench.processes import ROOT, SERVER_CPU, granian, started, wait_until
from tests.phone import Phone
from tests.town import Town

SYSTEMS = ("medical_insurance", "household_registration", "civil_affairs", "social_security", "housing_fund",
           "vehicle_administration")  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How a hub under test differs from the shipped one. Its budgets and caps are there, and too high to refuse."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    package: Path | None = None  # of adapters, with systems.yaml and services of its own beside config/
    per_minute: Mapping[str, int] = field(default_factory=dict)  # of a system
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # keys of theirs that differ
    max_in_flight: int = 512
    workers: int = 1
    cpus: Sequence[int] = (SERVER_CPU,)
    factory: str = ""  # instead of `hub serve`


@dataclass(frozen=True)
class Served:
    """A hub under test."""

    url: str
    process: psutil.Process
    token: str
    ready_s: float  # from the command to /readyz
    environ: Mapping[str, str] = field(default_factory=dict)

    def call(self, service: str, fields: Mapping[str, Any] | None = None) -> Question:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps({"fields": dict(fields or {})})
        return Question(f"{self.url}/api/v1/services/{service}/calls", "POST", body, headers)


class Stand:
    """PostgreSQL, Redis and the twins of one bench run."""

    def __init__(self, home: Path, environ: Mapping[str, str], demo: dict[str, Any]) -> None:
        self.home, self.environ, self._demo = home, environ, demo
        self._made = 0

    @property
    def database_url(self) -> str:
        return self.environ["HUB_DATABASE_URL"]

    @contextlib.contextmanager
    def hub(self, plan: Plan) -> Iterator[Served]:
        self._made += 1
        config, port = self.home / f"config-{self._made}", free_port()
        write_config(config, plan)
        url = f"http://127.0.0.1:{port}"
        environ = {**self.environ, "HUB_CONFIG": str(config)}
        if plan.package:
            environ |= {"PYTHONPATH": str(plan.package.parent), "HUB_ADAPTERS": plan.package.name}
        command = [sys.executable, "-m", "hub", "serve", "--port", str(port), "--workers", str(plan.workers)]
        if plan.factory:
            command = granian(plan.factory, port, 256, plan.workers)
            environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(dir=self.home)
        began = time.perf_counter()
        with started(command, f"{url}/healthz", plan.cpus, environ) as process:
            wait_until(lambda: requests.get(f"{url}/readyz", timeout=5).status_code == 200)
            ready_s = time.perf_counter() - began
            yield Served(url, process, self._login(url), ready_s, environ)

    def _login(self, url: str) -> str:
        town = Town(self._demo)
        return Phone(url).login(town.twin("wechat").url, town.persona()["openid"]).token


@contextlib.contextmanager
def standing() -> Iterator[Stand]:
    home = Path(tempfile.mkdtemp(prefix="xt-bench-", dir="/tmp"))
    home.chmod(0o711)
    supervisor = Supervisor(home, lambda _: None)
    try:
        (home / "run").mkdir()
        make_secrets(ROOT / "config", home)
        servers = embedded_redis(home), postgres(home, lambda _: None)
        for server in servers:
            supervisor.start(server.program)
        supervisor.wait_ready(60, *(server.program.name for server in servers))
        redis, database = (server.url for server in servers)
        with _twins(home) as entries:
            addresses = {f"{name.upper()}_ADDRESS": entry["address"] for name, entry in entries.items()}
            servers_at = {"HUB_HOME": str(home), "HUB_DATABASE_URL": database, "HUB_REDIS_URL": redis}
            environ = {**servers_at, **addresses}
            hub = Hub.open(home, {**os.environ, **environ})
            prepare(hub, home / "people.json")
            hub.close()
            people = json.loads((home / "people.json").read_text(encoding="utf-8"))
            yield Stand(home, environ, {**people, "twins": entries})
    finally:
        supervisor.stop(10)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _twins(home: Path) -> Iterator[dict[str, dict[str, str]]]:
    out = home / "twins.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.twins", "--out", str(out), "--secrets", str(home / "secrets")], cwd=ROOT,
        preexec_fn=leash(signal.SIGTERM, os.getpid()),
    )  # fmt: skip
    try:
        wait_until(out.exists)
        yield json.loads(out.read_text(encoding="utf-8"))
    finally:
        process.terminate()
        process.wait(10)


def write_config(folder: Path, plan: Plan) -> None:
    shutil.copytree(ROOT / "config", folder)
    if plan.package:
        shutil.copytree(plan.package.parent / "config", folder, dirs_exist_ok=True)
    _change(folder / "systems.yaml", partial(_systems, plan))
    _change(folder / "hub.yaml", lambda hub: hub | {"max_in_flight": plan.max_in_flight})
    _change(folder / "health_code.yaml", lambda told: told | {"limits": {"scans_a_day": 10**8}})
    for path in (folder / "services").glob("*.yaml"):
        differs = {"per_minute": 10_000_000, **plan.services.get(path.stem, {})}
        _change(path, differs.__ror__)


def _systems(plan: Plan, systems: dict[str, Any]) -> dict[str, Any]:
    for name, system in systems.items():
        system["limits"]["cap"] = 256
        system["limits"]["per_minute"] = plan.per_minute.get(name, system["limits"].get("per_minute", 0))
        system["address"] = plan.addresses.get(name, system["address"])
    return systems


def _change(path: Path, change: Any) -> None:
    value = change(read_yaml(path).value)
    path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")

"""A running demo county for tests: `hub demo` as a process of its own, with a home and a config that can be spoiled."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml
from click.testing import CliRunner, Result

from hub.__main__ import main
from hub.demo.ports import free_port

ROOT = Path(__file__).parents[1]
_MEMORY = Path("/dev/shm")
# In memory where there is room: on one disk, the commits of several databases wait for each other for seconds.
HOMES = "/dev/shm" if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 6 << 30 else "/tmp"
SECONDS = 30
# What this run seals and signs with: that of the configuration under test (`make test-sm` changes it).
SUITE = str(yaml.safe_load((ROOT / "config" / "hub.yaml").read_text(encoding="utf-8"))["suite"])


@dataclass
class County:
    """`demo` is demo.json as the county wrote it; `config` its own copy of config/. `full`: every system is there."""

    home: Path
    config: Path
    port: int
    process: subprocess.Popen[bytes]
    full: bool = False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def demo(self) -> dict[str, Any]:
        return json.loads((self.home / "demo.json").read_text(encoding="utf-8"))

    @property
    def environ(self) -> dict[str, str]:
        environ = county_environ(self.home, self.config, self.port)
        return {**environ, **self.package} if self.full else environ

    @property
    def package(self) -> dict[str, str]:
        """Where a full county's configuration and adapters are."""
        written = self.home / "county"
        return {"HUB_CONFIG": str(written / "config"), "HUB_ADAPTERS": "whole_county", "PYTHONPATH": str(written)}

    @property
    def output(self) -> str:
        return (self.home / "demo.out").read_text(encoding="utf-8", errors="replace")

    def hub(self, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Another `hub` command in this county, as in a second terminal."""
        return subprocess.run(
            [sys.executable, "-m", "hub", *arguments],
            cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def here(self, *arguments: str, **more: str) -> Result:
        """The same within this process, which has loaded all that a command needs. `more` goes into its environment."""
        environ = dict.fromkeys(name for name in os.environ if name.startswith("HUB_"))
        ours = {name: value for name, value in self.environ.items() if name.startswith("HUB_")}
        return CliRunner().invoke(main, arguments, env={**environ, **ours, **more}, catch_exceptions=False)

    def stop(self, number: int = signal.SIGINT, seconds: float = 60) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)


def county_environ(home: Path, config: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {**inherited, "HUB_HOME": str(home), "HUB_CONFIG": str(config), "HUB_PORT": str(port)}


def start_county(
    home: Path, port: int | None = None, extra: Mapping[str, str] | None = None, full: bool = False
) -> County:
    """Starts `hub demo` and returns when the county answers. The home may be one that was used before."""
    config = home / "config"
    if not config.exists():
        shutil.copytree(ROOT / "config", config)
    port = port or free_port()
    (home / "demo.json").unlink(missing_ok=True)
    with (home / "demo.out").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "demo", *(["--full"] if full else [])],
            cwd=ROOT, env={**county_environ(home, config, port), **(extra or {})}, stdout=output, stderr=output,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    county = County(home, config, port, process, full)
    until = time.monotonic() + (280 if full else 240)
    while not (home / "demo.json").exists():
        if process.poll() is not None or time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            raise AssertionError(f"the county did not start:\n{county.output[-4000:]}")
        time.sleep(0.05)
    return county


@contextlib.contextmanager
def county_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="xt-county-", dir=HOMES))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running_county(extra: Mapping[str, str] | None = None, full: bool = False) -> Iterator[County]:
    with county_home() as home:
        county = start_county(home, extra=extra, full=full)
        try:
            yield county
        finally:
            if county.process.poll() is None:
                county.stop()


def eventually(check: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "never came true"
        time.sleep(0.1)


def login(county: County, openid: str) -> dict[str, str]:
    demo = county.demo
    made = requests.post(f"{demo['twins']['wechat']['url']}/twin/login-codes", json={"openid": openid}, timeout=SECONDS)
    code = made.json()["code"]
    answer = requests.post(f"{county.base_url}/api/v1/sessions", json={"code": code}, timeout=SECONDS)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def openid_of(county: County, name: str) -> str:
    return next(str(each["openid"]) for each in county.demo["personas"] if each["name"] == name)


def ask(county: County, service: str, fields: object, headers: dict[str, str]) -> requests.Response:
    url = f"{county.base_url}/api/v1/services/{service}/calls"
    return requests.post(url, json={"fields": fields}, headers=headers, timeout=SECONDS)


@contextlib.contextmanager
def county_of(lines: Callable[[str], Mapping[str, object]]) -> Iterator[County]:
    """A county whose services have other figures: `lines` gives key and value by the service's id."""
    with county_home() as home:
        shutil.copytree(ROOT / "config", home / "config")
        for path in (home / "config" / "services").glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            for key, value in lines(path.stem).items():
                text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.M)
            path.write_text(text, encoding="utf-8")
        county = start_county(home)
        try:
            yield county
        finally:
            if county.process.poll() is None:
                county.stop()

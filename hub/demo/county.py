"""A whole county on one machine: database, Redis, simulated departments, the hub and its worker, kept running."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hub.demo import announcement
from hub.demo.child import Program
from hub.demo.embedded import embedded_redis, postgres
from hub.demo.personas import make_watcher
from hub.demo.places import Refused, Say, alone, private, writable_home, written
from hub.demo.ports import HOST, free_or_refused
from hub.demo.supervisor import Supervisor
from hub.demo.witnesses import Witnesses

ROOT = Path(__file__).parents[2]
_SECRET = re.compile(r"\bfile/(secrets/[A-Za-z0-9_.-]+)", re.ASCII)
_SIZES = {"_username": 8, "_appid": 8, "_body_key": 16}  # bytes, where they are not 32
_START_S = 120
_WHOLE = "adapters.twins.whole"
_PACKAGE = "whole_county"


def config_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HUB_CONFIG") or ROOT / "config").resolve()


def make_secrets(config: Path, home: Path) -> None:
    """Every secret file that the configuration names and that is not there yet, at random."""
    folder = private(home / "secrets")
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(config.glob("**/*.yaml"))]
    for name in sorted({match for text in texts for match in _SECRET.findall(text)}):
        path = folder / Path(name).name
        if not path.exists():
            size = next((size for ending, size in _SIZES.items() if path.name.endswith(ending)), 32)
            written(path, secrets.token_hex(size) + "\n")


class County:
    """One run of the demo in `home`. `environ` is the process's own; external servers are named there. `full`: with
    every system of the county, whose adapters and configuration are written into `home`/county at each start."""

    def __init__(
        self, home: Path, port: int, workers: int, environ: Mapping[str, str], say: Say, full: bool = False
    ) -> None:
        self.home = writable_home(home)
        self.base_url = f"http://{HOST}:{port}"
        self._port, self._workers, self._environ, self._say = port, workers, environ, say
        self._config = config_folder(environ)
        self._supervisor = Supervisor(self.home, say)
        self._whole = self.home / "county" if full else None
        self._people_file = self.home / "run" / "people.json"
        self._told: dict[str, dict[str, dict[str, str]]] = {"twins": {}, "departments": {}}
        self._servers: dict[str, str] = {}
        self._people: dict[str, Any] = {}
        self._witnesses: dict[str, str] = {}

    def run(self) -> None:
        """Until Ctrl-C or SIGTERM. Raises Refused when it cannot start; whatever was started is stopped."""
        with alone(self.home):
            self._supervisor.stop_on_signals()
            try:
                self._start()
                self._supervisor.watch()
            except Exception:
                self._supervisor.stop(9)
                raise
            self._stop()

    def _start(self) -> None:
        self._supervisor.end_leftovers()
        free_or_refused(self._port)
        for told in (self.home / "demo.json", self._people_file):
            told.unlink(missing_ok=True)  # there again means: open, and prepared
        if self._whole:
            self._write_whole(self._whole)
        make_secrets(self._config, self.home)
        make_watcher(self.home / "secrets")
        witnesses = Witnesses(self.home, self._config, self._environ, ROOT)
        self._witnesses = witnesses.environ()
        wanted = ["twins", *self._start_servers()]
        self._supervisor.wait_ready(_START_S, *wanted)
        if self._whole:
            self._supervisor.start(self._twins("departments", _WHOLE, "serve", str(self._whole)))
            self._supervisor.wait_ready(_START_S, "departments")
        if self._supervisor.stop_requested.is_set():
            return
        self._supervisor.start(self._serving())
        self._supervisor.wait_ready(_START_S, "serve")
        for program in witnesses.programs():
            self._supervisor.start(program)
        self._supervisor.start(self._working())
        if not self._supervisor.stop_requested.is_set():
            self._people = json.loads(self._people_file.read_text(encoding="utf-8"))
            self._write_demo()
            self._tell()

    def _stop(self) -> None:
        """The hub first, then what it stands on. Together well below ten seconds."""
        self._say("Stopping …")
        self._supervisor.stop(5, ["serve", "work"])
        self._supervisor.stop(4)
        self._say("Stopped. Everything is kept for the next start.")

    def _start_servers(self) -> list[str]:
        """Those that are ours; the twins come first because they take longest."""
        (self.home / "run").mkdir(exist_ok=True)
        self._supervisor.start(self._twins("twins", "adapters.twins"))
        started = []
        if url := self._environ.get("HUB_REDIS_URL"):
            self._servers["HUB_REDIS_URL"] = url
        else:
            server = embedded_redis(self.home)
            self._servers["HUB_REDIS_URL"] = server.url
            self._supervisor.start(server.program)
            started.append(server.program.name)
        if url := self._environ.get("HUB_DATABASE_URL"):
            self._servers["HUB_DATABASE_URL"] = url
        else:
            server = postgres(self.home, self._say)
            self._servers["HUB_DATABASE_URL"] = server.url
            self._supervisor.start(server.program)
            started.append(server.program.name)
        return started

    def _write_whole(self, folder: Path) -> None:
        """In a process of its own: the hub knows no department."""
        argv = (sys.executable, "-m", _WHOLE, "write", str(folder), str(self._config))
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=_START_S, check=False)
        if done.returncode:
            raise Refused(f"The county's systems could not be written to {folder}: {done.stderr.strip()[-300:]}")
        self._say(done.stdout.strip())
        self._config = folder / "config"

    def _twins(self, name: str, module: str, *arguments: str) -> Program:
        told = self.home / "run" / f"{name}.json"
        told.unlink(missing_ok=True)  # there again means: this time's addresses
        told_where = ("--out", str(told), "--secrets", str(self.home / "secrets"))
        return Program(
            name=name,
            argv=(sys.executable, "-m", module, *arguments, *told_where),
            ready=told.exists,
            announce=partial(self._announce_twins, name, told),
            environ={**self._servers, "TWINS_CALL": f"{self.base_url}/api/v1/inbound/{{system}}/events"},
            folder=ROOT,
        )

    @property
    def _entries(self) -> dict[str, dict[str, str]]:
        return {**self._told["twins"], **self._told["departments"]}

    def _announce_twins(self, name: str, told: Path) -> None:
        """They chose new ports: the hub reads their addresses from the home's `env` file, at once when it changes."""
        self._told[name] = json.loads(told.read_text(encoding="utf-8"))
        told.unlink()
        addresses = {f"{name.upper()}_ADDRESS": entry["address"] for name, entry in self._entries.items()}
        lines = [f"{name}={value}" for name, value in sorted((self._servers | addresses | self._witnesses).items())]
        written(self.home / "env", "# Written by hub demo at each start.\n" + "\n".join(lines) + "\n")
        if self._people:
            self._write_demo()

    def _hub(self, verb: str, *options: str, ready: Callable[[], bool]) -> Program:
        argv = (sys.executable, "-m", "hub", verb, *options)
        return Program(name=verb, argv=argv, environ=self._hub_environ, folder=ROOT, ready=ready)

    @property
    def _hub_environ(self) -> dict[str, str]:
        return {
            **self._servers,
            "HUB_HOME": str(self.home),
            "HUB_CONFIG": str(self._config),
            "HUB_PORT": str(self._port),
            "HUB_DEMO": str(self.home / "demo.json"),
            "HUB_WORKERS": str(self._workers),
            **self._package,
        }

    @property
    def _package(self) -> dict[str, str]:
        """Where the adapters are, when they are not the shipped ones."""
        return {"HUB_ADAPTERS": _PACKAGE, "PYTHONPATH": str(self._whole)} if self._whole else {}

    def _serving(self) -> Program:
        """It also prepares the county, before its workers start: that loads what they need anyway."""
        program = self._hub("serve", "--host", HOST, "--prepare", str(self._people_file), ready=self._serves)
        figures = {"PROMETHEUS_MULTIPROC_DIR": str(self.home / "run" / "metrics-public")}  # saves `hub serve` a restart
        return replace(program, environ={**program.environ, **figures})

    def _working(self) -> Program:
        return self._hub("work", ready=lambda: True)

    def _serves(self) -> bool:
        if not self._people_file.exists():  # whoever answers on this port, it is not ours yet
            return False
        connection = http.client.HTTPConnection(HOST, self._port, timeout=2)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    def _write_demo(self) -> None:
        demo = announcement.document(self.base_url, self._entries, self._people)
        written(self.home / "demo.json", json.dumps(demo, ensure_ascii=False, indent=1) + "\n")

    def _tell(self) -> None:
        demo = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))
        more = {"HUB_CONFIG": str(self._config), **self._package} if self._whole else {}
        for line in announcement.lines(demo, self.home, more):
            self._say(line)

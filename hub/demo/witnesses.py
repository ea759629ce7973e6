"""The two witnesses of the demo's ledger and who stamps its times: programs of their own, each with a folder that the
hub never looks into."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from hub.demo.child import Program
from hub.demo.ports import HOST, free_port
from hub.demo.stamp_keys import found
from hub.ledger.note import log_key
from hub.ledger.room import origin, signer_of
from hub.ledger.witness import key_of
from hub.settings import Secrets

NAMES = ("audit_office", "neighbour_county")


class Witnesses:
    """One run of them. `environ` names what hub.yaml refers to besides the home's files."""

    def __init__(self, home: Path, config: Path, environ: Mapping[str, str], root: Path) -> None:
        self._home, self._config, self._environ, self._root = home, config, environ, root
        self._ports = {name: free_port() for name in NAMES}
        self._stamping = free_port()

    def environ(self) -> dict[str, str]:
        """Where the hub finds them, and the keys it knows them by."""
        found(self._home / "stamping")
        told = {"STAMPING_ADDRESS": f"http://{HOST}:{self._stamping}/"}
        for name, port in self._ports.items():
            told[f"WITNESS_{name.upper()}_ADDRESS"] = f"http://{HOST}:{port}"
            told[f"WITNESS_{name.upper()}_KEY"] = str(key_of(self._folder(name), name))
        return told

    def programs(self) -> list[Program]:
        log = self._log_key()
        stamping = Program(
            name="stamping",
            argv=(sys.executable, "-m", "hub.demo.stamping", "--folder", str(self._home / "stamping"),
                  "--port", str(self._stamping)),
            ready=lambda: True,
            folder=self._root,
        )  # fmt: skip
        return [stamping] + [
            Program(
                name=f"witness-{name}",
                argv=(sys.executable, "-m", "hub", "witness", "--folder", str(self._folder(name)), "--name", name,
                      "--host", HOST, "--port", str(port), "--log", log),
                ready=lambda: True,
                folder=self._root,
            )
            for name, port in self._ports.items()
        ]  # fmt: skip

    def _folder(self, name: str) -> Path:
        return self._home / "witnesses" / name

    def _log_key(self) -> str:
        """As the hub will have it, of the same secrets."""
        hub = yaml.safe_load((self._config / "hub.yaml").read_text(encoding="utf-8"))
        secrets = Secrets(self._environ, self._home)
        named = hub.get("sign_keys") or hub["seal_keys"]
        keys = {name: secrets.resolve(reference) for name, reference in named.items()}
        return str(log_key(origin(hub["region"]), signer_of(hub["region"], keys).public))

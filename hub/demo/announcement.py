"""What a county says of itself when it is open: demo.json, and the same for the terminal."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OF_A_TWIN = ("url", "system", "protocol")


def document(base_url: str, twins: Mapping[str, Mapping[str, str]], people: Mapping[str, Any]) -> dict[str, Any]:
    """demo.json; `people` holds personas, staff and examples."""
    return {
        "base_url": base_url,
        "console_url": f"{base_url}/console",
        "twins": {name: {key: entry[key] for key in _OF_A_TWIN} for name, entry in twins.items()},
        "personas": people["personas"],
        "staff": people["staff"],
        "examples": people["examples"],
        "peers": [],
    }


def lines(demo: Mapping[str, Any], home: Path, more: Mapping[str, str]) -> list[str]:
    """What the terminal shows: every address, person and account; `more` is what another terminal's environment needs
    besides."""
    personas = [
        f"  {each['name']}  {each['resident']}  level {each['level']}  openid {each['openid']}"
        for each in demo["personas"]
    ]
    staff = [
        f"  {each['username']}  {each['password']}  totp {each['totp_secret']}  ({each['role']})"
        for each in demo["staff"]
    ]
    environ = {"HUB_HOME": str(home), "HUB_PORT": demo["base_url"].rpartition(":")[2], **more}
    told = " ".join(f"{name}={shlex.quote(value)}" for name, value in environ.items())
    return [
        "",
        f"The county is open: {demo['base_url']}  (interface at {demo['base_url']}/docs)",
        "Simulated departments (control addresses):",
        *(f"  {name}  {entry['url']}  {entry['protocol']}" for name, entry in demo["twins"].items()),
        "People:",
        *personas,
        "Staff (user name, password, one-time-code secret, role):",
        *staff,
        f"All of it as JSON: {home / 'demo.json'}. Logs: {home / 'log'}.",
        f"Another terminal: {told} {_hub()} doctor",
        "Ctrl-C stops everything.",
    ]


def _hub() -> str:
    """The command beside the Python that runs: nobody need have it on his PATH."""
    return shlex.quote(str(Path(sys.executable).with_name("hub")))

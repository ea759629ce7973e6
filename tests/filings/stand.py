"""A hub that files at the household register's twin, under several names: one for each class of filing.

`python -m tests.filings.stand` with the environment of `environ` is a worker as `hub work` runs it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from adapters.twins.residents import county
from hub.commands.processes import work_until
from hub.filings.orders import Order
from hub.filings.rules import Times
from hub.main import Hub
from hub.paper import Paper
from tests.configuration import HUB
from tests.county import ROOT

TWIN = "household_registration"
_FIRST = next(iter(county().residents.values()))
PERSON = {"id_number": _FIRST.id_number, "name": _FIRST.name}
PACKAGE = "filing_departments"
TIMES = Times(lease_s=3.0, call_s=1.2, margin_s=0.5)
SYSTEMS: Mapping[str, Mapping[str, Any]] = {
    "register": {"class": "R1", "query": "query_application", "by": "external_number", "settle_s": 0.5,
                 "match": ["external_number"], "receipt": "receipt_number", "senders": 1},
    "wide": {"class": "R1", "query": "query_application", "by": "external_number", "settle_s": 0.5,
             "match": ["external_number"], "receipt": "receipt_number", "senders": 4},
    "silent": {"class": "R4", "owner": "police_desk", "senders": 2},
}  # fmt: skip


def write(folder: Path, address: str, per_minute: int = 0, deadline_s: float = 1.2) -> None:
    """`folder`/config and `folder`/filing_departments."""
    package = folder / PACKAGE
    (package / "protocols").mkdir(parents=True)
    for name in ("__init__.py", "protocols/__init__.py"):
        (package / name).touch()
    (package / "protocols" / "soap.py").write_text("from adapters.protocols.soap import *\n", encoding="utf-8")
    theirs = ROOT / "adapters" / TWIN
    facts = yaml.safe_load((theirs / "system.yaml").read_text(encoding="utf-8"))
    for id, filing in SYSTEMS.items():
        (package / id).mkdir()
        shutil.copy(theirs / "service.wsdl", package / id)
        text = yaml.safe_dump({**facts, "filing": dict(filing)}, allow_unicode=True)
        (package / id / "system.yaml").write_text(text, encoding="utf-8")
    systems = {
        id: {
            "address": address,
            "allow_private": True,
            "secrets": {each: f"file/secrets/{TWIN}_{each}" for each in ("username", "password", "callback_key")},
            "limits": {"cap": 8, "deadline_s": deadline_s, "per_minute": per_minute},
        }
        for id in SYSTEMS
    }
    files: dict[str, Any] = {
        "hub.yaml": {**HUB, **{f"{use}_keys": {"k1": f"file/secrets/{use}_key"} for use in ("seal", "token")}},
        "systems.yaml": systems,
        "departments.yaml": {"police": {"name": {"zh": "公安局"}, "region": "360423"}},
        "themes.yaml": {},
        "regions.yaml": {"360423": {"name": {"zh": "武宁县"}}},
        "roles.yaml": {"operator": ["switch.write"]},
        "texts.yaml": {},
    }
    (folder / "config" / "services").mkdir(parents=True)
    for name, content in files.items():
        (folder / "config" / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def environ(folder: Path, home: Path, database: str, redis: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        "HUB_HOME": str(home), "HUB_CONFIG": str(folder / "config"), "HUB_ADAPTERS": PACKAGE,
        "HUB_DATABASE_URL": database, "HUB_REDIS_URL": redis,
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
    }  # fmt: skip


class QuickHub(Hub):
    """As the hub, with leases that a test can wait for."""

    filing_times = TIMES


def order(receipt_no: str, system: str = "register", **other: Any) -> Order:
    return Order(**{
        "receipt_no": receipt_no, "service": "address-change", "system": system, "operation": "file_application",
        "subject_tag": "tag-anna", "natural_key": "", "version": 1,
        "fields": {**PERSON, "kind": "address_change", "reason": "搬家"}, **other,
    })  # fmt: skip


def paper(type: str, file_id: str) -> Paper:
    return Paper(type, file_id, "0" * 64, "application/pdf", 3)


def main() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    hub = QuickHub.open(Path(os.environ["HUB_HOME"]), os.environ)
    try:
        work_until(stop, hub)
    finally:
        hub.close()


if __name__ == "__main__":
    sys.exit(main())

"""A fixed-width core for protocol tests: its twin on real sockets, and its adapter from the shipped system.yaml."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.twins.fixed_width_county import FundCore, Traffic
from adapters.twins.twin import Twin
from adapters.twins.wire import Server
from hub.port import Adapter
from hub.settings.reader import read_yaml
from tests.protocols.bureau import FOLDER, Bureau
from tests.protocols.recorded import lonely

SITES: Mapping[str, Callable[[Path, int], Twin]] = {"traffic": Traffic, "fund_core": FundCore}


@contextmanager
def core(system: str, folder: Path, **more: Any) -> Iterator[Bureau]:
    """`more` goes to the twin: the `folder` of another system.yaml."""
    for name in ("username", "password", "key"):
        (folder / f"{system}_{name}").write_text(f"{system}_{name}"[:16], encoding="utf-8")
    running = Bureau(system, Server(SITES[system](folder, 1, **more)).start(), folder)
    try:
        yield running
    finally:
        for adapter in running.opened:
            adapter.close()
        running.server.stop()


def facts_of(system: str, change: Callable[[dict[str, Any]], Any] | None = None) -> dict[str, Any]:
    """The shipped system.yaml, changed before it is checked."""
    value: dict[str, Any] = copy.deepcopy(read_yaml(FOLDER / system / "system.yaml").value)
    if change:
        change(value)
    return value


def opened(running: Bureau, change: Callable[[dict[str, Any]], Any] | None = None) -> Adapter:
    return running.open(lonely(running.system), facts_of(running.system, change))


def pooled(facts: dict[str, Any]) -> None:
    """As a core with many connections would be described."""
    facts["fixed_width"]["connections"] = {"kept": 8, "alone": False}

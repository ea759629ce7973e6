"""A fixed-width core for protocol tests: its twin on real sockets, and its adapter from the shipped system.yaml."""

from __future__ import annotations

import copy
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.twins.fixed_width_county import FundCore, Traffic
from adapters.twins.twin import Twin
from adapters.twins.wire import Server
from hub.port import Adapter, Call
from hub.settings.reader import read_yaml
from hub.systems.opening import opened_alone
from hub.systems.recording import Loopback
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


def replayed(system: str, sample: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The fields of a recorded answer, and those written down. A core repeats the question's code and serial number,
    and seals that: so the answer to this question is the recorded one with these three in place."""
    samples, facts = FOLDER / system / "samples", facts_of(system)["fixed_width"]
    told = json.loads((samples / f"{sample}.json").read_text(encoding="utf-8"))
    frame = (samples / f"{sample}.bin").read_bytes()
    head = facts["framing"]["length_bytes"]
    echo = sum(piece["bytes"] for piece in facts["answer"]["header"] if piece["name"] in facts["echo"])

    def speak(guest: socket.socket) -> None:
        asked = guest.recv(65_536)
        message = asked[head : head + echo] + frame[head + echo :]
        if "mac" in facts:
            message = message[:-32] + hmac.new(b"sample key", message[:-32], "sha256").hexdigest()[:32].upper().encode()
        guest.sendall(frame[:head] + message)

    with Loopback(speak) as server, opened_alone(FOLDER / system, f"tcp://127.0.0.1:{server.url[17:]}") as adapter:
        call = Call(sample.split(".")[0], told["asked"], time.monotonic() + 3)
        return adapter.call(call).fields, told["fields"]

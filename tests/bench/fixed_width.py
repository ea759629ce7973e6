"""Calls through the fixed-width and the ISO 8583 protocol, against the bare socket and library calls to the same twin.

`python -m tests.bench.fixed_width NAME FOLDER MS` is that twin; it writes its address to FOLDER/address.
"""

from __future__ import annotations

import hmac
import math
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import iso8583
import yaml

from adapters.protocols import fixed_width as fixed_width_protocol
from adapters.protocols import iso8583 as iso8583_protocol
from adapters.twins.fixed_width_county import FundCore
from adapters.twins.iso8583_site import Iso8583Site
from adapters.twins.residents import county
from adapters.twins.toxics import Toxics
from adapters.twins.twin import Request
from adapters.twins.wire import Server
from hub.clock import CHINA
from hub.port import Call, Setting
from hub.settings.reader import read_yaml
from tests.bench.processes import ROOT, SERVER_CPU, on, wait_until
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row

CLEARING = ROOT / "tests/protocols/clearing"
SECRETS = {"username": "TERM0001", "key": "a key of the bench"}
CORE, CARDS = "fund_core", "clearing"
_LEAST, _CALLERS, _USUAL_MS = 0.8, 8, 10  # the county's cores take 180 ms and more

Ask = Callable[[], None]


def fixed_width(_: Stand, timing: Timing) -> Iterator[Row]:
    """Callers at once, each with a line of its own; the sides take turns and the best round of each counts."""
    for name, what, bare, milliseconds in (
        (CORE, "fixed-width read with a MAC, at once", _bare_core, 0),
        (CORE, f"fixed-width read with a MAC, in {_USUAL_MS} ms", _bare_core, _USUAL_MS),
        (CARDS, "ISO 8583 read, at once", _bare_cards, 0),
        (CARDS, f"ISO 8583 read, in {_USUAL_MS} ms", _bare_cards, _USUAL_MS),
    ):
        with _twin(name, milliseconds) as address:
            adapter = _adapter(name, address)
            sides = {"hub": [_through(name, adapter)] * _CALLERS, "bare": [bare(address) for _ in range(_CALLERS)]}
            rates, cpu = _compared(sides, timing)
            adapter.close()
        ratio = rates["hub"] / rates["bare"]
        yield Row(
            "fixed_width", f"{what}, {_CALLERS} callers", f"{rates['hub']:,.0f}/s", f"{rates['bare']:,.0f}/s bare call",
            ratio, f"≥ {_LEAST} ×", ratio >= _LEAST, cpu["hub"], cpu["bare"],
        )  # fmt: skip


def _compared(sides: dict[str, list[Ask]], timing: Timing) -> tuple[dict[str, float], dict[str, float]]:
    """Calls a second, and the callers' own processor time for one (µs)."""
    best, cpu = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, math.inf)
    with on(SERVER_CPU):  # the twin has the other one
        for _ in range(timing.rounds):
            for name, asks in sides.items():
                rate, spent = _round(asks, timing.seconds / 2)
                best[name], cpu[name] = max(best[name], rate), min(cpu[name], spent)
    return best, cpu


def _round(asks: list[Ask], seconds: float) -> tuple[float, float]:
    used, started = time.process_time(), time.perf_counter()

    def caller(ask: Ask) -> int:
        made = 0
        while time.perf_counter() < started + seconds:
            ask()
            made += 1
        return made

    with ThreadPoolExecutor(len(asks)) as callers:
        made = sum(callers.map(caller, asks))
    return made / (time.perf_counter() - started), (time.process_time() - used) / made * 1e6


def _adapter(name: str, address: str) -> Any:
    folder = CLEARING if name == CARDS else ROOT / "adapters" / name
    facts = read_yaml(folder / "system.yaml").value
    protocol = iso8583_protocol if name == CARDS else fixed_width_protocol
    facts[facts["protocol"]]["connections"] = {"kept": 64}
    no_store: Any = None
    setting = Setting(name, address, protocol.FACTS().load(facts), folder, no_store, SECRETS, allow_private=True)
    return protocol.Adapter(setting)


def _through(name: str, adapter: Any) -> Ask:
    person = next(iter(county().residents.values()))
    fields = {"id_number": person.id_number} | ({"name": person.name} if name == CORE else {})
    operation = "query_balance" if name == CARDS else "query_account"
    return lambda: adapter.call(Call(operation, fields, time.monotonic() + 3))


def _bare_core(address: str) -> Ask:
    """What one writes for this very message with socket, struct and hmac: each question with its own number and time
    and its MAC, the answer's MAC and number checked, every field decoded. Nothing is typed, mapped or reported."""
    line, person = _connected(address), next(iter(county().residents.values()))
    layout = read_yaml(ROOT / "adapters" / CORE / "system.yaml").value
    body = layout["operations"]["query_account"]["fixed_width"]["answer"]
    shape = struct.Struct("6s16s4s" + "".join(f"{field['bytes']}s" for field in body))
    key, serials = SECRETS["key"].encode(), count(1)

    def ask() -> None:
        serial = b"%016d" % next(serials)
        now = datetime.now(CHINA).strftime("%Y%m%d%H%M%S").encode()
        name = person.name.encode("gb18030").ljust(60)
        asked = b"GJJ101" + serial + SECRETS["username"].encode().ljust(40) + now + person.id_number.encode() + name
        asked += _mac(key, asked)
        line.sendall(b"%06d" % (len(asked) + 6) + asked)
        answer = _exactly(line, int(_exactly(line, 6)) - 6)
        assert hmac.compare_digest(_mac(key, answer[:-32]), answer[-32:])
        told = [field.decode("gb18030").strip() for field in shape.unpack(answer[:-32])]
        assert told[1].encode() == serial and told[2] == "0000"

    return ask


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256").hex().upper().encode("ascii")[:32]


def _bare_cards(address: str) -> Ask:
    """pyiso8583's own encode and decode of this very message around a socket: each with its own number and time, the
    answer's number and result checked."""
    line = _connected(address)
    raw = yaml.safe_load((CLEARING / "dialect.yaml").read_text(encoding="utf-8")) | {"h": {"max_len": 0}}
    spec = {name: {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, **field} for name, field in raw.items()}
    fields = {"t": "0100", "3": "310000", "41": "TERM0001", "61": next(iter(county().residents))}
    serials = count(1)

    def ask() -> None:
        own = {"7": datetime.now(CHINA).strftime("%m%d%H%M%S"), "11": f"{next(serials) % 10**6:06d}"}
        message, _ = iso8583.encode({**fields, **own}, spec)
        line.sendall(len(message).to_bytes(2, "big") + message)
        told, _ = iso8583.decode(_exactly(line, int.from_bytes(_exactly(line, 2), "big")), spec)
        assert told["11"] == own["11"] and told["39"] == "00"

    return ask


def _connected(address: str) -> socket.socket:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    line = socket.create_connection((host, int(port)), 3)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _exactly(line: socket.socket, count: int) -> bytes:
    data = line.recv(count)
    while len(data) < count:
        data += line.recv(count - len(data))
    return data


@contextmanager
def _twin(name: str, milliseconds: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "address"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.fixed_width", name, folder, str(milliseconds)], cwd=ROOT
        )
        try:
            wait_until(told.exists, 30)
            yield told.read_text(encoding="ascii")
        finally:
            process.terminate()
            process.wait(10)


def _serve(name: str, folder: Path, milliseconds: int) -> None:
    for secret, value in SECRETS.items():
        (folder / f"{name}_{secret}").write_text(value, encoding="ascii")
    twin = Iso8583Site(name, 1, CLEARING, "dialect_hex.yaml") if name == CARDS else FundCore(folder, 1)
    twin.administer(Request("PUT", "/twin/quirks", "", {}, b'{"alone": false}'))
    twin.set_toxics(Toxics(latency_ms=milliseconds))
    server = Server(twin).start()
    part = folder / "address.part"
    part.write_text(server.address, encoding="ascii")
    part.replace(folder / "address")
    signal.pause()


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

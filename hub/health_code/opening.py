"""Puts the parts of the room together for hub/main.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.gateway.redis_line import RedisLine
from hub.health_code.codes import Codes
from hub.health_code.ending import Ending
from hub.health_code.gate import Gate
from hub.health_code.qr import Drawer
from hub.health_code.reviews import Reviews
from hub.health_code.scans import Scanned, Scans, Told
from hub.health_code.service import HealthCodes, Tell
from hub.health_code.shifts import Begin, Shifts
from hub.health_code.states import States
from hub.health_code.tally import Tally
from hub.identity.service import Identity
from hub.ledger.writer import Exchanges
from hub.settings.health_code_shapes import HealthCode
from hub.settings.shapes import Snapshot
from hub.signing import Signing


@dataclass(frozen=True, slots=True)
class HealthCodeRoom:
    """What doors and rounds ask."""

    codes: HealthCodes
    reviews: Reviews
    states: States
    shown: Codes
    drawer: Drawer
    gate: Gate
    shifts: Shifts
    scans: Scans
    ending: Ending
    tally: Tally

    def start(self) -> None:
        for part in (self.states, self.scans, self.tally):
            part.start()

    def close(self) -> None:
        for part in (self.states, self.scans, self.tally):
            part.close()


def open_health_code(
    *, home: Path, database: Database, line: RedisLine, crypto: Crypto, signing: Signing, exchanges: Exchanges,
    identity: Identity, clock: Clock, now: Callable[[], Snapshot], tell: Tell, begin: Begin, scanned: Scanned,
    told: Told,
) -> HealthCodeRoom:  # fmt: skip
    def configured() -> HealthCode | None:
        return now().health_code

    def region() -> str:
        return now().hub.region

    def blind_s() -> float:
        found = configured()
        return 60.0 * found.offline_minutes if found else 0.0

    codes = HealthCodes(crypto, clock, configured, tell)
    states, shown = States(database, line, crypto, clock, blind_s, codes.is_over), Codes(crypto, region)
    scans = Scans(database, clock, configured, codes.holders, scanned, told)
    shifts = Shifts(codes, identity, begin, database, clock)
    tally = Tally(line, clock)
    gate = Gate(
        health=codes, codes=shown, states=states, scans=scans, shifts=shifts, tally=tally, exchanges=exchanges,
        database=database, crypto=crypto, signing=signing, clock=clock, region=region,
    )  # fmt: skip
    ending = Ending(home, crypto, signing, clock, configured, states.forget)
    return HealthCodeRoom(
        codes, Reviews(codes, crypto, clock), states, shown, Drawer(), gate, shifts, scans, ending, tally
    )

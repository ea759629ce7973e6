"""Licences of somebody else, or of a company: within the scope of a mandate, and on the record of both sides."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.gateway.orders import ActsFor, Caller
from hub.ledger.exchange import Exchange
from hub.ledger.writer import Exchanges
from hub.settings.shapes import Licence
from hub.trace import Trace

_WAIT_S = 3.0
_DATA_CLASS = 3
_PURPOSES = {"list": "查看证照", "read": "查看证照", "present": "出示证照", "copy": "制作证照副本"}


@dataclass(frozen=True, slots=True)
class Represented:
    """Whose licences they are; of a company the number is its credit code."""

    id_number: str = field(repr=False)
    name: str = field(repr=False)


def named(acting: ActsFor) -> Represented:
    return Represented(acting.id_number or acting.credit_code, acting.name)


def kinds(licences: Mapping[str, Licence], caller: Caller) -> dict[str, Licence]:
    """The kinds this caller may see: all of one's own, of somebody else those the mandate names. Registries are asked
    for persons only. Raises MANDATE_SCOPE where it names none."""
    acting = caller.acts_for
    if acting is None:
        return dict(licences)
    covered = {id: type for id, type in licences.items() if acting.covers_licence(id)}
    if not covered:
        raise Problem("MANDATE_SCOPE")
    return {id: type for id, type in covered.items() if not (acting.credit_code and type.system)}


class Acted:
    """What was done with a licence under a mandate, in the represented person's record and the mandate's log: as with
    class 3 data, nothing is shown before it is on record."""

    def __init__(self, exchanges: Exchanges, crypto: Crypto, clock: Clock) -> None:
        self._exchanges, self._crypto, self._clock = exchanges, crypto, clock

    def note(self, caller: Caller, act: str, trace: Trace, type: Licence | None = None) -> None:
        """`act` is list, read, present or copy. Nothing to note for one's own. Raises STORE_UNAVAILABLE."""
        if caller.acts_for is None:
            return
        now = self._clock.now()
        whose, by = (self._crypto.lookup(who, "ledger.subject") for who in (caller.whose, caller.subject))
        purpose = _PURPOSES[act] + (f"：{type.title['zh']}" if type else "")
        exchange = Exchange(
            request_in_at=now, request_out_at=None, response_in_at=None, response_out_at=now, trace_id=trace.id,
            service="", system="", operation=f"licence.{act}", subject_tag=whose, caller_kind=caller.kind,
            purpose=purpose, data_class=_DATA_CLASS, outcome="OK", origin="hub", acting_tag=by,
        )  # fmt: skip
        self._exchanges.commit(exchange, time.monotonic() + _WAIT_S)

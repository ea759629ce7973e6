"""`python -m tests.bench [ROW ...]`: speed and memory of the hub, as ratios to reference servers of the same run.

Shared machines are noisy: believe the ratios, and look at how much of the machine others used.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator

from tests.bench.accepts import accepts
from tests.bench.calls import many, rest, soap
from tests.bench.cases import desk_page
from tests.bench.catalogue import search
from tests.bench.credentials import licence_check
from tests.bench.db_view import db_view
from tests.bench.drain import drain
from tests.bench.faults import half_dead, one_dead, overload
from tests.bench.file_drop import file_drop
from tests.bench.filings import filings
from tests.bench.fixed_width import fixed_width
from tests.bench.flow import flow
from tests.bench.health_code import code_shown, code_verified
from tests.bench.hundred import hundred
from tests.bench.ledger import large, ledger
from tests.bench.memory import memory
from tests.bench.peak import peak
from tests.bench.processes import OTHER_CPU, ROOT
from tests.bench.reads import reads
from tests.bench.recognition import recognition
from tests.bench.records import records
from tests.bench.rounds import Timing
from tests.bench.sealing import look_up, sealing
from tests.bench.stand import Stand, standing
from tests.bench.start import start
from tests.bench.table import Row, show, write
from tests.bench.tampering import tampering
from tests.bench.tracing import tracing
from tests.bench.whole_county import whole_county
from tests.bench.wire_http import wire_form, wire_rest
from tests.bench.wire_queue import wire_queue
from tests.bench.wire_soap import wire_soap

Measure = Callable[[Stand, Timing], Iterator[Row]]
MEASURES: tuple[tuple[frozenset[str], Measure], ...] = (
    (frozenset({"P1", "P2"}), reads),
    (frozenset({"P3", "P9"}), rest),
    (frozenset({"P4"}), soap),
    (frozenset({"P5"}), many),
    (frozenset({"P6"}), one_dead),
    (frozenset({"half"}), half_dead),
    (frozenset({"P7"}), overload),
    (frozenset({"P8"}), search),
    (frozenset({"P10"}), records),
    (frozenset({"desk"}), desk_page),
    (frozenset({"licence_check"}), licence_check),
    (frozenset({"code_shown"}), code_shown),
    (frozenset({"code_verified"}), code_verified),
    (frozenset({"peak"}), peak),
    (frozenset({"recognition"}), recognition),
    (frozenset({"sealing"}), sealing),
    (frozenset({"look_up"}), look_up),
    (frozenset({"fixed_width"}), fixed_width),
    (frozenset({"db_view"}), db_view),
    (frozenset({"memory"}), memory),
    (frozenset({"hundred"}), hundred),
    (frozenset({"start"}), start),
    (frozenset({"wire_soap"}), wire_soap),
    (frozenset({"wire_rest"}), wire_rest),
    (frozenset({"wire_form"}), wire_form),
    (frozenset({"wire_queue"}), wire_queue),
    (frozenset({"files"}), file_drop),
    (frozenset({"filings"}), filings),
    (frozenset({"accepts"}), accepts),
    (frozenset({"drain"}), drain),
    (frozenset({"ledger"}), ledger),
    (frozenset({"ledger_large"}), large),
    (frozenset({"tampering"}), tampering),
    (frozenset({"flow"}), flow),
    (frozenset({"tracing"}), tracing),
    (frozenset({"county"}), whole_county),
)
_NAMES = sorted(frozenset().union(*(names for names, _ in MEASURES)))
# They fill a table of millions or start a whole county first: only when asked for by name.
_LONG = frozenset({"P8", "look_up", "tracing", "ledger_large", "tampering", "county"})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    told = f"{', '.join(_NAMES)}; all but {' and '.join(sorted(_LONG))} when none is named"
    parser.add_argument("rows", nargs="*", metavar="ROW", help=told)
    parser.add_argument("--seconds", type=float, default=10.0, help="of one round (10)")
    parser.add_argument("--warm", type=float, default=6.0, help="seconds of load before the first round (6)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of them counts (3)")
    asked = parser.parse_args()
    wanted = set(asked.rows) or set(_NAMES) - _LONG
    if wanted - set(_NAMES):
        parser.error(f"no such row: {', '.join(sorted(wanted - set(_NAMES)))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all that was started ends
    os.sched_setaffinity(0, [OTHER_CPU])  # inherited by all we start, but for the servers that are measured
    rows: list[Row] = []
    try:
        with standing() as stand:
            for names, measure in MEASURES:
                if names & wanted:
                    print(f"measuring {', '.join(sorted(names))} …", file=sys.stderr, flush=True)
                    rows += measure(stand, Timing(asked.seconds, asked.warm, asked.rounds))
    finally:  # what was measured before something broke is told
        show(rows)
    write(rows, ROOT / "build" / "bench.json")


if __name__ == "__main__":
    main()

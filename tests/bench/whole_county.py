"""The row `county`: twenty of the forty systems of `hub demo --full` hang, on all protocols; what the others feel.

All of it runs on this machine, twins, database, worker and pages too, so its p99 is that of a busy county: only the
ratio counts. What departments brought by themselves is asked for too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import requests

from adapters.twins.whole.systems import county_systems
from tests.bench.load import Arrivals, Question, scheduled
from tests.bench.processes import OTHER_CPU, SERVER_CPU, on
from tests.bench.rounds import Strangers, Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.county import running_county
from tests.town import Town

_RATE = 15  # calls a second: within what one citizen may ask each service in a minute
_OPENS_WITHIN_S = 20.0  # some twenty services, each asked once in a few seconds
_NAMED = 40  # the systems that have a name of their own; the rest are `<department>_data`
_WAITS_S = 60.0  # until everything that is brought was brought

Round = dict[str, Arrivals]


def whole_county(_: Stand, timing: Timing) -> Iterator[Row]:
    with on(SERVER_CPU, OTHER_CPU), running_county(full=True) as county:
        town = Town(county.demo)
        dead = [each.name for each in county_systems()][:_NAMED:2]
        kinds = _kinds(town, dead)
        scheduled(kinds, _RATE, _WAITS_S)
        with Strangers() as strangers:
            well = scheduled(kinds, _RATE, timing.seconds * timing.rounds)
            _turn(town, dead, hang=True)
            learning = scheduled(kinds, _RATE, _OPENS_WITHIN_S)
            sick = scheduled(kinds, _RATE, timing.seconds * timing.rounds)
    yield _row(len(kinds["others"]), well, learning, sick, strangers.share)


def _kinds(town: Town, dead: Sequence[str]) -> dict[str, list[Question]]:
    headers = {"Authorization": f"Bearer {town.phone().token}", "Content-Type": "application/json"}
    kinds: dict[str, list[Question]] = {"others": [], "dead": []}
    for each in town.queries():
        url = f"{town.base_url}/api/v1/services/{each['service']}/calls"
        asked = Question(url, "POST", json.dumps({"fields": each["fields"]}), headers)
        kinds["dead" if each["system"] in dead else "others"].append(asked)
    return kinds


def _turn(town: Town, systems: Sequence[str], **toxics: bool) -> None:
    for name in systems:
        url = town.demo["twins"][name]["url"]
        requests.put(f"{url}/twin/toxics", json=toxics, timeout=10).raise_for_status()


def _row(services: int, well: Round, learning: Round, sick: Round, strangers: float) -> Row:
    before, meanwhile, after = (each["others"].of().p99 for each in (well, learning, sick))
    bad = [1 - each["others"].of(200).count / max(1, each["others"].of().count) for each in (well, sick)]
    note = f"{meanwhile:,.1f} ms while the hub learns it; {bad[0]:.2%} of their calls failed before, {bad[1]:.2%} then"
    met = after <= 1.5 * before and bad[1] <= bad[0] + 0.001
    return Row(
        "county", f"p99 of {services} other services, 20 of the county's 40 systems hang", f"{after:,.1f} ms",
        f"{before:,.1f} ms with all well", after / before, "≤ 1.5 ×", met,
        others=strangers, note=note,
    )  # fmt: skip

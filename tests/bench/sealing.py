"""What sealing adds to a person, in processor time; and finding one by ID number among millions against among few."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from hub.identity.models import Person
from hub.identity.sealing import ID_NUMBER, Sealing
from hub.main import Hub
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row

_MOST_MS, _MOST_TIMES, _TURNS, _ASKED = 0.3, 2.0, 2000, 400
FEW, MANY = 50_000, int(os.environ.get("BENCH_PERSONS", "5000000"))
_PURPOSES = {"name": "identity.name", "id_number": ID_NUMBER, "phone": "identity.phone", "address": "identity.address"}
_VALUES = {"name": "韩山福", "id_number": "362623190205121932", "phone": "15400000001", "address": "示范县示范镇1号"}
_FILL = text("""
INSERT INTO identity_person (citizen_id, level, region, id_number_tag, id_number_sealed, created_at)
SELECT 'bench' || n, 2, '', sha256(convert_to('bench' || n, 'UTF8')), sha256(convert_to('sealed' || n, 'UTF8')), now()
FROM generate_series(CAST(:first AS bigint), :last) n
""")
_FIND = text("SELECT citizen_id FROM identity_person WHERE id_number_tag = sha256(convert_to('bench' || :n, 'UTF8'))")


def sealing(stand: Stand, timing: Timing) -> Iterator[Row]:
    """A person's four values under a data key of their own, sealed with both tags, and opened again."""
    del timing
    hub = _hub(stand)
    sealing, person = Sealing(hub.crypto), Person(citizen_id="c" + "0" * 32, key_sealed=None)
    for name in _VALUES:
        setattr(person, f"{name}_sealed", None)
    before = time.thread_time()
    for _ in range(_TURNS):
        box, person.key_sealed = hub.crypto.new_box(f"identity.key:{person.citizen_id}")
        for name, value in _VALUES.items():
            setattr(person, f"{name}_sealed", box.seal(value, f"{_PURPOSES[name]}:{person.citizen_id}"))
        person.id_number_tag = hub.crypto.tag(_VALUES["id_number"], ID_NUMBER)
        person.phone_tag = hub.crypto.tag(_VALUES["phone"], "identity.phone")
        assert sealing.opened(person) == _VALUES
    took = (time.thread_time() - before) / _TURNS * 1e3
    hub.close()
    yield Row(
        "sealing", "a person sealed and opened", f"{took:.3f} ms", target=f"≤ {_MOST_MS} ms", met=took <= _MOST_MS
    )


def look_up(stand: Stand, timing: Timing) -> Iterator[Row]:
    """By the index of the tag, the median of random ones; among MANY (BENCH_PERSONS) and among FEW before."""
    del timing
    hub = _hub(stand)
    with hub.database.session(patience=3600) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(_FILL, {"first": 1, "last": FEW})
    few = _median_ms(hub, FEW)
    for first in range(FEW + 1, MANY + 1, 250_000):
        with hub.database.session(patience=3600) as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(_FILL, {"first": first, "last": min(first + 249_999, MANY)})
    many = _median_ms(hub, MANY)
    with hub.database.session(patience=3600) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("DELETE FROM identity_person WHERE citizen_id LIKE 'bench%'"))
    hub.close()
    yield Row(
        "look_up", f"a person by ID number among {MANY:,}", f"{many:.3f} ms", f"{few:.3f} ms among {FEW:,}", many / few,
        f"≤ {_MOST_TIMES:.0f} ×", many <= _MOST_TIMES * few,
    )  # fmt: skip


def _median_ms(hub: Hub, count: int) -> float:
    taken = list[float]()
    with hub.database.session(patience=3600) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("ANALYZE identity_person"))  # as the server does by itself soon after
    with hub.database.read() as connection:
        for turn in range(_ASKED):
            asked = str(turn * 7919 % count + 1)
            before = time.perf_counter()
            assert connection.execute(_FIND, {"n": asked}).scalar_one() == f"bench{asked}"
            taken.append((time.perf_counter() - before) * 1e3)
    return statistics.median(taken)


def _hub(stand: Stand) -> Hub:
    return Hub.open(stand.home, {**os.environ, **stand.environ, "HUB_CONFIG": str(Path("config").resolve())})

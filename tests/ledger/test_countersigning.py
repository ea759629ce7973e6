"""E2: a department signs its day with a key of its own; a day that nobody signed is a published fact."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from hub.database import Database
from hub.ledger.countersigning import Countersigning
from hub.ledger.note import log_key, signed
from hub.ledger.receipts import Signer
from tests.ledger.log import ORIGIN, Log
from tests.login.room import MovableClock

HOUSING, OTHER = (Signer("housing", secrets.token_bytes(32)) for _ in range(2))


@pytest.fixture(scope="module")
def desk(make_database: Any, tmp_path_factory: Any) -> Iterator[tuple[Log, Countersigning, date]]:
    """Three exchanges of a day that is over."""
    store, clock = Database(make_database()), MovableClock()
    log = Log.over(store, tmp_path_factory.mktemp("home"), clock=clock)
    day = clock.now().date()
    for _ in range(3):
        log.shared()
    clock.ahead += timedelta(days=1).total_seconds()
    yield log, Countersigning(ORIGIN, clock, lambda: {"housing": log_key("housing", HOUSING.public)}), day
    store.close()


def test_a_day_is_signed_and_told(desk: Any) -> None:
    log, countersigning, day = desk
    with log.store.session() as session:
        text = countersigning.text(session, "housing", day)
        assert text.split("\n")[:5] == ["xiantong-day/1", ORIGIN, "housing", day.isoformat(), "3"]
        assert [(each.exchanges, each.state) for each in countersigning.days(session, day)] == [(3, "due")]
        log.clock.ahead += timedelta(days=3).total_seconds()
        assert [each.state for each in countersigning.days(session, day)] == ["missing"]
        assert countersigning.take(session, signed(text, "housing", HOUSING)).exchanges == 3
        countersigning.take(session, signed(text, "housing", HOUSING))  # twice is harmless
        assert [each.state for each in countersigning.days(session, day)] == ["signed"]


@pytest.mark.parametrize(
    ("change", "signer", "why"),
    [
        (lambda text: text, OTHER, "not the department's"),
        (lambda text: text.replace("\n3\n", "\n2\n"), HOUSING, "another day"),
        (lambda text: text.replace("housing", "health"), HOUSING, "no day of"),
        (lambda text: "x\n", HOUSING, "no day of"),
        (lambda text: text.replace(text.split("\n")[3], "2099-01-01"), HOUSING, "not over"),
    ],
)
def test_what_is_not_taken(desk: Any, change: Any, signer: Signer, why: str) -> None:
    log, countersigning, day = desk
    with log.store.session() as session, pytest.raises(ValueError, match=why):
        countersigning.take(session, signed(change(countersigning.text(session, "housing", day)), "housing", signer))

"""`hub keys reseal` on what the rooms of the health code, of tracing, recognition and the ledger keep sealed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType

import pytest

from hub.commands.keys import _rooms
from hub.crypto import Crypto
from hub.health_code import models as health_code_models
from hub.health_code import resealing as health_code
from hub.health_code.service import HealthCodes
from hub.ledger import models as ledger_models
from hub.ledger import resealing as ledger
from hub.ledger.canaries import Canaries
from hub.recognition import models as recognition_models
from hub.recognition import resealing as recognition
from hub.resealing import Resealing
from hub.tracing import models as tracing_models
from hub.tracing import resealing as tracing
from hub.tracing.sightings import Sightings
from tests.health_code.conftest import HAN, NEAR, Clinic

NEW = b"n" * 32
ROOMS = [(health_code_models, health_code), (ledger_models, ledger), (recognition_models, recognition),
         (tracing_models, tracing)]  # fmt: skip


@pytest.mark.parametrize(("models", "resealing"), ROOMS)
def test_no_sealed_column_is_forgotten(models: ModuleType, resealing: ModuleType) -> None:
    kept = {
        (row.__tablename__, column.name)
        for row in vars(models).values()
        if isinstance(row, type) and row.__module__ == models.__name__ and hasattr(row, "__table__")
        for column in row.__table__.columns
        if column.name.endswith("_sealed")
    }
    known = {(each.row.__tablename__, each.column) for each in resealing.SEALED}
    assert not kept - known


@pytest.fixture
def turned(clinic: Clinic) -> Iterator[Resealing]:
    """The four rooms under a ring that has a new key in front; afterwards all is under the old one again."""
    columns = [each for _, resealing in ROOMS for each in resealing.SEALED]
    keys, suite = clinic.hub.crypto._ring.keys, clinic.hub.crypto._suite
    yield Resealing(Crypto({"n": NEW, **keys}, suite), columns)
    back = Resealing(Crypto({**keys, "n": NEW}, suite), columns)
    with clinic.hub.database.session() as session:
        while back.reseal(session, 100):
            pass


def test_declarations_sightings_and_canaries_are_found_and_opened_without_the_old_key(
    clinic: Clinic, turned: Resealing
) -> None:
    clinic.declare()
    clinic.declare(symptoms="fever")
    clinic.scan(clinic.code()["code"], gate=NEAR)
    hub, now = clinic.hub, clinic.hub.clock.now()
    hub.health_code.scans.flush()
    with hub.database.session() as session:
        hub.ledger.canaries.make(session, "health_commission", 1, "13800000000")
        assert turned.under_other_keys(session) >= 5
        while turned.reseal(session, 2):
            pass
        assert turned.under_other_keys(session) == 0
    alone = Crypto({"n": NEW}, hub.crypto._suite)
    with hub.database.session() as session:
        codes = HealthCodes(alone, hub.clock, lambda: None, lambda *_: None)
        found = codes.by_number(session, HAN.name, HAN.id_number[-6:])
        assert found and codes.holder(found).id_number == HAN.id_number
        assert codes.answers(session, found.citizen_id)["health"]["symptoms"] == "fever"
        seen = Sightings(alone, hub.clock, lambda *_: None)
        rows = seen.of(session, HAN.id_number, now - timedelta(hours=1), now + timedelta(hours=1))
        assert rows and seen.who(rows[0]).name == HAN.name
        assert Canaries(alone, hub.clock).of(session, "health_commission")


def test_hub_keys_knows_the_four_rooms(clinic: Clinic) -> None:
    others = _rooms(clinic.hub)[-1]
    assert isinstance(others, Resealing)
    assert set(others._columns) == {each for _, resealing in ROOMS for each in resealing.SEALED}

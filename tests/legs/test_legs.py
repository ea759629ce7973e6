"""C6 and K6: what of a call is kept, how, for how long; and that a failed read can be asked again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

import pytest
import yaml
from sqlalchemy import text

from hub.clock import Clock
from hub.errors import Problem
from hub.legs.service import Entry
from hub.settings import Secrets, Settings
from tests.gateway.world import PEOPLE
from tests.jobs.test_jobs import until
from tests.legs.conftest import Room


def rows(room: Room) -> int:
    with room.world.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM legs_leg")).scalar_one())


def test_feat_C6_a_failed_read_is_asked_again_once_it_can_be(room: Room) -> None:
    office = room.world.offices["alpha"]
    office.says(error="unavailable")
    (leg,) = room.fails("balance")
    assert (leg.state, leg.outcome, leg.kind, leg.system) == ("failed", "DEPARTMENT_UNAVAILABLE", "read", "alpha")
    assert room.asking.ask(leg.id).state == "failed", "still away"
    office.heal()
    asked = len(office.seen)
    outcome = room.asking.ask(leg.id)
    assert (outcome.state, outcome.code) == ("answered", "OK")
    assert office.seen[asked]["id_number"] == PEOPLE["c-anna"].id_number, "the same question, for the same person"
    with pytest.raises(Problem) as again:
        room.asking.ask(leg.id)
    assert again.value.code == "STATE_CONFLICT"
    until(lambda: not [each for each in room.legs() if each.id == leg.id])


def test_feat_K6_no_personal_value_is_readable_in_the_table(room: Room) -> None:
    room.world.offices["alpha"].says(error="unknown")
    room.fails("balance")
    with room.world.database.read() as connection:
        dump = str(connection.execute(text("SELECT legs_leg::text FROM legs_leg")).all())
        raw = b"".join(connection.execute(text("SELECT question_sealed FROM legs_leg")).scalars())
    for value in (PEOPLE["c-anna"].id_number, PEOPLE["c-anna"].name, "c-anna"):
        assert value not in dump and value.encode() not in raw and value.encode().hex() not in dump


def test_feat_K6_each_class_and_service_keeps_what_config_says(room: Room) -> None:
    for id in ("balance", "brief", "silent"):
        room.world.call(id)
    room.world.offices["beta"].says(error="unavailable")
    room.fails("pension")
    order = room.world.order("hours")
    room.world.gateway.call(order)
    until(lambda: room.of(order.trace))
    (leg,) = room.of(order.trace)
    assert (leg.state, leg.has_question, leg.has_answer) == ("answered", True, True)
    with room.world.database.session() as session:
        assert room.world.gateway.legs.opened(session, leg.id)[1]["fields"] == {"status": "open"}
    room.world.offices["alpha"].says(error="unavailable")
    with pytest.raises(Problem):
        room.world.call("silent")
    room.fails("balance")
    assert rows(room) == 3, "the failed pension, the public hours, the failed balance; never the silent one"


def test_feat_K6_a_persons_body_is_refused_in_config(room: Room, tmp_path: Path) -> None:
    file = room.world.folder / "services/balance.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**content, "record": "body"}, allow_unicode=True), encoding="utf-8")
    settings = Settings(room.world.folder, Secrets(room.world.environ, tmp_path), Clock())
    assert "balance" not in settings.now.services
    assert "never kept as a body" in str(settings.check()[0])


def test_feat_K6_what_is_too_old_is_gone(room: Room) -> None:
    room.world.offices["alpha"].says(error="unavailable")
    (old, _) = room.fails("balance", 2)
    with room.world.database.session() as session:
        past = "UPDATE legs_leg SET keep_until = clock_timestamp() - interval '1 s' WHERE id = :id"
        session.execute(text(past), {"id": old.id})
    with room.world.database.session() as session:
        room.world.gateway.legs.sweep(session)
    assert rows(room) == 1
    with pytest.raises(Problem, match="NOT_FOUND"):
        room.asking.ask(old.id)


def test_feat_K6_forgetting_frees_the_space(room: Room) -> None:
    """Measured: what comes after a purge takes the place of what went, instead of more of the disk."""
    legs, size = room.world.gateway.legs, "SELECT pg_total_relation_size('legs_leg')"

    def fill() -> int:
        at = Clock().now() - timedelta(days=9)
        question = {"fields": {"text": token_hex(1500)}}
        for _ in range(1000):
            legs.keep(Entry(uuid4(), at, "t", "s", "s", "o", "read", 3, "failed", "X", 7, question))
        until(lambda: rows(room) == 1000)
        full = measured()
        with room.world.database.session() as session:
            legs.sweep(session)
        assert rows(room) == 0
        with room.world.database.read() as connection:
            connection.execute(text("VACUUM legs_leg"))
        assert measured() < full / 2, "the disk has it back"
        return full

    def measured() -> int:
        with room.world.database.read() as connection:
            return int(connection.execute(text(size)).scalar_one())

    first = fill()
    assert max(fill() for _ in range(3)) <= 1.2 * first

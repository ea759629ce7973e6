"""Persons and accounts in a real database: sealed, found by keyed hash, told masked (row_B51's ground, security T3)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from hub.errors import Problem
from hub.identity.service import Registered
from tests.login.room import KNOWN, Room, everything, plain


def register(room: Room) -> str:
    with room.database.session() as session:
        return room.identity.register_known(session, KNOWN)


def test_what_is_registered_is_sealed_and_comes_back(room: Room) -> None:
    citizen_id = register(room)
    with room.database.session() as session:
        assert room.identity.registered(session, citizen_id) == Registered(KNOWN.id_number, KNOWN.name)
        assert room.identity.registered(session, "nobody") is None
    dump = everything(room.url)
    assert dump.count(citizen_id.encode()) and b"360423001" in dump
    for value in (KNOWN.id_number, KNOWN.name, KNOWN.phone):
        assert value.encode() not in dump and value.encode().hex().encode() not in dump


def test_registering_again_changes_nothing(room: Room) -> None:
    assert register(room) == register(room)


def test_a_sealed_value_moved_to_another_person_does_not_open(room: Room) -> None:
    citizen_id = register(room)
    with room.database.session() as session:
        room.identity.register_visitor(session, "c-thief")
    with psycopg.connect(plain(room.url)) as connection:
        connection.execute(
            "UPDATE identity_person SET (id_number_sealed, name_sealed) = (SELECT id_number_sealed, name_sealed"
            " FROM identity_person WHERE citizen_id = %s) WHERE citizen_id = 'c-thief'", [citizen_id]
        )  # fmt: skip
    with pytest.raises(Problem) as told, room.database.session() as session:
        room.identity.registered(session, "c-thief")
    assert told.value.code == "KEY_UNAVAILABLE"


def test_a_profile_is_masked_and_says_where_from(room: Room) -> None:
    """feat_D5: source and time of each value; what is not known has none."""
    citizen_id = register(room)
    with room.database.session() as session:
        profile = room.identity.profile(session, citizen_id)
        room.identity.register_visitor(session, "c-visitor")
        visitor = room.identity.profile(session, "c-visitor")
        assert room.identity.profile(session, "nobody") is None
    assert profile is not None and visitor is not None
    assert (profile.name.value, profile.id_number.value, profile.phone.value) == (
        "韩*福", "362*************32", "154****0001",
    )  # fmt: skip
    assert profile.name.source == "household_registration" and profile.name.updated_at is not None
    assert (visitor.level, visitor.name.value, visitor.id_number.value, visitor.phone.value) == (0, None, None, None)


def test_a_proved_phone_raises_a_visitor_to_level_1_and_lowers_nobody(room: Room) -> None:
    citizen_id = register(room)
    with room.database.session() as session:
        room.identity.register_visitor(session, "c-visitor")
        for each in ("c-visitor", citizen_id):
            room.identity.set_phone(session, each, "15400000009", "wechat")
    with room.database.session() as session:
        levels = [room.identity.standing(session, "citizen", each) for each in ("c-visitor", citizen_id)]
    assert [standing.level for standing in levels if standing] == [1, 2]


def test_an_account_that_ran_out_stands_for_nothing(room: Room) -> None:
    """security T31."""
    with room.database.session() as session:
        expires_at = room.clock.now() + timedelta(days=90)
        staff_id = room.identity.open_account(session, "operator", "hash", "JBSWY3DP", "operator", expires_at)
        standing = room.identity.standing(session, "staff", staff_id)
        room.clock.ahead = 90 * 86_400 + 1
        assert standing is not None and standing.roles == ("operator",)
        assert room.identity.standing(session, "staff", staff_id) is None
        staff = room.identity.staff(session, "operator")
        assert staff is not None and not staff.usable and staff.totp_secret == "JBSWY3DP"


def test_a_one_time_code_is_spent_once(room: Room) -> None:
    with room.database.session() as session:
        staff_id = room.identity.open_account(session, "a", "h", "JBSWY3DP", "auditor", room.clock.now())
        assert [room.identity.spend_code(session, staff_id, step) for step in (7, 7, 6, 8)] == [
            True, False, False, True,
        ]  # fmt: skip

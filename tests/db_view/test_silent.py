"""A server that accepts and says nothing, one that refuses, and the kinds whose real servers have not been seen.

What holds is the gateway's deadline: a driver may wait as long as it likes.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from adapters.protocols import db_view_kinds
from adapters.protocols.db_view_kinds import KINDS
from adapters.twins.db_view import Gate
from adapters.twins.silent import Silent
from hub.errors import Problem
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Unavailable
from tests.db_view.rooms import HAN, JABS, PASSWORD, Room, ask, facts_of, opened
from tests.gateway import world as gateway_world
from tests.gateway.world import World, build, service, write_config

OPERATION = "query_vaccinations"
DRIVERS = {
    "mysql": ("pymysql", "Q37"), "postgresql": ("psycopg", "Q39"), "kingbase": ("psycopg", "Q39"),
    "oracle": ("oracledb", "Q32"), "sqlserver": ("sqlalchemy_pytds", "Q33"), "dameng": ("dmPython", "Q38"),
}  # fmt: skip


def present(kind: str) -> None:
    """The drivers in the lock are always there; the others carry their vendors' terms and may be missing."""
    module, _ = DRIVERS[kind]
    if kind not in ("mysql", "postgresql", "kingbase") and importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: pip install xiantong[{KINDS[kind].extra}]")


@pytest.fixture
def silent() -> Iterator[Silent]:
    with Silent() as listener:
        yield listener


def facts_with_patience(seconds: float) -> dict[str, object]:
    facts = facts_of(JABS)
    facts["db_view"]["statement_s"] = seconds
    return facts


@pytest.mark.parametrize("kind", sorted(DRIVERS))
def test_quirk_Q32_quirk_Q33_quirk_Q38_a_refused_port_is_certainly_not_done(kind: str) -> None:
    present(kind)
    adapter = opened(f"{kind}://127.0.0.1:9/db", facts_with_patience(1.0), "reader")
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        ask(adapter, OPERATION, 30, **HAN)
    assert time.monotonic() - started < 15 and "connect" in caught.value.note
    if kind == "dameng":
        assert "-70028" in caught.value.note
    adapter.close()


@pytest.mark.parametrize("kind", ["mysql", "postgresql", "kingbase", "sqlserver"])
def test_quirk_Q33_the_driver_itself_gives_a_silent_server_up(silent: Silent, kind: str) -> None:
    present(kind)
    adapter = opened(f"{kind}://127.0.0.1:{silent.port}/db", facts_with_patience(1.0), "reader")
    started = time.monotonic()
    with pytest.raises((Unavailable, OutcomeUnknown)):
        ask(adapter, OPERATION, 30, **HAN)
    assert time.monotonic() - started < 15
    assert silent.guests == 1 or kind == "sqlserver"  # its driver knocks again and again within its time
    adapter.close()


@pytest.fixture
def hall(
    tmp_path: Path, fresh_database: str, redis: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    """A gateway in front of one database and one healthy department."""
    built: list[World] = []

    def make(address: str, user: str = "reader") -> World:
        services = [service("jabs", JABS, data_class=4, call={"system": JABS, "operation": OPERATION}, form={})]
        write_config(tmp_path / "config", {}, services)
        file = tmp_path / "config" / "systems.yaml"
        systems = {
            JABS: {
                "address": address, "allow_private": True, "limits": {"cap": 2, "deadline_s": 1.0},
                "secrets": {"username": "file/user", "password": "file/word"},
            }
        }  # fmt: skip
        file.write_text(yaml.safe_dump(systems, allow_unicode=True), encoding="utf-8")
        monkeypatch.setattr(gateway_world, "PACKAGE", "tests.db_view.departments")
        for name, text in (("user", user), ("word", PASSWORD)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        built.append(build(tmp_path, fresh_database, redis, {}))
        return built[0]

    yield make
    for each in built:
        each.close()


@pytest.mark.parametrize("kind", sorted(DRIVERS))
def test_quirk_Q32_quirk_Q33_quirk_Q38_the_caller_is_let_go_at_the_deadline(
    silent: Silent, hall: Callable[..., World], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    present(kind)
    monkeypatch.setattr(db_view_kinds, "CONNECT_S", 20)  # a driver that does not give up by itself
    world = hall(f"{kind}://127.0.0.1:{silent.port}/db")
    for _ in range(2):
        started = time.monotonic()
        with pytest.raises(PortError) as caught:
            world.call("jabs")
        assert time.monotonic() - started < 8
        assert isinstance(caught.value, OutcomeUnknown | Unavailable)
    assert silent.guests


def test_through_the_gateway_to_a_real_database(gate: Gate, hall: Callable[..., World]) -> None:
    world = hall(gate.address, gate.twin.reader)
    answer = world.call("jabs")
    assert answer.fields["vaccinations"] == []  # a caller of the tests' own, whom the county does not know
    assert answer.fields["name"] == "安娜"
    assert gate.twin.calls


def test_quirk_Q39_kingbase_drilled_against_postgresql_only(room: Room) -> None:
    """Unverified on a real one. What is known of it is shown: its version is no PostgreSQL's."""
    room.run(
        "CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql"
        " AS $$SELECT 'KingbaseES V008R006C008B0014 on x86_64-pc-linux-gnu'$$"
    )
    try:
        kingbase = opened(room.gate.address.replace("postgresql", "kingbase"), facts_of(JABS), room.twin.reader)
        assert len(ask(kingbase, OPERATION, **HAN).fields["vaccinations"]) == 2
        kingbase.close()
        with pytest.raises(Garbled):
            ask(room.open(JABS), OPERATION, **HAN)
    finally:
        room.run(
            "CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE internal STABLE STRICT PARALLEL SAFE"
            " AS 'pgsql_version'"
        )


def test_threat_T11_an_address_is_what_its_kind_says() -> None:
    for address in ("http://127.0.0.1/db", "postgresql://user:word@127.0.0.1/db", "postgresql://127.0.0.1/db?host=/x",
                    "postgresql://127.0.0.1/a/b", "mysql://0x7f.1/db", "oracle://169.254.169.254/db"):  # fmt: skip
        with pytest.raises(Problem) as caught:
            opened(address, facts_of(JABS), "reader")
        assert caught.value.code == "CONFIG_INVALID", address
    with pytest.raises(Problem) as refused:
        opened("postgresql://127.0.0.1/db", facts_of(JABS), "reader", allow_private=False)
    assert "loopback or private" in refused.value.note


def test_denied_stays_denied(room: Room) -> None:
    with pytest.raises(Denied):
        ask(room.open(JABS, user="nobody_of_this_name"), OPERATION, **HAN)

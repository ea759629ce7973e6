"""F14, F31 and X17: drift is found within a quarter of an hour, ends are announced, broken for people is seen."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from adapters.protocols import target
from hub.clock import CHINA
from hub.commands.rounds import Rounds
from hub.identity.service import Registered
from hub.inbox.service import Refusals
from hub.inspection.rules import Finding, announced, health
from hub.inspection.service import Inspection, due, of_system, persona
from hub.port import Alarm
from hub.settings.shapes import Snapshot, System
from hub.systems import Systems
from tests.catalogue.conftest import MovedClock
from tests.gateway.conftest import offices
from tests.gateway.office import Office, good
from tests.gateway.world import PEOPLE, World, build, service, write_config
from tests.protocols.rogue import Rogue, always, http

__all__ = ["offices"]
NO_INBOX: Any = SimpleNamespace(refusals=lambda *_: [])
WATCHER = Registered("k" * 40, "right")


@dataclass
class Room:
    world: World
    clock: MovedClock
    inspection: Inspection
    rounds: Rounds
    brought: list[Refusals]

    def found(self, kind: str, target: str) -> Finding:
        with self.world.database.session() as session:
            rows = self.inspection.findings(session)
        return next(each for each in rows if (each.kind, each.target) == (kind, target))

    def tick(self, **period: float) -> list[Any]:
        """So much later: what `hub work` does then, and the alarms it gave."""
        self.clock.pass_by(**period)
        with capture_logs() as lines:
            self.rounds._inspect()
        return [line for line in lines if line["event"] == "inspection_alarm"]


@pytest.fixture
def room(
    tmp_path: Path, fresh_database: str, redis: str, offices: dict[str, Office], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Room]:
    asks = {"persona": "watcher", "fields": {"year": 2025}}
    services = [service("balance", "alpha", synthetic=asks), service("pension", "beta", synthetic=asks)]
    offices.pop("stuck").close()  # its driver knows no probe
    write_config(tmp_path / "config", offices, [*services, service("fund", "gamma")])
    amended(tmp_path / "config/hub.yaml", personas={"watcher": {"id_number": "env/KEY", "name": "env/PASSWORD"}})
    monkeypatch.setitem(PEOPLE, "persona:watcher", WATCHER)
    world = build(tmp_path, fresh_database, redis, offices)
    clock = MovedClock()
    brought: list[Refusals] = []
    inbox: Any = SimpleNamespace(refusals=lambda *_: brought)
    inspection = Inspection(world.database, world.gateway, world.systems, inbox, lambda: world.settings.now, clock)
    nothing = SimpleNamespace(sweep=lambda _: None)  # no licences here
    nobody = SimpleNamespace(look=lambda: None)  # and no other region
    hub: Any = SimpleNamespace(
        inspection=inspection, settings=world.settings, clock=clock, credentials=nothing, recognition=nobody
    )
    yield Room(world, clock, inspection, Rounds(hub), brought)
    world.close()


def amended(file: Path, **more: Any) -> None:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**content, **more}, allow_unicode=True), encoding="utf-8")


def probed(question: dict[str, Any]) -> bool:
    return question.get("id_number") == "probe"


def test_feat_X17_the_persona_of_config_asks_as_itself(room: Room) -> None:
    snapshot = room.world.settings.now
    asked = persona(snapshot, "persona:watcher")
    assert asked is not None and (asked.id_number, asked.name) == (WATCHER.id_number, WATCHER.name)
    assert persona(snapshot, "watcher") is None and persona(snapshot, "persona:nobody") is None
    assert not room.tick()
    assert room.found("people", "balance").state == "works"
    asked_for = [question for question in room.world.offices["alpha"].seen if not probed(question)]
    assert (asked_for[0]["id_number"], asked_for[0]["year"]) == (WATCHER.id_number, 2025)


def test_fault_F14_a_missing_required_field_is_found_within_a_quarter_of_an_hour(room: Room) -> None:
    office = room.world.offices["alpha"]
    assert not room.tick()
    office.answer = lambda question: (
        good(question) if probed(question) else good(question).replace(b"balance_fen", b"balance_in_fen")
    )
    assert not room.tick(minutes=14)
    (alarm,) = room.tick(minutes=1)
    assert (alarm["service"], alarm["state"], alarm["code"]) == ("balance", "degraded", "UPSTREAM_MALFORMED")
    finding = room.found("people", "balance")
    assert (finding.state, finding.trace_id != "") == ("degraded", True)
    assert room.found("people", "pension").state == "works", "the others do not notice"
    assert not room.tick(minutes=15), "the same finding is one alarm"
    office.heal()
    room.tick(minutes=15)
    assert room.found("people", "balance").state == "works"


def test_fault_F14_a_contract_that_broke_for_the_probe_degrades_the_system(room: Room) -> None:
    room.world.offices["gamma"].answer = lambda _: b"<html>we have a new site</html>"
    (alarm,) = room.tick()
    assert (alarm["system"], alarm["state"]) == ("gamma", "degraded")


def test_feat_X17_works_for_the_machine_and_broken_for_people(room: Room) -> None:
    office = room.world.offices["alpha"]
    office.answer = lambda question: good(question) if probed(question) else b'{"error": "rejected"}'
    room.tick()
    seen = room.world.gateway.health("alpha").state
    with room.world.database.session() as session:
        found = room.inspection.findings(session)
    services = room.world.settings.now.services.values()
    alpha, beta, gamma = (of_system(found, id, services) for id in ("alpha", "beta", "gamma"))
    now = room.clock.now()
    assert (seen, health(seen, alpha, now)) == ("works", "failing")
    assert health("contacted_unproven", beta, now) == "works", "another worker asked, and people are served"
    assert health("contacted_unproven", gamma, now) == "contacted_unproven", "nobody asked as a person"
    assert health("off", beta, now) == "off" and health("failing", beta, now) == "failing"
    assert health("contacted_unproven", beta, now + timedelta(days=2)) == "contacted_unproven", "long ago"


def test_feat_X17_a_service_that_is_switched_off_is_off_and_no_alarm(room: Room) -> None:
    room.world.switch("service", "balance", enabled=False)
    assert not room.tick()
    assert room.found("people", "balance").state == "off"


def test_feat_X17_what_left_the_configuration_leaves_the_findings(room: Room) -> None:
    room.tick()
    (room.world.folder / "services/balance.yaml").unlink()
    room.world.settings.reload()
    room.tick(minutes=15)
    with pytest.raises(StopIteration):
        room.found("people", "balance")


def test_fault_F31_what_ends_is_announced_30_14_7_and_1_days_ahead(room: Room) -> None:
    file = room.world.folder / "systems.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["beta"]["expires"] = {"password": date(2026, 3, 1)}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    room.world.settings.reload()
    told: list[tuple[str, int]] = []
    room.clock.at = datetime(2026, 1, 20, tzinfo=CHINA)
    for _ in range(45):
        for alarm in room.tick(days=1):
            assert alarm["system"] == "beta/password"
            told.append((alarm["code"], (date(2026, 3, 1) - room.clock.now().date()).days))
    assert told == [("30", 30), ("14", 14), ("7", 7), ("1", 1), ("0", 0)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(31, ("good", "OK")), (30, ("announced", "30")), (14, ("announced", "14")), (7, ("announced", "7")),
     (1, ("announced", "1")), (0, ("expired", "0")), (-3, ("expired", "0"))],
)  # fmt: skip
def test_fault_F31_the_steps(days: int, expected: tuple[str, str]) -> None:
    now = datetime(2026, 1, 1, tzinfo=CHINA)
    assert announced(now + timedelta(days=days), now) == expected


@pytest.mark.parametrize("days", [60, 10, -1])
def test_fault_F31_the_departments_own_certificate(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setattr(target.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 0))])
    room.clock.at = datetime.now(CHINA)
    context, file = certificate(tmp_path, datetime.now(CHINA) + timedelta(days=days))
    with Rogue(always(http(b"{}")), context) as rogue:
        system = System(
            "housing_fund", f"https://department.example:{rogue.port}", secrets={"username": "u", "key": "k"},
            options={"ca_file": str(file)}, allow_private=True,
        )  # fmt: skip
        snapshot: Snapshot = replace(room.world.settings.now, systems={"housing_fund": system}, services={})
        store: Any = lambda _: None  # noqa: E731
        systems = Systems(lambda: snapshot.systems, store)
        Inspection(room.world.database, room.world.gateway, systems, NO_INBOX, lambda: snapshot, room.clock).round()
    finding = room.found("expiry", "housing_fund/tls")
    expected = {60: ("good", "OK"), 10: ("announced", "14"), -1: ("expired", "UPSTREAM_TLS")}
    assert (finding.state, finding.code) == expected[days]


def certificate(folder: Path, until: datetime) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "department.example")])
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), until - timedelta(days=90), until
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("department.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "department.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file


def test_a_round_is_due_by_wall_time() -> None:
    now = datetime(2026, 1, 1, tzinfo=CHINA)
    assert due(None, 15, now)
    assert not due(now, 15, now + timedelta(minutes=14))
    assert due(now, 15, now + timedelta(minutes=15))
    assert due(now, 15, now - timedelta(minutes=1)), "the clock was set back"


def test_fault_F15_what_a_department_should_have_brought_is_a_finding_until_it_is_there(room: Room) -> None:
    late, gap = Alarm("late", "A_{yyyymmdd}.csv", "the file of 2026-11-25 is not there"), Alarm("gap", "B", "number 8")
    with capture_logs() as lines:
        for _ in range(2):
            room.inspection.alarmed("alpha", [late, gap], True)
    assert [(each["code"], each["system"]) for each in lines if each["event"] == "inspection_alarm"] == [
        ("late", "alpha/late/A_{yyyymmdd}.csv"), ("gap", "alpha/gap/B"),
    ]  # fmt: skip
    found = room.found("delivery", "alpha/late/A_{yyyymmdd}.csv")
    assert (found.bad, found.note) == (True, late.note)
    assert health("works", [found], room.clock.now()) == "works"  # what came before is there
    with room.world.database.session() as session:
        rows = room.inspection.findings(session)
    assert {each.code for each in of_system(rows, "alpha", []) if each.bad} == {"late", "gap"}
    room.tick(minutes=20)  # the rounds leave them alone
    room.inspection.alarmed("alpha", [gap], False)  # cut off: it may be late still
    assert room.found("delivery", "alpha/late/A_{yyyymmdd}.csv").bad
    room.inspection.alarmed("beta", [], True)
    room.inspection.alarmed("alpha", [gap], True)
    assert not room.found("delivery", "alpha/late/A_{yyyymmdd}.csv").bad
    assert room.found("delivery", "alpha/gap/B").bad
    room.inspection.alarmed("alpha", [], True)
    assert not room.found("delivery", "alpha/gap/B").bad


def test_feat_C4_refused_rows_are_a_finding(room: Room) -> None:
    room.brought[:] = [Refusals("alpha", 100, 3, 1), Refusals("beta", 5, 0, 0)]
    (line,) = [each for each in room.tick(minutes=20) if each["kind"] == "rows"]
    assert (line["system"], line["note"]) == ("alpha", "3 of 100 rows refused, 1 deliveries in quarantine")
    assert not room.found("rows", "beta").bad
    room.brought[:] = [Refusals("alpha", 100, 0, 0)]
    room.tick(minutes=20)
    assert not room.found("rows", "alpha").bad

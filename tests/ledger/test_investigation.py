"""A leak: which exchanges, which taker, what can be shown and what cannot (X4-X6, T20)."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pikepdf
import pytest
from sqlalchemy import event, text

from hub.crypto import Crypto
from hub.database import Database
from hub.fields import id_check
from hub.ledger import paper, suspicion
from hub.ledger.canaries import AREA, Canaries
from hub.ledger.investigation import Investigations, Named
from hub.ledger.suspicion import ELSEWHERE, Taker
from hub.ledger.tracing import Tracing
from hub.ledger.verifying import Fault
from hub.ledger.volumes import Watch
from tests.ledger.log import SECRET, Log
from tests.ledger.statements import statement
from tests.login.room import MovableClock

NAMED = Named(lambda id: f"县{id}局", "示范县", "12345")
USERS = ("civil_affairs", "health", "education")


@dataclass
class Desk:
    log: Log
    canaries: Canaries
    investigations: Investigations

    def give(self, user: str, rows: list[dict[str, str]], number: str = "", **more: Any) -> Any:
        tag = self.log.evidence.subject_tag("resident_id", number) if number else secrets.token_bytes(32)
        one = statement(user=user, subject_tag=tag, fields=tuple(rows[0]), **more)
        self.log.evidence.decide(one)
        self.log.evidence.deliver(one.exchange_id, rows)
        return one.exchange_id

    def ask(self, *values: str) -> dict[str, Any]:
        return self.investigations.investigate(values, NAMED)


def person(place: int) -> dict[str, str]:
    first = f"36042319{60 + place % 40}0{1 + place % 9}1{place % 10}{place % 1000:03d}"
    return {"id_number": first + id_check(first), "name": f"测试{place}", "balance_fen": str(100_000 + place)}


PEOPLE = [person(place) for place in range(40)]


@pytest.fixture(scope="module")
def desk(make_database: Any, tmp_path_factory: Any) -> Iterator[Desk]:
    """Three departments ask about people; one of them about all whose records leak."""
    store, crypto = Database(make_database()), Crypto({"s1": SECRET})
    log = Log.over(store, tmp_path_factory.mktemp("home"), crypto=crypto)
    canaries, tracing = Canaries(crypto, log.clock), Tracing(log.evidence, crypto, "intl")
    made = Desk(
        log, canaries,
        Investigations(store, log.evidence, tracing, canaries, log.verifier.round, log.clock),
    )  # fmt: skip
    for place, each in enumerate(PEOPLE[:20]):
        for user in USERS:
            if (user == "civil_affairs" and place < 8) or (place + USERS.index(user)) % 4 == 0:
                made.give(user, [each], each["id_number"])
    log.checkpoints.make()
    yield made
    store.close()


def test_feat_X4_threat_T20_five_leaked_records_name_their_taker(desk: Desk) -> None:
    found = desk.ask(*(value for each in PEOPLE[:5] for value in each.values()))
    first = found["takers"][0]
    assert first["user"] == "civil_affairs" and first["likelihood"] > 0.9 and first["had"] == 15
    assert found["found"] == list(range(15)) and found["innocent_expected"] < 1
    exchange = found["exchanges"][0]
    assert exchange["statement"]["case_no"] == "2026112500001" and len(exchange["leaves"]) == 2
    assert exchange["fields"] == ["balance_fen", "id_number", "name"]
    told = json.dumps(found, ensure_ascii=False)
    assert not [each for each in PEOPLE[:5] if each["id_number"] in told or each["name"] in told]


def test_what_departments_hold_is_counted_in_one_question(desk: Desk) -> None:
    asked: list[str] = []
    event.listen(desk.log.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    found = desk.ask(*PEOPLE[0].values())
    counting = [each for each in asked if "count(distinct" in each or "octet_length" in each]
    assert len(counting) == 2, "that, and the volumes by day"
    with desk.log.store.read() as connection:
        held = connection.execute(text('SELECT "user", sum(octet_length(commitments)) / 32 FROM ledger_entry'
                                       " WHERE step = 'DELIVERED' GROUP BY 1")).all()  # fmt: skip
    told = {each["user"]: each["held"] for each in found["takers"]}
    assert told == {**{user: count for user, count in held if user in told}, "elsewhere": told["elsewhere"]}
    assert told["elsewhere"] == 10 * sum(count for _, count in held)


def test_without_numbers_every_exchange_is_looked_through(desk: Desk) -> None:
    found = desk.ask("测试3", "1000.03")  # yuan, as a spreadsheet shows it
    assert found["found"] == [0, 1] and {each["user"] for each in found["exchanges"]} >= {"civil_affairs"}


def test_what_was_never_given_came_from_elsewhere(desk: Desk) -> None:
    found = desk.ask(*PEOPLE[30].values(), "110105194912310021")
    assert (found["found"], found["takers"], found["exchanges"]) == ([], [], [])


def test_feat_X6_who_signed_what_cannot_be_shown_and_the_notice(desk: Desk) -> None:
    found = desk.ask(*PEOPLE[0].values())
    assert found["exchanges"][0]["receipts"] == {"S": "missing", "U": "missing", "P": "present"}
    assert found["complete"]["intact"] and "xiantong/360423" in found["complete"]["checkpoint"]
    assert any("尚无见证方" in line for line in found["liability"])  # this log has none
    assert any("E1" in line for line in found["liability"]) and "不能证明是谁" in found["cannot_show"][0]
    assert found["notice"]["kinds"] == ["balance_fen", "id_number", "name"] and "12345" in found["notice"]["contact"]
    made = paper.pdf(found)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) >= 1 and str(pdf.docinfo["/Title"]) == "数据泄露调查答复"


def test_feat_X5_a_canary_names_its_taker(desk: Desk) -> None:
    with desk.log.store.session() as session:
        canaries = desk.canaries.make(session, "health", 5, "07925550000")
        desk.canaries.make(session, "education", 5, "07925550000")
    with desk.log.store.session() as session:
        assert [each.id_number for each in desk.canaries.of(session, "health")] == [each.id_number for each in canaries]
    number = canaries[2].id_number
    assert number.startswith(AREA) and id_check(number[:17]) == number[17]
    rows = [*PEOPLE[20:25], {"id_number": number, "name": canaries[2].name, "balance_fen": "0"}]
    desk.give("health", rows, op="BULK")
    found = desk.ask(number, PEOPLE[21]["id_number"])
    assert [each["user"] for each in found["canaries"]] == ["health"] and found["takers"][0]["user"] == "health"
    assert "health" in found["notice"]["cause"]


def test_a_tampered_ledger_is_told(desk: Desk) -> None:
    assert desk.log.verifier.round(whole=True) == []
    investigations = Investigations(
        desk.log.store, desk.log.evidence, desk.investigations._tracing, desk.canaries,
        lambda: [Fault("deleted", 3, "ledger_entry")], desk.log.clock,
    )  # fmt: skip
    found = investigations.investigate(["测试3"], NAMED)
    assert not found["complete"]["intact"] and any("平台" in line and "不完整" in line for line in found["liability"])


def test_likelihood_follows_who_had_all_and_held_little() -> None:
    small, large = Taker("small", 5, 50), Taker("large", 5, 5000)
    partly, none = Taker("partly", 3, 50), Taker("none", 0, 50)
    found = suspicion.weighed([large, partly, small, none], 5, 10_000)
    assert [each.user for each in found][:2] == ["small", "large"] and found[0].likelihood > 0.99
    assert abs(sum(each.likelihood for each in found) - 1) < 0.001
    assert suspicion.weighed([Taker("one", 1, 9)], 1, 10)[-1].user == ELSEWHERE
    assert suspicion.innocent(53, 0.2, 5) == pytest.approx(0.017, abs=0.001)


def test_days_out_of_the_common() -> None:
    day = date(2026, 11, 1)
    days = {day + timedelta(days=place): 10 for place in range(10)} | {day + timedelta(days=10): 200}
    assert [(on, count) for on, count, _ in suspicion.uncommon(days)] == [(day + timedelta(days=10), 200)]
    assert suspicion.uncommon({day: 1, day + timedelta(days=1): 15}) == []


def test_threat_T20_a_day_out_of_the_common_is_told_on_that_day(make_database: Any, tmp_path: Any) -> None:
    store, clock = Database(make_database()), MovableClock()
    log, watch = Log.over(store, tmp_path, clock=clock), Watch(store, clock)

    def asked(people: int) -> None:
        for _ in range(people):
            log.shared(user="education", subject_tag=secrets.token_bytes(32))

    clock.ahead -= 86_400
    asked(3)
    clock.ahead += 86_400
    asked(19)
    assert watch.today() == []
    asked(1)
    assert watch.today() == [], "looked at every two minutes"
    watch._due = 0.0
    (found,) = watch.today()
    store.close()
    assert (found.user, found.people, found.usual) == ("education", 20, 3)

"""At the gate: codes that live a minute, forged ones, a volunteer's narrow view, caps, relays, paper."""

from __future__ import annotations

import base64
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from structlog.testing import capture_logs

from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.health_code.codes import SLOT_S, Codes
from hub.health_code.qr import Drawer, picture
from hub.health_code.scans import Alert, Scans
from hub.health_code.tally import Tally
from hub.ledger.exchange import Exchange
from hub.ledger.models import ExchangeRow
from hub.metrics import Metrics
from tests.health_code.conftest import FAR, GATE, HAN, LIN, NEAR, WANG, Clinic
from tests.phone import eventually
from tests.tracing.orders import in_force

ALLOWED = {"result", "grade", "advice", "name_masked", "id_masked"}


def at_slot(clinic: Clinic) -> None:
    """The clock stands still at the very beginning of a slot."""
    clinic.clock.stop()
    clinic.clock.ahead += SLOT_S - clinic.hub.clock.now().timestamp() % SLOT_S
    clinic.tokens.clear()


@pytest.fixture
def still(clinic: Clinic) -> Any:
    """Its clock moves only as the test says; afterwards it runs again."""
    at_slot(clinic)
    yield clinic
    clinic.clock._stopped = None
    clinic.tokens.clear()


def test_threat_T7_feat_F3_a_code_lives_for_a_minute_by_the_hubs_clock(still: Clinic) -> None:
    still.declare()
    code = still.code()
    assert datetime.fromisoformat(code["code_expires_at"]) - still.hub.clock.now() == timedelta(seconds=60)
    still.clock.ahead += 59
    wrong = still.hub.clock.now() + timedelta(seconds=90)  # the volunteer's phone
    assert still.scan(code["code"], at=wrong).json["result"] == "pass"
    still.clock.ahead += 2
    for phone in (-90, 0, 90):
        late = still.scan(code["code"], at=still.hub.clock.now() + timedelta(seconds=phone))
        assert (late.status_code, late.json["code"]) == (410, "QR_EXPIRED")
    assert still.code()["code"] != code["code"] and still.scan(still.code()["code"]).status_code == 200


def test_the_gates_are_told_to_whoever_may_scan_and_nobody_else(clinic: Clinic) -> None:
    found = clinic.verifier().get("/gate/gates").json["items"]
    assert {"id": GATE, "name": "县人民医院南门", "region": "360423001"} in found and len(found) == 4
    assert clinic.citizen(HAN).get("/gate/gates").json["code"] == "ROLE_REQUIRED"


def test_row_B76_a_code_of_61_s_ago(still: Clinic) -> None:
    still.declare()
    code = still.code()["code"]
    still.clock.ahead += 61
    answer = still.scan(code)
    assert (answer.status_code, answer.json["code"]) == (410, "QR_EXPIRED")
    assert answer.json["title"] == "二维码已过期，请出示新的二维码。"


def test_feat_F3_three_refusals_are_three(still: Clinic) -> None:
    still.declare()
    old = still.code()["code"]
    still.clock.ahead += 15 * 86_400
    still.tokens.clear()
    citizen = still.citizen_id(HAN)
    fresh = still.hub.health_code.shown.show(citizen, still.hub.clock.now()).code
    nobody = still.hub.health_code.shown.show("c" + "0" * 32, still.hub.clock.now()).code
    told = [still.scan(each) for each in (old, fresh, nobody)]
    assert [(each.status_code, each.json["code"]) for each in told] == [
        (410, "QR_EXPIRED"), (410, "REPORT_EXPIRED"), (404, "NOT_FOUND")
    ]  # fmt: skip
    assert len({each.json["title"] for each in told}) == 3


def test_row_B77_threat_T7_what_this_hub_did_not_make_is_no_code(clinic: Clinic) -> None:
    clinic.declare()
    code = clinic.code()["code"]
    raw = base64.urlsafe_b64decode(code)
    changed = [
        base64.urlsafe_b64encode(bytes([*raw[:at], raw[at] ^ bit, *raw[at + 1 :]])).decode()
        for at in range(len(raw))
        for bit in (1, 128)
    ]
    keys = {name: key.encode() for name, key in clinic.hub.settings.now.hub.seal_keys.items()}
    crypto = Crypto(keys, clinic.hub.settings.now.hub.suite)
    elsewhere = Codes(crypto, lambda: "340100").show("c" + "0" * 32, clinic.hub.clock.now()).code
    others = ["x" * 10_240, "https://example.com/x", "", "健康码", code + "A", code[:-1], elsewhere, "XT1:6BF", "XT1:"]
    by = clinic.verifier()
    for each in (*changed, *others):
        answer = clinic.scan(each, by=by)
        assert (answer.status_code, answer.json["code"]) == (400, "QR_INVALID"), each[:40]


def test_row_B78_only_a_verifier_scans(clinic: Clinic) -> None:
    clinic.declare()
    code = clinic.code()["code"]
    for person in (clinic.citizen(LIN), clinic.officer(), clinic.of("operator")):
        answer = clinic.scan(code, by=person)
        assert (answer.status_code, answer.json["code"]) == (403, "ROLE_REQUIRED")
    assert clinic.scan(code, by=clinic.anyone()).json["code"] == "TOKEN_MISSING"


def test_threat_T9_feat_F4_a_volunteer_sees_no_other_fact(clinic: Clinic) -> None:
    clinic.declare()
    seen = clinic.scan(clinic.code()["code"]).json
    assert set(seen) == ALLOWED
    assert (seen["result"], seen["grade"], seen["name_masked"]) == ("pass", "00", "韩*福")
    assert seen["id_masked"] == "362*************32" and HAN.id_number not in str(seen)
    for path in ("/gate/scans", f"/gate/scans?gate_id={GATE}", "/gate/visitors", "/desk/health-code/alerts"):
        refused = clinic.verifier().get(path)
        assert refused.status_code in (403, 404, 405), "past visitors are listed to no volunteer"


def test_threat_T9_the_501st_scan_of_a_day_is_refused_and_told(clinic: Clinic) -> None:
    clinic.declare()
    by, code = clinic.verifier("collector"), clinic.code()["code"]
    for _ in range(498):
        clinic.hub.health_code.tally.day(clinic.ids["collector:"], "scans", 500)
    assert [clinic.scan(code, by=by).status_code for _ in range(2)] == [200, 200]
    for _ in range(3):
        refused = clinic.scan(code, by=by)
        assert (refused.status_code, refused.json["code"]) == (429, "RATE_LIMITED")
        assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    clinic.hub.health_code.scans.flush()
    told = [each for each in alerts(clinic, clinic.ids["collector:"]) if each["kind"] == "cap"]
    assert len(told) == 1
    assert clinic.scan(code, by=clinic.verifier("another")).status_code == 200


def test_threat_T9_all_workers_count_together(clinic: Clinic) -> None:
    """Another worker's count is known, and one that begins does not begin at nothing."""
    one, other, who = (clinic.hub.health_code.tally, Tally(clinic.hub.line, clinic.hub.clock), secrets.token_hex(8))
    for _ in range(5):
        one.day(who, "scans", 10)
    one.tell()
    assert [other.day(who, "scans", 10) == 0 for _ in range(6)] == [True] * 5 + [False]


def scans_on_record(clinic: Clinic, citizen: str) -> list[Exchange]:
    tag = clinic.hub.crypto.lookup(citizen, "ledger.subject")
    with clinic.hub.database.session() as session:
        rows = session.query(ExchangeRow).filter(ExchangeRow.subject_tag == tag, ExchangeRow.service == "health-code")
        return [row for row in rows if row.caller_kind == "verifier"]  # type: ignore[misc]


def test_threat_T9_every_scan_stands_in_the_persons_own_record(clinic: Clinic) -> None:
    clinic.declare(LIN)
    citizen = clinic.citizen_id(LIN)
    before = len(scans_on_record(clinic, citizen))
    clinic.scan(clinic.code(LIN)["code"], gate=NEAR, direction="out")
    clinic.verifier().post("/gate/lookups", {"name": LIN.name, "id_tail": LIN.id_number[-6:]})
    assert eventually(lambda: len(scans_on_record(clinic, citizen)) == before + 2, 10)
    operations = {row.operation: row.purpose for row in scans_on_record(clinic, citizen)[-2:]}
    assert operations == {"gate.out": f"gate {NEAR}", "gate.lookup": "gate"}


def alerts(clinic: Clinic, citizen: str) -> list[dict[str, Any]]:
    items = clinic.of("auditor").get("/desk/health-code/alerts?page_size=100").json["items"]
    return [each for each in items if each["about"] == citizen]


def test_threat_T8_the_same_code_at_two_gates_far_apart_is_an_alarm(still: Clinic) -> None:
    still.declare(LIN)
    citizen = still.citizen_id(LIN)
    code, before = still.code(LIN)["code"], len(alerts(still, citizen))
    still.scan(code, GATE), still.scan(code, NEAR)
    still.hub.health_code.scans.flush()
    assert len(alerts(still, citizen)) == before, "400 m apart: a walk"
    still.clock.ahead += 40
    seen = still.scan(code, FAR).json
    assert seen["name_masked"] == "林*梅" and seen["id_masked"], "the volunteer compares with who stands there"
    assert eventually(lambda: len(alerts(still, citizen)) == before + 1, 5)
    assert {GATE, FAR} <= set(alerts(still, citizen)[0]["gates"])
    still.clock.ahead += 61
    still.scan(still.code(LIN)["code"], GATE)
    still.hub.health_code.scans.flush()
    assert len(alerts(still, citizen)) == before + 1, "later: a drive"


def test_feat_X12_without_a_phone_by_name_and_number(clinic: Clinic) -> None:
    clinic.declare()
    by = clinic.verifier("elder")
    found = by.post("/gate/lookups", {"name": HAN.name, "id_tail": HAN.id_number[-6:]})
    assert (found.status_code, set(found.json), found.json["grade"]) == (200, ALLOWED, "00")
    card = by.post("/gate/lookups", {"name": HAN.name, "id_tail": HAN.id_number})
    assert card.json["result"] == "pass" and HAN.id_number[:14] not in str(card.json)
    for name, tail in ((LIN.name, HAN.id_number[-6:]), (HAN.name, "000000")):
        assert by.post("/gate/lookups", {"name": name, "id_tail": tail}).status_code == 404
    assert by.post("/gate/lookups", {"name": HAN.name, "id_tail": "1932123"}).json["code"] == "FORMAT"
    for _ in range(10):
        last = by.post("/gate/lookups", {"name": "张三", "id_tail": "123456"})
    assert (last.status_code, last.json["code"]) == (429, "RATE_LIMITED"), "nobody tries numbers out"


def test_feat_F7_a_printed_code_for_who_has_no_phone(clinic: Clinic) -> None:
    clinic.declare()
    made = clinic.citizen(HAN).post("/health-code/paper")
    assert (made.status_code, made.mimetype, made.data[:4]) == (200, "application/pdf", b"%PDF")
    citizen = clinic.citizen_id(HAN)
    state = clinic.hub.health_code.states.of(citizen)
    assert state
    until = clinic.hub.clock.now() + timedelta(days=90)
    first = clinic.hub.health_code.shown.paper(citizen, state.paper_serial, until)
    assert clinic.scan(first).json["result"] == "pass"
    clinic.citizen(HAN).post("/health-code/paper")
    assert clinic.scan(first).status_code == 404, "a new one ends the one before"
    day_before = clinic.hub.clock.now() - timedelta(days=2)
    over = clinic.hub.health_code.shown.paper(citizen, state.paper_serial + 1, day_before)
    assert clinic.scan(over).json["code"] == "QR_EXPIRED"


def test_feat_X13_under_review_nobody_can_decide_and_it_says_what_to_do(clinic: Clinic) -> None:
    clinic.declare(symptoms="fever")
    seen = clinic.scan(clinic.code()["code"]).json
    assert (seen["result"], seen["grade"]) == ("cannot_decide", None) and "复核" in seen["advice"]


def test_feat_S9_a_shift_is_for_one_gate_and_ends(clinic: Clinic) -> None:
    clinic.declare()
    clerk = clinic.of("community_clerk")
    made = clerk.post("/gate/shifts", {"gate_id": GATE, "minutes": 60})
    assert made.status_code == 201, made.text
    volunteer = type(clerk)(clinic.client, made.json["access_token"])
    assert clinic.scan(clinic.code()["code"], by=volunteer).json["result"] == "pass"
    assert clinic.scan(clinic.code()["code"], gate=NEAR, by=volunteer).json["code"] == "ROLE_REQUIRED"
    assert volunteer.post("/gate/shifts", {"gate_id": GATE}).json["code"] == "ROLE_REQUIRED", "it cannot prolong itself"
    assert clerk.post("/gate/shifts", {"gate_id": "nowhere"}).json["errors"][0]["path"] == "gate_id"
    assert clerk.post("/gate/shifts", {"gate_id": GATE, "minutes": 600}).json["errors"][0]["code"] == "RANGE"
    assert clinic.citizen(HAN).post("/gate/shifts", {"gate_id": GATE}).json["code"] == "ROLE_REQUIRED"
    clinic.clock.ahead += 61 * 60
    clinic.tokens.clear()
    ended = clinic.scan(clinic.code()["code"], by=volunteer)
    assert ended.json["code"] in ("SESSION_REVOKED", "TOKEN_INVALID"), ended.text
    again = clinic.anyone().post("/sessions/refresh", {"refresh_token": made.json["refresh_token"]})
    assert again.status_code in (401, 403), again.text


def test_feat_X10_a_code_is_shown_and_scanned_while_postgres_is_away(clinic: Clinic, monkeypatch: Any) -> None:
    """The tables are out of reach: a database at a port where nobody listens stands in for the stopped server."""
    clinic.declare()
    citizen = clinic.citizen_id(HAN)
    room, by, phone = clinic.hub.health_code, clinic.verifier(), clinic.citizen(HAN)
    assert clinic.scan(clinic.code()["code"], by=by).status_code == 200
    gone = Database("postgresql+psycopg://nobody@127.0.0.1:9/none", pool_size=1)
    for part in (room.states, room.scans, room.gate, room.shifts):
        monkeypatch.setattr(part, "_database", gone)
    shown = phone.get("/health-code")
    assert shown.status_code == 200, shown.text
    assert clinic.scan(shown.json["code"], by=by).json["result"] == "pass"
    room.states._known.clear()  # a worker that never met the person has it from Redis, sealed
    assert clinic.scan(shown.json["code"], by=by).json["result"] == "pass"
    waiting = len(room.scans._waiting)
    assert waiting, "the scans wait"
    clinic.clock.ahead += 31 * 60
    with pytest.raises(Problem) as unknown:
        room.states.of(citizen)
    assert unknown.value.code == "STORE_UNAVAILABLE", "what nobody could confirm for so long is not believed"
    clinic.tokens.clear()
    monkeypatch.undo()
    assert eventually(lambda: not room.scans._waiting, 10), "and are written once it is back"
    gone.close()


def test_scans_that_could_not_be_kept_are_said(clinic: Clinic) -> None:
    """PostgreSQL is away for so long that no more scans can wait: a figure, and a line."""
    room, registry = clinic.hub.health_code, CollectorRegistry()
    codes, clock = room.codes, clinic.hub.clock
    scans = Scans(clinic.hub.database, clock, codes.configured, codes.holders, lambda *_: None, Metrics(registry).scans)
    alert = Alert("cap", "somebody", (), clock.now())
    for _ in range(20_002):
        scans.put(alert)
    with capture_logs() as said:
        assert (scans.tell(), scans.tell(2)) == (2, 2)
        assert [registry.get_sample_value(f"hub_scans_{each}") for each in ("waiting", "lost")] == [20_000, 2]
        scans.close()
    assert [(each["event"], each["count"]) for each in said] == [("scans_lost", 2), ("scans_lost", 20_000)], "once each"
    assert registry.get_sample_value("hub_scans_lost") == 20_002
    assert eventually(lambda: "hub_scans_lost 0.0" in clinic.client.get("/metrics").text, 10), "the gate's own"


def test_no_person_is_readable_in_redis(clinic: Clinic) -> None:
    clinic.declare(), clinic.scan(clinic.code()["code"])
    clinic.hub.health_code.tally.tell()
    keys = [key for pattern in ("hub:health:*", "hub:gate:*") for key in clinic.hub.redis.keys(pattern)]
    assert len(keys) > 1
    for key in keys:
        said = bytes(key) + bytes(clinic.hub.redis.get(key) or b"")
        assert HAN.id_number.encode() not in said and "韩".encode() not in said and "韩*福".encode() not in said


def test_a_drawn_code_is_the_one_that_the_library_draws() -> None:
    drawer = Drawer()
    for _ in range(20):
        code = base64.urlsafe_b64encode(secrets.token_bytes(27)).decode()
        drawn, whole, x, y = 0, picture(code.encode()), 0, 0
        path = drawer.svg(code).rpartition('d="M2 2.5')[2].removesuffix('"/></svg>')
        for letter, far, down in re.findall(r"([hm])(-?\d+)(?: (\d))?", path):
            if letter == "h":
                for column in range(int(far)):
                    drawn |= 1 << y * 29 + x + column
            x, y = x + int(far), y + int(down or 0)
        assert (x, y) == (29, 28)
        assert drawn == whole


def test_scans_are_told_to_whoever_counts(clinic: Clinic, monkeypatch: Any) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(clinic.hub.health_code.scans, "_scanned", lambda _, passed: heard.extend(passed))
    clinic.declare()
    now, code = clinic.hub.clock.now(), clinic.code()["code"]
    for _ in range(3):
        clinic.scan(code, at=now)  # a phone on a weak net sends it again
    clinic.hub.health_code.scans.flush()
    assert eventually(lambda: bool(heard), 5)
    assert [(each.gate.id, each.way, each.id_number) for each in heard] == [(GATE, "in", HAN.id_number)]


def test_feat_S10_a_scan_is_a_crossing_once_and_a_look_up_is_none(clinic: Clinic) -> None:
    clinic.declare()
    now, code = clinic.hub.clock.now(), clinic.code()["code"]
    for _ in range(2):
        clinic.scan(code, gate=NEAR, at=now)
    clinic.verifier("asks").post("/gate/lookups", {"name": HAN.name, "id_tail": HAN.id_number[-6:]})
    clinic.hub.health_code.scans.flush()
    tag = clinic.hub.flow.tag(HAN.id_number)

    def crossed() -> list[tuple[str, str, str]]:
        clinic.hub.flow.turn()
        wanted = text("SELECT gate, place, direction FROM flow_crossing WHERE person = :tag AND at = :at")
        with clinic.hub.database.read() as connection:
            return [tuple(row) for row in connection.execute(wanted, {"tag": tag, "at": now})]

    assert eventually(crossed, 10)
    assert crossed() == [(NEAR, "360423001", "in")]


def test_feat_S5_a_trace_finds_who_was_at_the_same_gate_at_the_same_time(still: Clinic) -> None:
    begins = still.hub.clock.now()
    for persona, minutes, gate in ((HAN, 0, NEAR), (LIN, 12, NEAR), (WANG, 0, GATE), (WANG, 10, NEAR)):
        still.declare(persona)
        still.clock.ahead += 60 * minutes
        still.tokens.clear()
        assert still.scan(still.code(persona)["code"], gate=gate).json["result"] == "pass"
    still.hub.health_code.scans.flush()
    order = {"order_no": "J-gate", "subject": HAN.id_number, "from": begins.isoformat(), "regions": ["360423001"],
             "to": (begins + timedelta(minutes=30)).isoformat()}  # fmt: skip
    in_force(still.hub, "J-gate")
    made = still.officer("police").post("/traces", order)
    assert made.status_code == 201, made.text
    near = [(each["channel"], each["how"], each["apart"], each["confidence"]) for each in made.json["contacts"]]
    assert near == [("gate", "same_place", 12, 100)], "not who was at another gate, nor who came 22 minutes later"
    tag = still.hub.crypto.tag(LIN.id_number, "tracing")
    with still.hub.database.read() as connection:
        found = connection.execute(text("SELECT person FROM tracing_contact WHERE channel = 'gate'")).scalars().all()
    assert [bytes(each) for each in found] == [tag]

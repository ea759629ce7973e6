"""The ledger over HTTP: tiles for everybody, proofs for those entitled, and the citizen's own view."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from werkzeug.serving import make_server

from hub.demo import stamp_keys
from hub.ledger import checking_proofs
from hub.ledger.checkpoints import Witness
from hub.ledger.witness import Witness as Watching
from hub.ledger.witness import serving
from tests.credentials.conftest import HAN, LIN, Room, room
from tests.ledger.log import authority, listening
from tests.ledger.statements import ROWS, statement

__all__ = ["room"]


@pytest.fixture(scope="module")
def witnesses(room: Room, tmp_path_factory: Any) -> Iterator[dict[str, Witness]]:
    """Two that listen; the hub is told of them as its configuration would."""
    with ExitStack() as stack:
        told = {}
        for name in ("audit_office", "neighbour_county"):
            watching = Watching(tmp_path_factory.mktemp(name), name, [room.hub.ledger.checkpoints.key])
            address = stack.enter_context(listening(serving(watching, "127.0.0.1", 0)))
            told[name] = Witness(address, watching.key)
        room.hub.ledger._witnesses = lambda: told  # type: ignore[method-assign]
        room.hub.ledger.checkpoints.witnesses = lambda: told
        yield told


def shared(room: Room, number: str, **changes: Any) -> str:
    """One exchange about this person, delivered."""
    evidence = room.hub.ledger.evidence
    one = statement(subject_tag=evidence.subject_tag("resident_id", number), at=room.hub.clock.now(), **changes)
    evidence.decide(one)
    evidence.deliver(one.exchange_id, ROWS)
    return str(one.exchange_id)


def log(room: Room, person: Any = HAN, query: str = "") -> list[dict[str, Any]]:
    answer = room.citizen(person).get(f"/me/access-log{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_feat_K5_the_citizen_sees_who_read_what_and_why(room: Room) -> None:
    id = shared(room, HAN.id_number)
    (entry,) = [each for each in log(room) if each["exchange_id"] == id]
    assert (entry["kind"], entry["outcome"], entry["evidence_level"]) == ("shared", "OK", "E1")
    assert (entry["receiver_code"], entry["receiver_name"]) == ("civil_affairs", "县民政局")
    assert (entry["purpose"], entry["basis"]) == ("核对低保申请", "社会救助暂行办法 第八条")
    assert entry["fields"] == ["name", "balance_fen"] and entry["officer_ref"] == "civil_affairs/104233"
    assert not [each for each in log(room, LIN) if each["exchange_id"] == id]


def test_own_reads_of_a_day_are_one_line(room: Room) -> None:
    person = room.citizen(HAN)
    for _ in range(3):
        answer = person.post("/services/medical-insurance-balance/calls", {"fields": {}})
        assert answer.status_code == 200, answer.text
    lines = [each for each in log(room) if each["service"] == "medical-insurance-balance" and each["kind"] == "own"]
    assert len(lines) == 1 and lines[0]["count"] >= 1 and "balance_fen" in lines[0]["fields"]


def test_feat_U30_who_read_what_and_why_is_told_in_the_readers_language(room: Room) -> None:
    id = shared(room, HAN.id_number)
    assert room.citizen(HAN).post("/services/medical-insurance-balance/calls", {"fields": {}}).status_code == 200
    told = room.citizen(HAN).ask("GET", "/me/access-log", Accept_Language="en").json["items"]
    own = next(each for each in told if each["service"] == "medical-insurance-balance")
    assert (own["receiver_name"], own["purpose"]) == ("Yourself", "Asked by the person")
    assert own["service_title"] == "Medical insurance account balance"
    assert own["basis"].startswith("Personal Information Protection Law")
    other = next(each for each in told if each["exchange_id"] == id)
    assert (other["receiver_name"], other["purpose"]) == ("Civil Affairs Bureau", "核对低保申请"), "as it was written"


def test_a_page_asks_the_same_few_questions_however_many_lines_it_has(room: Room) -> None:
    for service in ("medical-insurance-balance", "marriage-record", "housing-fund-account"):
        assert room.citizen(HAN).post(f"/services/{service}/calls", {"fields": {}}).status_code == 200
    asked: list[str] = []

    def note(*args: Any) -> None:
        asked.append(args[2])

    event.listen(room.hub.database.engine, "before_cursor_execute", note)
    try:
        own = {each["service"] for each in log(room) if each["kind"] == "own"}
    finally:
        event.remove(room.hub.database.engine, "before_cursor_execute", note)
    assert len(own) >= 3
    assert len([each for each in asked if "FROM ledger_exchange" in each]) == 4


def test_threat_T10_a_sealed_entry_appears_by_its_date_and_is_counted(room: Room) -> None:
    now = room.hub.clock.now()
    id = shared(room, HAN.id_number, sealed_until=now + timedelta(days=30))
    over = shared(room, HAN.id_number, sealed_until=now - timedelta(seconds=1))
    seen = [each["exchange_id"] for each in log(room)]
    assert id not in seen and over in seen
    assert room.citizen(HAN).get(f"/me/access-log/{id}/proof").json["code"] == "NOT_FOUND"
    period = room.citizen(LIN).get("/me/access-log/period").json
    assert period["sealed"][str(now.year)] >= 2


def test_pages_and_days(room: Room) -> None:
    ids = [shared(room, LIN.id_number) for _ in range(4)]
    answer = room.citizen(LIN).get("/me/access-log?page_size=3").json
    first = [each["exchange_id"] for each in answer["items"]]
    assert first == ids[:0:-1]
    rest = log(room, LIN, f"?page_size=3&cursor={answer['next_cursor']}")
    assert rest[0]["exchange_id"] == ids[0]
    today = room.hub.clock.now().date()
    assert log(room, LIN, f"?from={today}&to={today}")
    assert not log(room, LIN, f"?to={today - timedelta(days=1)}")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?cursor=abc", 400, "PAGE_INVALID"),
        ("?cursor=99999999999999999", 400, "PAGE_INVALID"),
        ("?from=2026-02-30", 400, "PARAM_INVALID"),
        ("?from=2026-02-02&to=2026-02-01", 400, "PARAM_INVALID"),
        ("?page_size=1000", 400, "PAGE_INVALID"),
        ("/x/proof", 404, "NOT_FOUND"),
        ("/00000000-0000-4000-8000-000000000000/proof", 404, "NOT_FOUND"),
    ],
)
def test_bad_questions(room: Room, query: str, status: int, code: str) -> None:
    answer = room.citizen(HAN).get(f"/me/access-log{query}")
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text


def test_an_entry_is_proven_offline_feat_K4(room: Room, witnesses: Any) -> None:
    id = shared(room, HAN.id_number)
    pending = room.citizen(HAN).get(f"/me/access-log/{id}/proof")
    assert (pending.status_code, pending.json["code"]) == (503, "PROOF_PENDING")
    room.hub.ledger.checkpoints.make()
    keys = room.anyone().get("/ledger/keys").json
    proof = room.citizen(HAN).get(f"/me/access-log/{id}/proof").json
    assert list(checking_proofs.faults(proof, keys, None)) == []
    own = next(each["exchange_id"] for each in log(room) if each["kind"] == "own")
    assert list(checking_proofs.faults(room.citizen(HAN).get(f"/me/access-log/{own}/proof").json, keys, None)) == []
    assert room.citizen(LIN).get(f"/me/access-log/{id}/proof").status_code == 404
    script = room.anyone().get("/ledger/checking_proofs.py")
    assert script.status_code == 200 and "def faults" in script.text


def test_what_i_do_not_recognise_becomes_a_case(room: Room) -> None:
    id = shared(room, HAN.id_number)
    person, key = room.citizen(HAN), secrets.token_hex(8)
    answer = person.post(f"/me/access-log/{id}/disputes", {"text": "我没有申请低保"}, Idempotency_Key=key)
    assert answer.status_code == 201, answer.text
    assert (answer.json["office"], answer.json["state"]) == ("data_bureau", "open") and id in answer.json["text"]
    again = person.post(f"/me/access-log/{id}/disputes", {"text": "我没有申请低保"}, Idempotency_Key=key)
    assert again.json["number"] == answer.json["number"]
    other = room.citizen(LIN).post(f"/me/access-log/{id}/disputes", {}, Idempotency_Key=secrets.token_hex(8))
    assert other.status_code == 404


def test_parties_and_the_auditor_see_an_exchange(room: Room, witnesses: Any) -> None:
    id = shared(room, HAN.id_number)
    room.hub.ledger.checkpoints.make()
    entry = room.of("auditor").get(f"/ledger/entries/{id}").json
    assert entry["statement"]["case_no"] == "2026112500001" and entry["evidence_level"] == "E1"
    assert [each["step"] for each in entry["steps"]] == ["DECIDED", "DELIVERED"]
    assert room.of("auditor").get(f"/ledger/proofs/{id}").status_code == 200
    assert room.of("officer").get(f"/ledger/entries/{id}").json["code"] == "ROLE_REQUIRED"
    assert room.of("data_officer").get(f"/ledger/entries/{id}").status_code == 404  # another office's
    assert room.anyone().get(f"/ledger/entries/{id}").status_code == 401


def test_everybody_checks_the_whole_log_and_sees_one_leaf_removed(room: Room, witnesses: Any, tmp_path: Any) -> None:
    for _ in range(130):
        shared(room, LIN.id_number)
    room.hub.ledger.checkpoints.make()
    server = make_server("127.0.0.1", 0, room.client.application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url, seen = f"http://127.0.0.1:{server.server_port}/api/v1/ledger", tmp_path / "seen"
        keys = room.anyone().get("/ledger/keys").json
        assert list(checking_proofs.whole(url, keys, seen)) == [] and seen.stat().st_size > 256 * 32
        kept = seen.read_bytes()
        seen.write_bytes(kept[: 40 * 32] + kept[41 * 32 :])
        assert list(checking_proofs.whole(url, keys, seen)) == ["leaf 40 is not what it was"]
    finally:
        server.shutdown()


@pytest.mark.parametrize("place", ["0/999", "9/000", "0/x", "0/000.p/0", "0/000.p/999", "0/00", "0/x001/000.p/3",
                                   "0/x999/x999/x999/x999/x999/x999/999"])  # fmt: skip
def test_no_such_tile(room: Room, place: str) -> None:
    assert room.anyone().get(f"/ledger/tile/{place}").status_code == 404


def test_a_tile_never_changes(room: Room, witnesses: Any) -> None:
    shared(room, LIN.id_number)
    size = room.hub.ledger.checkpoints.make().size
    answer = room.anyone().get("/ledger/tile/0/000.p/2")
    assert len(answer.data) == 64 and "immutable" in answer.headers["Cache-Control"] and size > 2
    note = room.anyone().get("/ledger/checkpoint")
    assert note.text.split("\n")[1] == str(size) and note.mimetype == "text/plain"


def test_the_stamp_of_a_checkpoint_is_for_everybody(room: Room, witnesses: Any, tmp_path: Any) -> None:
    with authority(tmp_path / "stamping") as told:
        room.hub.ledger.checkpoints._authority = lambda: told
        made = room.hub.ledger.checkpoints.make()
        room.hub.ledger.checkpoints._authority = lambda: None
    answer = room.anyone().get(f"/ledger/stamps/{made.size}")
    assert (answer.data, answer.mimetype) == (made.stamp, "application/timestamp-reply")
    without = room.hub.ledger.checkpoints.make()
    for size in (without.size, made.size + 10**6, 1 << 70, -1):
        assert room.anyone().get(f"/ledger/stamps/{size}").json["code"] == "NOT_FOUND"


@pytest.mark.parametrize(("days", "is_told"), [(29, True), (31, False)])
def test_fault_F31_the_end_of_the_authoritys_certificate_is_told_a_month_before(
    room: Room, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, days: int, is_told: bool
) -> None:
    monkeypatch.setattr(stamp_keys, "LIFE", timedelta(days=days))
    with authority(tmp_path / "stamping") as told:
        monkeypatch.setattr(room.hub.ledger.checkpoints, "_authority", lambda: told)
        room.hub.ledger.checkpoints.make()
    standing = {each.about: each.bad for each in room.hub.ledger.standing()}
    assert (standing["stamp"], standing["stamp_certificate"]) == (False, is_told)


def test_the_auditor_investigates_over_http_feat_X4(room: Room) -> None:
    values = ["110105194912310021", "123400"]
    shared(room, values[0])
    answer = room.of("auditor").post("/ledger/investigations", {"values": values})
    assert answer.status_code == 200, answer.text
    assert answer.json["found"] == [1] and answer.json["takers"][0]["user"] == "civil_affairs"
    assert not any(each in answer.text for each in values)
    refused = room.of("data_officer").post("/ledger/investigations", {"values": values})
    assert (refused.status_code, refused.json["code"]) == (403, "ROLE_REQUIRED")


@pytest.mark.parametrize(
    "body",
    [{}, {"values": []}, {"values": ["x"] * 201}, {"values": "x"}, {"values": [1]}, {"values": ["x"], "since": "now"},
     {"values": ["x"], "since": "2026-02-02T00:00:00+08:00", "until": "2026-02-01T00:00:00+08:00"}],
)  # fmt: skip
def test_bad_investigations(room: Room, body: Any) -> None:
    answer = room.of("auditor").post("/ledger/investigations", body)
    assert answer.status_code == 422, answer.text


def test_E3_supplier_and_user_sign_too_and_anybody_checks_it(room: Room, witnesses: Any, signers: None) -> None:
    id = shared(room, HAN.id_number)
    (entry,) = [each for each in log(room) if each["exchange_id"] == id]
    assert entry["evidence_level"] == "E3"
    room.hub.ledger.checkpoints.make()
    keys = room.anyone().get("/ledger/keys").json
    proof = room.citizen(HAN).get(f"/me/access-log/{id}/proof").json
    assert [each["signer"] for each in proof["receipts"] if each["party"] != "P"] == ["housing/k2", "civil_affairs/k1"]
    assert list(checking_proofs.faults(proof, keys, None)) == []
    assert {"housing/k1", "housing/k2", "civil_affairs/k1"} <= set(keys["receipts"]), "older receipts stay provable"
    keys["receipts"]["housing/k2"] = keys["receipts"]["housing/k1"]
    assert list(checking_proofs.faults(proof, keys, None)) == ["the receipt of housing/k2 (S) is wrong"]


def test_E3_needs_both_and_another_department_signs_nothing(room: Room, signers: None) -> None:
    id = shared(room, HAN.id_number, supplier="tax")
    (entry,) = [each for each in log(room) if each["exchange_id"] == id]
    assert entry["evidence_level"] == "E1"


@pytest.fixture
def signers(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two departments have a signer, as hub.yaml would tell; one has changed its key."""
    told = {"housing": {"k2": "2" * 32, "k1": "1" * 32}, "civil_affairs": {"k1": "c" * 32}}
    snapshot = room.hub.settings.now
    snapshot = replace(snapshot, hub=replace(snapshot.hub, signers=told))
    monkeypatch.setattr(room.hub.ledger, "_now", lambda: snapshot)

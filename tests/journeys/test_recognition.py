"""S2: two provinces that recognise each other's codes, thirty-one under one hub, and a person who carries his own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import make_url, text

from hub.clock import CHINA
from hub.settings.recognition_shapes import GRADES
from tests.conftest import Twins
from tests.credentials.conftest import HAN, LIN, Person, Room
from tests.health_code.conftest import HEALTHY
from tests.recognition.authority import NOW, Signer
from tests.recognition.conftest import MakeNode, make_node, trust_list
from tests.recognition.hubs import LIST, A, B, Opened, issuer, opened
from tests.recognition.region import Region, rule

__all__ = ["make_node", "opened"]
C = Region("510000")
AUSTRIA = Signer("AT", begins=datetime.now(CHINA) - timedelta(days=9), ends=datetime.now(CHINA) + timedelta(days=300))
GREEN = {"AffectedFields": ["facts.0.grade", "facts.0.report_date"],
         "Logic": {"and": [{"===": [{"var": "facts.0.grade"}, "00"]},
                           {"not-after": [{"plusTime": [{"var": "external.now"}, 0, "day"]},
                                          {"plusTime": [{"var": "facts.0.report_date"}, 14, "day"]}]}]}}  # fmt: skip


def fact(region: str = A, **changed: Any) -> dict[str, Any]:
    today = datetime.now(CHINA)
    return {"kind": "health_code", "region": region, "grade": "00", "report_date": f"{today:%Y-%m-%d}", **changed}


def keys(public: Any) -> str:
    return json.dumps({"keys": public})


@pytest.fixture(scope="module")
def a(opened: Opened) -> Room:
    """Zhejiang: three colours; Han and Lin have a health code there."""
    room = opened(A, {})
    for persona in (HAN, LIN):
        key = secrets.token_hex(9)
        body = {"kind": "health", "fields": HEALTHY}
        declared = room.citizen(persona).post("/health-code/declarations", body, Idempotency_Key=key)
        assert declared.json["grade"] == "00", declared.text
    return room


@pytest.fixture(scope="module")
def b(opened: Opened, a: Room) -> Room:
    """Guangdong: two colours; believes A and Austria point to point, others by a signed list."""
    files = {"A.json": keys(a.hub.signing.public()), "AT.json": keys([AUSTRIA.entry]),
             "signers.json": keys(LIST.public()), "C.json": keys(C.signing.public())}  # fmt: skip
    issuers = {A: issuer("A.json"), "AT": issuer("AT.json", "dcc"), C.code: issuer("C.json")}
    room = opened(B, files, grades=["00", "10"], issuers=issuers, signers="file/signers.json")
    publish(room, **GREEN, Version="1.3.0", Issuers=["33"])
    return room


def publish(room: Room, **changed: Any) -> None:
    """In force at once: an emergency, by two people."""
    soon = (datetime.now(CHINA) + timedelta(milliseconds=1)).isoformat()
    body = {"rule": rule(B, **{"ValidFrom": soon, **changed}), "reason": "省际互认", "emergency": True}
    made = room.of("data_officer").post("/desk/recognition/rules", body)
    assert (made.status_code, made.json["state"]) == (201, "proposed"), made.text
    path = f"/desk/recognition/rules/{made.json['rule']['Identifier']}/{made.json['rule']['Version']}/confirmations"
    assert room.of("security_admin").post(path).json["state"] == "admitted"
    room.hub.recognition.standing.forget()


def carry(room: Room, persona: Any = HAN) -> str:
    answer = room.citizen(persona).post("/me/portable-facts", {"consent": "1"}, Idempotency_Key=secrets.token_hex(9))
    assert answer.status_code == 201, answer.text
    return str(answer.json["code"])


def shown(room: Room, code: str, person: Person | None = None) -> dict[str, Any]:
    answer = (person or room.of("verifier")).post("/recognitions", {"code": code, "purpose": "进站查验"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def stated(room: Room, **changed: Any) -> str:
    """What A states of a resident, to be shown more than once."""
    region = Region(A, room.hub.signing)
    return region.code_of(now=datetime.now(CHINA), facts=[fact(**changed)])


def test_journey_S2_i_b_decides_on_a_facts_by_its_own_rules(a: Room, b: Room) -> None:
    told = shown(b, stated(a))
    assert (told["verdict"], told["issuer"], told["rule_version"]) == ("accepted", A, "1.3.0")
    assert told["facts"] == [fact()] and told["rules"] == [f"RR-{B}-0001@1.3.0"]
    assert shown(b, stated(a, report_date="2026-01-01"))["verdict"] == "not_accepted"
    yellow = shown(b, stated(a, grade="01"))
    assert (yellow["verdict"], yellow["reason"]) == ("not_accepted", "RULE_REFUSED"), "a colour B does not have"
    assert a.hub.settings.now.recognition.grades == GRADES


def test_journey_S2_ii_no_rule_for_arrivals_from_c_is_never_accepted(b: Room) -> None:
    told = shown(b, C.code_of(now=datetime.now(CHINA)))
    assert (told["verdict"], told["reason"], told["rule_version"]) == ("cannot_decide", "NO_RULE", None)
    assert "工作人员" in told["advice"], "and what to do is told"


def test_journey_S2_an_eu_certificate_is_one_more_foreign_region(b: Room) -> None:
    time = int(datetime.now(CHINA).timestamp())
    code = AUSTRIA.certificate(iat=time - 60, exp=time + 86400)
    assert shown(b, code)["verdict"] == "cannot_decide"
    complete = {">=": [{"var": "payload.v.0.dn"}, {"var": "payload.v.0.sd"}]}
    publish(b, Identifier=f"VR-{B}-0001", AffectedFields=["payload.v.0.dn"], Logic=complete, Issuers=["AT"])
    told = shown(b, code)
    assert (told["verdict"], told["issuer"], told["name_masked"]) == ("accepted", "AT", "M**")
    assert "Musterfrau" not in json.dumps(told, ensure_ascii=False)


def test_journey_S2_iii_thirty_one_nodes_under_one_hub_decide_on_one_code(make_node: MakeNode) -> None:
    regions = [Region(f"{each}0000") for each in range(11, 42)]
    first = make_node(regions[0].code, signer=LIST)
    nodes = [first, *(make_node(each.code, signer=LIST, url=first.database.url) for each in regions[1:])]
    first.take(trust_list(LIST, 1, *regions))
    for each in nodes:
        each.admit()
        each.wait(seconds=3)
    code = regions[4].code_of()
    took = []
    for each in nodes:
        since = datetime.now(CHINA)
        assert each.decide(code).verdict == "accepted"
        took.append((datetime.now(CHINA) - since).total_seconds())
    assert sorted(took)[29] < 5, "the figure itself is measured by make bench"
    first.revoke("key", regions[4].code, regions[4].kid)
    for each in nodes:
        each.wait(seconds=60)
        assert each.verdict(code) == ("not_accepted", "KEY_REVOKED"), "(iv) everywhere within 60 s"


def test_journey_S2_v_the_last_good_list_works_until_it_ends_then_loudly_no_more(make_node: MakeNode) -> None:
    region = Region("520000")
    node = make_node(signer=LIST)
    node.admit()
    node.take(trust_list(LIST, 1, region, days=2))
    node.wait(days=1.5)
    assert node.verdict(region.code_of(now=node.clock.now()))[0] == "accepted" and "trust list" in node.alarms
    node.wait(days=1)
    decision = node.decide(region.code_of(now=node.clock.now()))
    assert (decision.verdict, decision.reason) == ("technical_error", "TRUST_LIST_STALE")
    assert node.alarms["trust list"] is True


def test_journey_S2_vi_what_a_citizen_carries_leaves_no_word_of_b_at_a(a: Room, b: Room) -> None:
    code = carry(a)
    me = b.citizen(HAN)
    calls = called(a), called(b)
    told = me.post("/recognitions/conversions", {"code": code, "consent": "1"}, Idempotency_Key=secrets.token_hex(9))
    assert (told.status_code, told.json["verdict"], told.json["issuer"]) == (201, "accepted", A), told.text
    assert told.json["conversion_id"] and told.json["facts"] == [fact()]
    assert (called(a), called(b)) == calls, "no call passes between them"
    assert not rows_with(a, B) and not rows_with(a, "广东"), "no row on A names B"
    assert rows_with(b, A), "the look finds what is there"
    again = me.post("/recognitions/conversions", {"code": code, "consent": "1"}, Idempotency_Key=secrets.token_hex(9))
    assert (again.status_code, again.json["code"], again.json["origin"]) == (403, "PEER_FACT_REPLAYED", f"peer:{A}")


def called(room: Room) -> int:
    """How many exchanges with any other system this hub has begun."""
    with room.hub.database.read() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM ledger_exchange")) or 0)


def rows_with(room: Room, word: str) -> list[str]:
    """Tables in which any row, written as text, holds the word."""
    with room.hub.database.read() as connection:
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        query = "SELECT EXISTS (SELECT 1 FROM {0} AS each WHERE CAST(each AS text) LIKE :word)"
        return [each for each in tables if each not in PUBLISHED
                and connection.scalar(text(query.format(f'"{each}"')), {"word": f"%{word}%"})]  # fmt: skip


PUBLISHED: tuple[str, ...] = ()
"""Tables that are the same in every hub."""


def bring(room: Room, code: str, persona: Any = HAN, consent: str = "1") -> Any:
    body = {"code": code, "consent": consent}
    return room.citizen(persona).post("/recognitions/conversions", body, Idempotency_Key=secrets.token_hex(9))


def bound(a: Room, **changed: Any) -> str:
    """An envelope as A makes it for carrying, changed in one way."""
    region = Region(changed.pop("region", A), changed.pop("signing", a.hub.signing))
    now = datetime.now(CHINA) - timedelta(hours=changed.pop("hours", 0))
    whole = {"nonce": secrets.token_hex(8), "holder": "x" * 64, **changed}
    return region.code_of(now=now, facts=whole.pop("facts", [fact()]), **whole)


def test_row_B99_five_ways_to_lie_have_five_codes(a: Room, b: Room) -> None:
    code = carry(a)
    assert bring(b, code).status_code == 201
    lies: dict[str, Callable[[], str]] = {
        "PEER_FACT_EXPIRED": lambda: bound(a, hours=2),
        "PEER_FACT_REPLAYED": lambda: code,
        "PEER_AUDIENCE": lambda: bound(a, aud=C.code),
        "PEER_SCOPE": lambda: bound(a, facts=[fact("510000")]),
    }
    stranger = Region(A).code_of(now=datetime.now(CHINA), nonce="n", holder="x" * 64)
    assert bring(b, stranger).json["verdict"] == "technical_error", "the list that might name it has not come"
    with b.hub.database.session() as session:
        until = (datetime.now(CHINA) + timedelta(days=3) - NOW).total_seconds() / 86400
        b.hub.recognition.desk.take_list(session, trust_list(LIST, 1, Region("520000"), days=until), "s1")
    b.hub.recognition.standing.forget()
    lies["PEER_KEY_UNKNOWN"] = lambda: stranger
    for expected, lie in lies.items():
        answer = bring(b, lie())
        told = answer.json
        assert (answer.status_code, told["code"], told["action"]) == (403, expected, "call"), expected
        assert told["origin"].startswith("peer:")


def test_what_is_carried_is_the_persons_own_with_consent_and_made_for_it(a: Room, b: Room) -> None:
    of_lin = carry(a, LIN)
    other = bring(b, of_lin)
    assert (other.status_code, other.json["code"]) == (422, "IDENTITY_MISMATCH")
    assert bring(b, of_lin, LIN).status_code == 201, "and the attempt did not use it up"
    refused = bring(b, carry(a), consent="0")
    assert (refused.status_code, refused.json["code"]) == (403, "CONSENT_MISSING")
    assert refused.json["consent"]["version"] == "1" and refused.json["consent"]["text"]["zh"]
    plain = bring(b, stated(a))
    assert (plain.json["code"], plain.json["reason"]) == ("PEER_FACT_INVALID", "NOT_PORTABLE")
    assert bring(b, "https://example.org").json["code"] == "QR_INVALID"
    nothing = b.citizen(HAN).post("/me/portable-facts", {"consent": "1"}, Idempotency_Key=secrets.token_hex(9))
    assert nothing.status_code == 404, "B knows nothing of Han"
    low = a.citizen(HAN).post("/me/portable-facts", {"consent": "0"}, Idempotency_Key=secrets.token_hex(9))
    assert low.json["code"] == "CONSENT_MISSING"


def test_who_may_ask_and_what_is_no_code(b: Room) -> None:
    verifier = b.of("verifier")
    ask = {"code": "https://example.org/qr", "purpose": "查验"}
    assert verifier.post("/recognitions", ask).json["code"] == "QR_INVALID"
    assert b.citizen(HAN).post("/recognitions", ask).json["code"] == "QR_INVALID"
    assert b.anyone().post("/recognitions", ask).json["code"] == "TOKEN_MISSING"
    assert b.of("officer").post("/recognitions", ask).json["code"] == "ROLE_REQUIRED"
    long = verifier.post("/recognitions", {**ask, "code": "A" * 10_240})
    assert (long.status_code, long.json["errors"][0]["code"]) == (422, "TOO_LONG")
    for code in ("HC1:ABC", "HC1:" + "%" * 300, "HC2:AAA", "A" * 40 + ".B" + "C" * 90 + ".D" + "E" * 90):
        told = shown(b, code)
        assert told["verdict"] == "not_accepted" and told["facts"] == [], told


def test_feat_G2_an_emergency_needs_a_second_person_and_stands_in_the_record(b: Room) -> None:
    officer = b.of("data_officer")
    soon = (datetime.now(CHINA) + timedelta(seconds=1)).isoformat()
    body = {"rule": rule(B, Identifier=f"TR-{B}-0009", ValidFrom=soon), "reason": "疫情变化", "emergency": True}
    assert officer.post("/desk/recognition/rules", {**body, "emergency": False}).json["code"] == "RULE_NOTICE"
    made = officer.post("/desk/recognition/rules", body).json
    assert made["state"] == "proposed" and not made["in_force"]
    path = f"/desk/recognition/rules/TR-{B}-0009/1.0.0/confirmations"
    assert officer.post(path).json["code"] == "ROLE_REQUIRED"
    with b.hub.database.session() as session, pytest.raises(Exception, match="SECOND_PERSON_REQUIRED"):
        b.hub.recognition.desk.confirm(session, f"TR-{B}-0009", "1.0.0", made["proposed_by"])
    assert b.of("security_admin").post(path).json["state"] == "admitted"
    assert b.of("security_admin").post(path).json["code"] == "STATE_CONFLICT"
    assert b.of("security_admin").post(path.replace("0009", "0008")).status_code == 404
    with b.hub.database.read() as connection:
        query = "SELECT act, outcome FROM operations_act WHERE target = :target ORDER BY id"
        acts = connection.execute(text(query), {"target": f"rule:TR-{B}-0009@1.0.0"}).all()
    assert [tuple(each) for each in acts[:2]] == [("recognition.write", "OK"), ("recognition.confirm", "OK")]
    listed = {each["rule"]["Identifier"] for each in officer.get("/desk/recognition/rules").json["items"]}
    assert {f"TR-{B}-0009", f"RR-{B}-0001"} <= listed
    wrong = officer.post("/desk/recognition/rules", {**body, "rule": {**body["rule"], "Logic": {"x": [1]}}})
    assert (wrong.status_code, wrong.json["errors"][0]["code"]) == (422, "RULE_LOGIC")
    assert officer.post("/desk/recognition/rules", {**body, "rule": {}}).status_code == 422


def test_feat_G4_the_desk_revokes_and_sees_what_is_believed(a: Room, b: Room) -> None:
    code = Region(A, a.hub.signing).code_of(now=datetime.now(CHINA), facts=[fact()], id="wrong-one")
    assert shown(b, code)["verdict"] == "accepted"
    body = {"what": "credential", "issuer": A, "value": "wrong-one", "reason": "化验有误"}
    done = b.of("data_officer").post("/desk/recognition/revocations", body)
    assert (done.status_code, done.json["new"]) == (201, True)
    assert b.of("data_officer").post("/desk/recognition/revocations", body).json["new"] is False
    b.hub.recognition.standing.forget()
    assert shown(b, code)["reason"] == "CREDENTIAL_REVOKED"
    stand = b.of("operator").get("/desk/recognition").json
    assert set(stand["issuers"]) >= {A, "AT", C.code} and stand["region"] == B
    assert b.of("operator").post("/desk/recognition/revocations", body).json["code"] == "ROLE_REQUIRED"


def test_the_two_hubs_have_nothing_in_common(a: Room, b: Room, twins: Twins) -> None:
    assert a.hub.signing.public() != b.hub.signing.public() and twins.entries
    assert make_url(a.hub.database.url).database != make_url(b.hub.database.url).database

"""Whom a node believes and for how long: pinned issuers, signed lists, revocations, snapshots, envelopes by others."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import orjson
import pytest
import structlog

from hub.errors import Problem
from hub.recognition import envelope
from hub.recognition.rechecking import SHARE
from hub.recognition.trust import revocation
from hub.signing import Signing
from tests.recognition.authority import NOW, Signer
from tests.recognition.conftest import MakeNode, Node, drop, trust_list
from tests.recognition.region import Region

PROVINCES = (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66))
LIST = Signing({"lists": "of a hub that signs for all of them"})
ZHEJIANG, ANHUI = Region("330000"), Region("340000")
OK = ("accepted", "ALL_RULES_HOLD")


@pytest.fixture(scope="module")
def node(make_node: MakeNode) -> Node:
    """Believes Zhejiang and Anhui point to point."""
    node = make_node(pinned=(ZHEJIANG, ANHUI))
    node.admit()
    return node


def test_feat_G5_thirty_one_regions_are_thirty_one_configured_issuers(make_node: MakeNode) -> None:
    regions = tuple(Region(f"{each}0000") for each in PROVINCES)
    node = make_node(pinned=regions)
    node.admit()
    assert len(node.recognition.standing.now().trust.issuers) == 31
    for region in regions:
        decision = node.decide(region.code_of())
        assert (decision.verdict, decision.issuer) == ("accepted", region.code)
    assert node.verdict(regions[0].code_of(facts=[regions[1].fact()])) == ("not_accepted", "PEER_SCOPE")
    node.revoke("key", regions[0].code, regions[0].kid)
    node.wait(seconds=60)
    found = [node.verdict(region.code_of(now=node.clock.now())) for region in regions]
    assert found == [("not_accepted", "KEY_REVOKED"), *[OK] * 30]


def test_feat_G1_a_signed_list_is_in_force_within_a_minute_and_so_is_its_next(make_node: MakeNode) -> None:
    node = make_node(signer=LIST)
    other = make_node(signer=LIST, url=node.database.url)
    node.admit()
    code = ZHEJIANG.code_of(minutes=600)
    assert node.verdict(code) == ("technical_error", "TRUST_LIST_STALE"), "there is to be a list, and it never came"
    assert node.alarms == {"trust list": True}
    assert node.take(trust_list(LIST, 7, ZHEJIANG, ANHUI)) == 7
    for each in (node, other):
        each.wait(seconds=60)
        assert each.verdict(code) == OK and not each.alarms
    node.take(trust_list(LIST, 8, ANHUI))
    for each in (node, other):
        each.wait(seconds=60)
        assert each.verdict(code) == ("not_accepted", "PEER_KEY_UNKNOWN")
        assert each.verdict(ANHUI.code_of()) == OK


@pytest.mark.parametrize(
    ("signed", "why"),
    [(trust_list(LIST, 3, ZHEJIANG), "not newer"), (trust_list(LIST, 9, ZHEJIANG, days=-1), "it ended"),
     (trust_list(ZHEJIANG.signing, 9, ZHEJIANG), "none of these keys"), (trust_list(LIST, 9), "issuers"),
     ("no list", "no signed text"), (ZHEJIANG.code_of(), "none of these keys"),
     (trust_list(LIST, 9, ZHEJIANG)[:-8] + "AAAAAAAA", "signature"),
     (trust_list(LIST, 9, ZHEJIANG, revoked=["x"]), "digest")],
    ids=["older", "ended", "another signer", "of nobody", "text", "another kind", "one bit", "revoked wrongly"],
)  # fmt: skip
def test_feat_G1_a_list_that_is_not_newer_signed_and_in_time_is_not_taken(
    make_node: MakeNode, signed: str, why: str
) -> None:
    node = make_node(signer=LIST)
    node.take(trust_list(LIST, 3, ANHUI))
    if why == "issuers":
        node.take(signed)  # a list may be empty: then nobody is believed
        node.wait(seconds=3)
        assert node.verdict(ANHUI.code_of()) == ("not_accepted", "PEER_KEY_UNKNOWN")
        return
    with pytest.raises(ValueError, match=why):
        node.take(signed)


def test_feat_G6_a_list_ends_by_itself_with_an_alarm_before_and_the_pinned_go_on(make_node: MakeNode) -> None:
    node = make_node(pinned=(ANHUI,), signer=LIST)
    node.admit()
    node.take(trust_list(LIST, 1, ZHEJIANG, days=7))
    node.wait(days=5)
    assert not node.alarms
    node.wait(days=1.5)
    with structlog.testing.capture_logs() as told:
        node.recognition.look()
        node.recognition.look()
    assert [each["event"] for each in told] == ["recognition_alarm"], "told once"
    assert node.alarms == {"trust list": False}
    at = node.clock.now()
    assert node.verdict(ZHEJIANG.code_of(now=at)) == OK
    node.wait(days=1)
    at = node.clock.now()
    assert node.verdict(ZHEJIANG.code_of(now=at)) == ("technical_error", "TRUST_LIST_STALE")
    assert node.verdict(ANHUI.code_of(now=at)) == OK, "point to point needs no list"
    assert node.alarms == {"trust list": True}
    node.take(trust_list(LIST, 2, ZHEJIANG, days=20))
    node.wait(seconds=3)
    with structlog.testing.capture_logs() as told:
        node.recognition.look()
    assert [each["event"] for each in told] == ["recognition_well"]
    assert node.verdict(ZHEJIANG.code_of(now=at)) == OK


def test_feat_G6_without_the_database_the_last_look_is_good_until_it_is_too_old(make_node: MakeNode) -> None:
    node = make_node(pinned=(ZHEJIANG,), snapshot_hours=24)
    node.admit()
    assert node.verdict(ZHEJIANG.code_of()) == OK
    drop(node.database)
    node.wait(hours=23)
    decision = node.decide(ZHEJIANG.code_of(now=node.clock.now()))
    assert (decision.verdict, decision.offline) == ("accepted", True)
    assert node.alarms["snapshot"] is False, "an alarm before it ends"
    once = node.verdict(ZHEJIANG.code_of(now=node.clock.now(), nonce="n1"))
    assert once == ("technical_error", "NONCE_UNCHECKED"), "what is good once cannot be told from a replay"
    node.wait(hours=2)
    assert node.verdict(ZHEJIANG.code_of(now=node.clock.now())) == ("technical_error", "SNAPSHOT_STALE")
    assert node.alarms["snapshot"] is True


@pytest.mark.parametrize(
    ("what", "value", "expected"),
    [("credential", "c1", "CREDENTIAL_REVOKED"), ("batch", "lab-7", "BATCH_REVOKED")],
)
def test_feat_G4_one_and_a_batch_are_refused_everywhere_within_a_minute(
    make_node: MakeNode, what: str, value: str, expected: str
) -> None:
    node = make_node(pinned=(ZHEJIANG,))
    other = make_node(pinned=(ZHEJIANG,), url=node.database.url)
    node.admit()
    code, spared = ZHEJIANG.code_of(id="c1", batch="lab-7"), ZHEJIANG.code_of(id="c2", batch="lab-8")
    assert node.verdict(code) == other.verdict(code) == OK
    node.revoke(what, "330000", value)
    for each in (node, other):
        each.wait(seconds=60)
        assert each.verdict(code) == ("not_accepted", expected) and each.verdict(spared) == OK


def test_feat_G4_a_list_revokes_too(make_node: MakeNode) -> None:
    node = make_node(pinned=(ZHEJIANG,), signer=LIST)
    node.admit()
    digest = revocation("credential", "330000", "c9")
    node.take(trust_list(LIST, 1, ANHUI, revoked=[digest]))
    node.wait(seconds=3)
    assert node.verdict(ZHEJIANG.code_of(id="c9")) == ("not_accepted", "CREDENTIAL_REVOKED")


def test_feat_G1_kid_is_a_hint_and_every_key_of_that_id_is_tried(make_node: MakeNode) -> None:
    one, two = (Region(code, Signing({"same": f"{code} has a secret of its own"})) for code in ("330000", "340000"))
    node = make_node(pinned=(one, two))
    node.admit()
    assert one.kid == two.kid
    assert [node.decide(each.code_of()).issuer for each in (one, two)] == ["330000", "340000"]
    stranger = Region("350000", Signing({"same": "a third secret that nobody believes"}))
    assert node.verdict(stranger.code_of()) == ("not_accepted", "SIGNATURE_WRONG")


def test_the_list_adds_no_key_to_a_pinned_issuer(make_node: MakeNode) -> None:
    false = Region("330000")
    node = make_node(pinned=(ZHEJIANG,), signer=LIST)
    node.admit()
    node.take(trust_list(LIST, 1, false, ANHUI))
    node.wait(seconds=3)
    assert node.verdict(false.code_of()) == ("not_accepted", "PEER_KEY_UNKNOWN")
    assert node.verdict(ANHUI.code_of()) == OK


def test_an_issuer_whose_keys_are_not_there_is_not_believed_and_told(make_node: MakeNode) -> None:
    node = make_node(pinned=(ZHEJIANG, ANHUI))
    node.admit()
    (node.home / "recognition" / "340000.json").write_text("{}", encoding="ascii")
    node.settings.reload()
    node.wait(seconds=3)
    assert node.verdict(ANHUI.code_of()) == ("not_accepted", "PEER_KEY_UNKNOWN")
    assert node.verdict(ZHEJIANG.code_of()) == OK and node.alarms == {"keys 340000": True}


def signed(claims: dict[str, Any], kind: str = envelope.KIND, region: Region = ZHEJIANG) -> str:
    time = int(NOW.timestamp())
    whole = {"iss": region.code, "iat": time, "exp": time + 600, "facts": [region.fact()], **claims}
    return region.signing.sign({name: value for name, value in whole.items() if value is not ...}, kind)


def headed(header: bytes) -> str:
    return base64.urlsafe_b64encode(header).decode().rstrip("=") + "." + ZHEJIANG.code_of().partition(".")[2]


def bent(place: int) -> str:
    code = ZHEJIANG.code_of()
    return code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]


def later(**away: float) -> int:
    return int((NOW + timedelta(**away)).timestamp())


BROKEN: dict[str, tuple[str, str]] = {
    "unknown key": (Region("330000").code_of(), "PEER_KEY_UNKNOWN"),
    "one character of the signature": (bent(-10), "SIGNATURE_WRONG"),
    "one character of the facts": (bent(len(ZHEJIANG.code_of()) // 2), "SIGNATURE_WRONG"),
    "no header": (headed(b"hello"), "ENVELOPE_HEADER"),
    "a header that is a list": (headed(b"[1]"), "ENVELOPE_HEADER"),
    "another kind of text": (signed({}, "licence-copy+jws"), "ENVELOPE_KIND"),
    "algorithm none": (headed(orjson.dumps({"alg": "none", "typ": envelope.KIND, "kid": ZHEJIANG.kid})),
                       "SIGNATURE_WRONG"),
    "another issuer": (signed({"iss": "340000"}), "ISSUER_MISMATCH"),
    "no issuer": (signed({"iss": ...}), "ISSUER_MISMATCH"),
    "no time": (signed({"iat": ...}), "ENVELOPE_TIME"),
    "a text for a time": (signed({"exp": "2026-12-01"}), "ENVELOPE_TIME"),
    "a time no calendar has": (signed({"exp": 10**18}), "ENVELOPE_TIME"),
    "issued tomorrow": (signed({"iat": later(days=1), "exp": later(days=2)}), "ISSUED_IN_FUTURE"),
    "ends before it begins": (signed({"exp": later(hours=-1)}), "TIMES_ORDER"),
    "expired": (signed({"iat": later(hours=-2), "exp": later(seconds=-1)}), "PEER_FACT_EXPIRED"),
    "another audience": (signed({"aud": "510000"}), "PEER_AUDIENCE"),
    "other audiences": (signed({"aud": ["510000", "520000"]}), "PEER_AUDIENCE"),
    "an audience of numbers": (signed({"aud": [360423]}), "ENVELOPE_SHAPE"),
    "a number for an id": (signed({"id": 7}), "ENVELOPE_SHAPE"),
    "no facts": (signed({"facts": []}), "FACTS_SHAPE"),
    "facts that are a text": (signed({"facts": "green"}), "FACTS_SHAPE"),
    "a fact without a place": (signed({"facts": [{"kind": "test"}]}), "FACTS_SHAPE"),
    "a fact inside a fact": (signed({"facts": [ZHEJIANG.fact(more={"a": 1})]}), "FACTS_SHAPE"),
    "eleven facts": (signed({"facts": [ZHEJIANG.fact()] * 11}), "FACTS_SHAPE"),
    "a resident of another region": (signed({"facts": [ANHUI.fact()]}), "PEER_SCOPE"),
    "a place that is none": (signed({"facts": [ZHEJIANG.fact(region="33x")]}), "PEER_SCOPE"),
    "an EU certificate of nobody": (Signer().certificate(), "PEER_KEY_UNKNOWN"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_row_B99_what_another_region_says_wrongly_is_refused_with_its_reason(node: Node, name: str) -> None:
    code, expected = BROKEN[name]
    assert node.verdict(code) == ("not_accepted", expected)


def test_row_B99_what_is_good_once_is_refused_the_second_time(node: Node) -> None:
    code = ZHEJIANG.code_of(nonce="only-once")
    assert node.verdict(code) == OK
    assert node.verdict(code) == ("not_accepted", "PEER_FACT_REPLAYED")
    assert node.verdict(ANHUI.code_of(nonce="only-once")) == OK, "another issuer's nonce is another"


def test_what_is_meant_for_us_among_others_is_accepted(node: Node) -> None:
    assert node.verdict(signed({"aud": ["510000", "360423"]})) == OK


NO_CODES = ("https://example.org/qr?a=1", "A" * 4000, "HC", "a.b", "..", "HC1", "你好", "a.b.c.d")


@pytest.mark.parametrize("text", NO_CODES)
def test_what_is_no_code_of_another_region_is_told_as_such(node: Node, text: str) -> None:
    with pytest.raises(Problem) as problem:
        node.decide(text)
    assert problem.value.code == "QR_INVALID"


def test_a_key_that_ends_signs_nothing_that_outlives_it(make_node: MakeNode) -> None:
    region = Region("330000")
    ending = [{**key, "exp": later(minutes=30)} for key in region.signing.public()]
    node = make_node(signer=LIST)
    node.admit()
    entry = {**region.entry, "keys": ending}
    claims = {"version": 1, "expires_at": (NOW + timedelta(days=1)).isoformat(), "issuers": [entry]}
    node.take(LIST.sign(claims, "trust-list+jws"))
    node.wait(seconds=3)
    assert node.verdict(region.code_of(minutes=20)) == OK
    assert node.verdict(region.code_of(minutes=40)) == ("not_accepted", "OUTLIVES_KEY")


def test_a_verdict_is_kept_without_the_person(node: Node) -> None:
    node.decide(ZHEJIANG.code_of())
    with node.database.read() as connection:
        row = connection.exec_driver_sql("SELECT * FROM recognition_result ORDER BY id DESC LIMIT 1").mappings().one()
    assert (row["verdict"], row["issuer"], row["rules"]) == ("accepted", "330000", ["RR-360423-0001@1.0.0"])
    assert b"\xe6\x9f\xa5" not in bytes(row["purpose_sealed"]), "the purpose is sealed"
    node.wait(days=40)
    with node.database.session() as session:
        node.recognition.sweep(session)
        assert session.connection().exec_driver_sql("SELECT count(*) FROM recognition_result").scalar() == 0
    node.wait(days=-40)


def test_threat_T17_one_code_in_a_hundred_is_looked_at_again(make_node: MakeNode) -> None:
    """Each lie is caught with 1 %: of 500, one is with more than 99 %."""
    node = make_node(pinned=(ZHEJIANG,))
    node.admit()
    chance = iter([0.0099, 0.01, 0.5])
    node.recognition.rechecking._chance = lambda: next(chance)
    codes = [ZHEJIANG.code_of() for _ in range(3)]
    assert [node.verdict(code) for code in codes] == [OK] * 3
    (recheck,) = node.rechecks
    assert (recheck["kind"], recheck["about"], recheck["code"]) == ("recheck-fact", ZHEJIANG.code, codes[0])
    assert node.verdict(ANHUI.code_of()) != OK and len(node.rechecks) == 1, "what nobody signed is nobody's lie"
    assert 1 - (1 - SHARE) ** 500 > 0.99


def test_threat_T17_what_is_not_so_is_an_alarm_about_its_issuer(make_node: MakeNode) -> None:
    node = make_node(pinned=(ZHEJIANG,))
    node.admit()
    for answer, alarm in (("holds", False), ("not_answered", False), ("does_not_hold", True)):
        with node.database.session() as session:
            node.recognition.rechecking.answered(session, ZHEJIANG.code, answer, "health")
        node.wait(seconds=60)
        node.verdict(ZHEJIANG.code_of(now=node.clock.now()))
        assert (f"issuer {ZHEJIANG.code}" in node.alarms) is alarm, answer
    node.wait(days=31)  # and nothing else happens
    assert f"issuer {ZHEJIANG.code}" not in node.alarms

"""EU certificates by a test authority: good ones of every kind, and each way to be broken with a reason of its own."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cwt import COSE, COSEKey

from hub.recognition.dcc import Certificates
from hub.recognition.refusal import Refused
from hub.recognition.trust import revocation
from tests.recognition.authority import (
    NOW,
    RECOVERY,
    TEST,
    VACCINATION,
    Signer,
    content,
    packed,
    text,
    trust,
)

READER = Certificates()
AT, RSA, DE = Signer(), Signer("DE", "rsa"), Signer("DE")
OLD = Signer("AT", ends=NOW - timedelta(days=1))
NEW = Signer("AT", begins=NOW + timedelta(days=1))
YOUNG = Signer("AT", begins=NOW - timedelta(hours=1), ends=NOW + timedelta(hours=2))
TESTS_ONLY = Signer("AT", uses=("1",))
STRANGER = Signer("AT")
SETS = {"disease-agent-targeted": ("840539006",), "covid-19-lab-result": ("260415000",)}
TRUST = trust(AT, RSA, DE, OLD, NEW, YOUNG, TESTS_ONLY, sets=SETS)
TIME = int(NOW.timestamp())


def reason(code: str, believed: Any = TRUST) -> str:
    with pytest.raises(Refused) as refused:
        READER.read(code, believed, NOW)
    return refused.value.reason


def claims(change: Any = None, signer: Signer = AT, **other: Any) -> str:
    whole = signer.claims(**other)
    return text(signer.signed(cbor2.dumps(change(whole) if change else whole)))


def entry(group: str = "v", whole: Any = VACCINATION, **changed: Any) -> str:
    kept = {name: value for name, value in {**whole, **changed}.items() if value is not ...}
    return AT.certificate(content(**{group: [kept]}))


def head(**changed: Any) -> str:
    return text(AT.signed(cbor2.dumps(AT.claims()), **changed))


def flipped(signer: Signer = AT, place: int = -1) -> str:
    raw = bytearray(signer.signed(cbor2.dumps(signer.claims())))
    raw[place] ^= 1
    return text(bytes(raw))


def deep(levels: int) -> bytes:
    return b"\x81" * levels + b"\x00"


GOOD = AT.signed(cbor2.dumps(AT.claims()))
BROKEN: dict[str, tuple[str, str]] = {
    "another version": ("HC2:" + AT.certificate()[4:], "HC_VERSION"),
    "nothing in it": ("HC1:", "HC_SIZE"),
    "ten kilobytes": ("HC1:" + "A" * 10_000, "HC_SIZE"),
    "small letters": (AT.certificate().lower().replace("hc1", "HC1"), "BASE45_CHARACTER"),
    "full-width digit": (AT.certificate() + "１１１", "BASE45_CHARACTER"),
    "a character too many": (text(GOOD) + "A" * ((1 - len(text(GOOD)[4:])) % 3), "BASE45_LENGTH"),
    "too high a triple": ("HC1:::::::", "BASE45_OVERFLOW"),
    "not compressed": (packed(GOOD), "ZLIB_MISSING"),
    "compressed wrongly": (packed(b"\x78\xda" + b"\xff" * 40), "ZLIB_BROKEN"),
    "cut compression": (packed(zlib.compress(GOOD, 9)[:-6]), "ZLIB_TRUNCATED"),
    "zip bomb": (packed(zlib.compress(b"\0" * 2_000_000, 9)), "ZLIB_BOMB"),
    "something after it": (packed(zlib.compress(GOOD, 9) + b"more"), "ZLIB_TRAILING"),
    "empty": (text(b""), "CBOR_TRUNCATED"),
    "cut CBOR": (text(GOOD[:-5]), "CBOR_TRUNCATED"),
    "deep CBOR": (text(deep(5000)), "CBOR_DEPTH"),
    "a huge announced list": (text(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff" + b"\x00" * 5000), "CBOR_SIZE"),
    "a huge announced text": (text(b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff"), "CBOR_TRUNCATED"),
    "reserved length": (text(b"\x1c"), "CBOR_RESERVED"),
    "text that is none": (text(b"\x62\xff\xfe"), "CBOR_TEXT"),
    "a list as a key": (text(b"\xa1\x80\x00"), "CBOR_KEY"),
    "a key twice": (text(b"\xa2\x01\x00\x01\x00"), "CBOR_DUPLICATE_KEY"),
    "more after the value": (text(GOOD + b"\x00"), "CBOR_TRAILING"),
    "many signers": (head(tag=98), "COSE_TAG"),
    "a regular expression as a tag": (text(cbor2.dumps(cbor2.CBORTag(35, "(a+)+"))), "COSE_TAG"),
    "three parts": (text(cbor2.dumps(cbor2.CBORTag(18, [b"", {}, b"x"]))), "COSE_SHAPE"),
    "a map": (text(cbor2.dumps({})), "COSE_SHAPE"),
    "no payload": (text(cbor2.dumps(cbor2.CBORTag(18, [cbor2.dumps({1: -7}), {}, None, b"x" * 64]))), "COSE_PAYLOAD"),
    "a head that is a list": (head(head=cbor2.dumps([1])), "COSE_HEADER"),
    "a critical header": (head(head={1: -7, 2: [99], 4: AT.kid}), "COSE_CRITICAL"),
    "no algorithm": (head(head={4: AT.kid}), "COSE_ALGORITHM_MISSING"),
    "the algorithm unprotected": (head(head={4: AT.kid}, open_head={1: -7}), "COSE_ALGORITHM_MISSING"),
    "algorithm EdDSA": (head(head={1: -8, 4: AT.kid}), "COSE_ALGORITHM"),
    "algorithm HMAC": (head(head={1: 5, 4: AT.kid}), "COSE_ALGORITHM"),
    "no key id": (head(head={1: -7}), "COSE_KID_MISSING"),
    "the key of another kind": (head(head={1: -37, 4: AT.kid}), "COSE_ALGORITHM_KEY"),
    "unknown key": (STRANGER.certificate(), "PEER_KEY_UNKNOWN"),
    "another's key id": (head(head={1: -7, 4: DE.kid}), "SIGNATURE_WRONG"),
    "one bit of the signature": (flipped(), "SIGNATURE_WRONG"),
    "one bit of an RSA signature": (flipped(RSA), "SIGNATURE_WRONG"),
    "one bit of the content": (flipped(place=-200), "SIGNATURE_WRONG"),
    "a signature too short": (text(cbor2.dumps(cbor2.CBORTag(18, [*cbor2.loads(GOOD).value[:3], b"x" * 63]))),
                              "SIGNATURE_WRONG"),
    "a key that has ended": (OLD.certificate(), "KEY_EXPIRED"),
    "a key that has not begun": (NEW.certificate(), "KEY_NOT_YET"),
    "a list for claims": (text(AT.signed(cbor2.dumps([1]))), "CWT_SHAPE"),
    "not issued": (claims(iat=None), "CWT_ISSUED_MISSING"),
    "never expires": (claims(exp=None), "CWT_EXPIRES_MISSING"),
    "a date for a number": (claims(exp="2027-01-01"), "CWT_TIME"),
    "a number no calendar has": (claims(exp=1e300), "CWT_TIME"),
    "true for a number": (claims(iat=True), "CWT_TIME"),
    "issued tomorrow": (claims(iat=TIME + 3600, exp=TIME + 9000), "ISSUED_IN_FUTURE"),
    "expired": (claims(iat=TIME - 9000, exp=TIME - 1), "PEER_FACT_EXPIRED"),
    "expires before it was issued": (claims(iat=TIME - 60, exp=TIME - 120), "TIMES_ORDER"),
    "issued before its key": (claims(iat=TIME - 7200, exp=TIME + 60, signer=YOUNG), "ISSUED_BEFORE_KEY"),
    "outlives its key": (claims(exp=TIME + 90_000, signer=YOUNG), "OUTLIVES_KEY"),
    "another country": (claims(iss="FR"), "ISSUER_MISMATCH"),
    "no health claim": (claims(lambda whole: {name: whole[name] for name in (1, 4, 6)}), "HCERT_MISSING"),
    "a health claim of another form": (claims(lambda whole: {**whole, -260: {2: {}}}), "HCERT_MISSING"),
    "content that is a text": (AT.certificate("text"), "DCC_SHAPE"),
    "version 2": (AT.certificate({**content(), "ver": "2.0.0"}), "DCC_VERSION"),
    "no group": (AT.certificate({"ver": "1.3.0", "nam": {"fnt": "A"}, "dob": "1998"}), "DCC_NO_GROUP"),
    "two groups": (AT.certificate(content(v=[VACCINATION], t=[TEST])), "DCC_GROUPS"),
    "two entries": (AT.certificate(content(v=[VACCINATION, VACCINATION])), "DCC_SCHEMA"),
    "no entry": (AT.certificate(content(v=[])), "DCC_SCHEMA"),
    "no certificate id": (entry(ci=...), "DCC_SCHEMA"),
    "dose zero": (entry(dn=0), "DCC_SCHEMA"),
    "dose as text": (entry(dn="2"), "DCC_SCHEMA"),
    "a name that is not transliterated": (AT.certificate({**content(), "nam": {"fnt": "Müller"}}), "DCC_SCHEMA"),
    "a very long issuer": (entry(**{"is": "x" * 81}), "DCC_SCHEMA"),
    "30 February": (entry(dt="2026-02-30"), "DCC_DATE"),
    "a disease nobody knows": (entry(tg="1"), "DCC_VALUE_SET"),
    "a result nobody knows": (entry("t", TEST, tr="1"), "DCC_VALUE_SET"),
    "a key for tests only": (TESTS_ONLY.certificate(), "KEY_USAGE"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("group", "whole", "kind"),
    [("v", VACCINATION, "vaccination"), ("t", TEST, "test"), ("r", RECOVERY, "recovery")],
)
@pytest.mark.parametrize("signer", [AT, RSA], ids=["ES256", "PS256"])
def test_feat_G2_a_good_certificate_becomes_facts(signer: Signer, group: str, whole: Any, kind: str) -> None:
    carried = READER.read(signer.certificate(content(**{group: [whole]})), TRUST, NOW)
    assert (carried.issuer.id, carried.facts[0]["kind"], carried.id) == (signer.country, kind, whole["ci"])
    assert carried.name_masked == "M**" and "Musterfrau" not in str(carried), "no name leaves the certificate"


def test_a_certificate_that_another_library_signed_is_read() -> None:
    key = COSEKey.new({1: 2, 2: AT.kid, 3: -7, -1: 1, **_numbers()})
    signed = COSE.new().encode_and_sign(
        cbor2.dumps(AT.claims()), key, protected={"alg": "ES256"}, unprotected={"kid": AT.kid}
    )
    assert READER.read(text(signed), TRUST, NOW).issuer.id == "AT", "and the key id may stand unprotected"


def test_a_certificate_without_tags_and_with_open_lengths_is_read() -> None:
    assert READER.read(head(tag=None), TRUST, NOW).issuer.id == "AT"
    whole = cbor2.dumps(AT.claims())
    assert whole[0] == 0xA4
    assert READER.read(text(AT.signed(b"\xbf" + whole[1:] + b"\xff")), TRUST, NOW).issuer.id == "AT"


@pytest.mark.parametrize("name", BROKEN)
def test_feat_G3_what_is_broken_has_its_own_reason(name: str) -> None:
    code, expected = BROKEN[name]
    assert reason(code) == expected


def test_there_are_many_ways_to_be_broken_and_each_is_told_apart() -> None:
    assert len(BROKEN) >= 60 and len({expected for _, expected in BROKEN.values()}) >= 40


def test_feat_G1_every_key_of_an_id_is_tried() -> None:
    twin, third = Signer("DE", kid=AT.kid), Signer("FR", "rsa", kid=AT.kid)
    believed = trust(third, twin, AT)
    assert READER.read(AT.certificate(), believed, NOW).issuer.id == "AT"
    assert READER.read(third.certificate(), believed, NOW).issuer.id == "FR"
    assert reason(claims(iss="DE"), believed) == "ISSUER_MISMATCH", "a key speaks for its own country only"


@pytest.mark.parametrize(
    ("what", "value", "expected"),
    [("credential", VACCINATION["ci"], "CREDENTIAL_REVOKED"), ("batch", "01:AT", "BATCH_REVOKED"),
     ("key", AT.kid.hex(), "KEY_REVOKED")],
    ids=["credential", "batch", "key"],
)  # fmt: skip
def test_feat_G4_what_is_revoked_is_refused(what: Any, value: str, expected: str) -> None:
    assert reason(AT.certificate(), trust(AT, revoked=(revocation(what, "AT", value),))) == expected
    assert READER.read(AT.certificate(), trust(AT, revoked=(revocation(what, "DE", value),)), NOW)


def test_a_key_made_for_two_uses_serves_both() -> None:
    both = Signer("AT", uses=("1", "2"))
    believed = trust(both)
    assert READER.read(both.certificate(content(t=[TEST])), believed, NOW)
    assert reason(both.certificate(content(r=[RECOVERY])), believed) == "KEY_USAGE"


def _numbers() -> dict[int, bytes]:
    private = AT.key.private_numbers()
    public = private.public_numbers
    return {-2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big"),
            -4: private.private_value.to_bytes(32, "big")}  # fmt: skip

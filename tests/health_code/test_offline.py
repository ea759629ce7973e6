"""A gate without a link: signed forms, read by another library too, a pack that ends loudly, the later hand-in."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import base45
import cbor2
import pytest
from cwt import COSE, COSEKey

from hub.errors import Problem
from hub.health_code import offline
from hub.health_code.offline import PREFIX, decide, read
from hub.signing import Signing
from tests.health_code.conftest import FAR, GATE, HAN, LIN, Clinic


def form(clinic: Clinic) -> str:
    answer = clinic.citizen(HAN).get("/health-code/signed-form")
    assert answer.status_code == 200, answer.text
    return str(answer.json["code"])


def pack(clinic: Clinic) -> dict[str, Any]:
    answer = clinic.verifier().get("/gate/offline-pack")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def trusted(clinic: Clinic) -> list[dict[str, str]]:
    """What a gate was set up with: the hub's published keys, of which a browser knows no SM2."""
    keys: list[dict[str, str]] = clinic.anyone().get("/.well-known/hub-keys.json").json["keys"]
    return [key for key in keys if key["alg"] == "EdDSA"]


def old(clinic: Clinic) -> None:
    """What changed is no longer the last half hour's."""
    clinic.clock.ahead += 31 * 60
    clinic.tokens.clear()


def test_feat_F5_a_signed_form_is_read_by_others(clinic: Clinic) -> None:
    """The library that reads the EU's certificates reads ours."""
    clinic.declare()
    text = form(clinic)
    jwk = trusted(clinic)[0]
    message = base45.b45decode(text.removeprefix(PREFIX))
    claims = cbor2.loads(COSE.new().decode(message, COSEKey.from_jwk({**jwk, "key_ops": ["verify"]})))
    assert claims[1] == "360423" and claims[4] - claims[6] == 30 * 60
    assert claims[-70001][0] == "00" and claims[-70001][3] == "韩*福"
    assert HAN.id_number not in str(claims) and HAN.name not in str(claims)


def test_feat_F5_feat_S9_a_gate_decides_without_the_hub_and_says_as_of_when(clinic: Clinic) -> None:
    clinic.declare()
    old(clinic)
    packed, keys, text, now = pack(clinic), trusted(clinic), form(clinic), clinic.hub.clock.now()
    found = decide(text, packed, keys, now)  # nothing of the hub from here on
    assert (found.result, found.grade, found.why) == ("pass", "00", "")
    assert found.as_of == datetime.fromisoformat(packed["issued_at"])
    late = decide(text, packed, keys, now + timedelta(minutes=31))
    assert (late.result, late.why) == ("cannot_decide", "PACK_EXPIRED"), "loud, not silently green"
    with pytest.raises(Problem) as over:
        decide(text, {**packed}, keys, now + timedelta(minutes=-40))
    assert over.value.code == "QR_EXPIRED", "nor before it was made"
    forged = decide(text, {**packed, "proof": Signing({"x1": "f" * 32}).sign(dict(packed), "gate-pack")}, keys, now)
    assert (forged.result, forged.why) == ("cannot_decide", "PACK_INVALID")


def test_feat_F5_whose_grade_changed_is_on_the_packs_list(clinic: Clinic) -> None:
    clinic.declare()
    old(clinic)
    text = form(clinic)
    clinic.decide("10", people=[{"name": HAN.name, "id_number": HAN.id_number}])
    found = decide(text, pack(clinic), trusted(clinic), clinic.hub.clock.now())
    assert (found.result, found.why) == ("cannot_decide", "REVOKED")
    assert clinic.scan(text).json["grade"] == "10", "where there is a link, what is true now counts"


def test_row_B77_a_signed_form_that_was_touched_is_none(clinic: Clinic) -> None:
    clinic.declare()
    text, keys, now = form(clinic), trusted(clinic), clinic.hub.clock.now()
    raw = bytearray(base45.b45decode(text.removeprefix(PREFIX)))
    broken = [text[: len(text) // 2], PREFIX, "HC1:" + text[4:], PREFIX + "é", text + "0" * 2000, "XT1:" + "A" * 900]
    for at in range(0, len(raw), 7):
        raw[at] ^= 1
        broken.append(PREFIX + base45.b45encode(bytes(raw)).decode())
        raw[at] ^= 1
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    broken.append(PREFIX + base45.b45encode(cbor2.dumps(cbor2.CBORTag(18, [deep, {}, b"", b""]))).decode())
    others = Signing({"c9": "z" * 32}).public()
    for each in broken:
        with pytest.raises(Problem) as refused:
            read(each, keys, now)
        assert refused.value.code == "QR_INVALID", each[:60]
    with pytest.raises(Problem) as foreign:
        read(text, others, now)
    assert foreign.value.code == "QR_INVALID"
    with pytest.raises(Problem) as late:
        read(text, keys, now + timedelta(minutes=33))
    assert late.value.code == "QR_EXPIRED"


def test_feat_S9_what_was_scanned_without_a_link_is_handed_in_twice_and_counts_once(
    clinic: Clinic, monkeypatch: Any
) -> None:
    clinic.declare(), clinic.declare(LIN)
    at = clinic.hub.clock.now()
    later = (at + timedelta(minutes=5)).isoformat()
    seen = [
        {"code": clinic.code()["code"], "gate_id": GATE, "direction": "in", "scanned_at": at.isoformat()},
        {"code": form(clinic), "gate_id": GATE, "direction": "out", "scanned_at": later},
        {"code": clinic.code(LIN)["code"], "gate_id": FAR, "direction": "in", "scanned_at": at.isoformat()},
        {"code": "A" * 36, "gate_id": GATE, "direction": "in", "scanned_at": at.isoformat()},
        {"code": clinic.code()["code"], "gate_id": "nowhere", "direction": "in", "scanned_at": at.isoformat()},
        {"code": clinic.code()["code"], "gate_id": GATE, "direction": "in", "scanned_at": "2026-01-01T00:00:00+08:00"},
    ]  # fmt: skip
    clinic.clock.ahead += 20 * 60
    clinic.tokens.clear()
    by, asked = clinic.verifier(), Counter[str]()
    of = clinic.hub.health_code.states.of
    monkeypatch.setattr(clinic.hub.health_code.states, "of", lambda citizen: (asked.update([citizen]), of(citizen))[1])
    first, again = (by.post("/gate/scans/batch", {"scans": seen}) for _ in range(2))
    assert first.status_code == 200, first.text
    told = [each["state"] for each in first.json["items"]]
    assert told == ["recorded", "recorded", "recorded", "QR_INVALID", "CHOICE", "DATE_RANGE"]
    assert [each["state"] for each in again.json["items"]][:3] == ["known"] * 3
    assert sum(asked.values()) == 6, "once for each scan that is one"
    assert first.json["items"][0]["name_masked"] == "韩*福"
    assert by.post("/gate/scans/batch", {"scans": []}).json["code"] == "TOO_SHORT"
    for wrong in ([None, None], None, "x", 7, {"code": 7}):
        assert by.post("/gate/scans/batch", {"scans": [wrong]}).status_code in (400, 422), wrong
    assert clinic.citizen(HAN).post("/gate/scans/batch", {"scans": seen}).json["code"] == "ROLE_REQUIRED"
    with clinic.hub.database.read() as connection:
        gates = connection.exec_driver_sql("SELECT count(*) FROM health_code_scan WHERE offline").scalar()
    assert gates == 3


def test_a_form_of_another_region_decides_nothing_here(clinic: Clinic) -> None:
    clinic.declare()
    old(clinic)
    packed, now = pack(clinic), clinic.hub.clock.now()
    state = clinic.hub.health_code.states.of(clinic.citizen_id(HAN))
    assert state
    elsewhere = offline.signed(state, "m", 30, "340100", now, clinic.hub.signing)
    found = decide(elsewhere.text, packed, trusted(clinic), now)
    assert found.result == "cannot_decide"

"""feat_H2 to H5: licences of the desk and of an issuer's registry, shown, checked, copied, changed and taken back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import requests

from hub.clock import Clock
from hub.commands.credentials import checked
from hub.commands.rounds import Rounds
from hub.credentials.licence_id import read
from hub.crypto import token_hash
from tests.credentials.conftest import HAN, LIN, VISITOR, WANG, Room


def mine(room: Room, persona: Any, type: str) -> list[dict[str, Any]]:
    answer = room.citizen(persona).get("/me/credentials")
    assert answer.status_code == 200, answer.text
    assert answer.json["missing"] == []
    return [each for each in answer.json["items"] if each["type"] == type]


def test_feat_H1_feat_H2_issued_by_the_desk_it_is_in_the_holders_phone_only(room: Room) -> None:
    made = room.issue()
    id = read(made["licence_id"])
    assert (id.type, id.version, made["state"]) == ("11360423DEM000073T002", 1, "valid")
    held = {each["id"]: each for each in mine(room, HAN, "senior-citizen-card")}
    assert held[made["id"]]["fields"] == {"level": "甲类"}
    assert made["id"] not in {each["id"] for each in mine(room, LIN, "senior-citizen-card")}


def test_feat_H4_pulled_from_the_issuers_registry_and_never_stored(room: Room) -> None:
    (held,) = mine(room, HAN, "driving-licence")
    assert held["source"] == "vehicle_administration" and held["state"] == "valid"
    assert set(held["fields"]) == {"licence_class", "first_issued_on"}
    code = room.show(HAN, held["id"], fields=["licence_class"])
    assert room.check(code).json["fields"] == {"licence_class": held["fields"]["licence_class"]}
    url = f"{room.twins['vehicle_administration']['url']}/twin/licences"
    for state in ("suspended", "revoked", "valid"):
        requests.put(url, json={HAN.id_number: state}, timeout=30).raise_for_status()
        found = room.check(code).json
        assert (found["state"], found["valid"]) == (state, state == "valid"), "a verifier sees the state of now"


def test_feat_H4_a_registry_that_is_away_is_told_and_nothing_is_called_valid(room: Room) -> None:
    (held,) = mine(room, HAN, "driving-licence")
    code = room.show(HAN, held["id"])
    url = f"{room.twins['vehicle_administration']['url']}/twin/toxics"
    requests.put(url, json={"down": True}, timeout=30).raise_for_status()
    try:
        answer = room.check(code)
        listed = room.citizen(HAN).get("/me/credentials").json
    finally:
        requests.delete(url, timeout=30).raise_for_status()
        room.hub.gateway.release("vehicle_administration")
    assert answer.status_code == 503 and answer.json["origin"] == "department:vehicle_administration"
    assert [each["type"] for each in listed["missing"]] == ["driving-licence"]


def test_feat_H2_every_state_is_seen_by_the_next_check(room: Room) -> None:
    id = room.issue()["id"]
    code = room.show(HAN, id)
    for act, state in (("suspend", "suspended"), ("resume", "valid"), ("revoke", "revoked")):
        assert room.change(id, act).json["state"] == state
        found = room.check(code).json
        assert (found["state"], found["valid"]) == (state, state == "valid")
    for act in ("suspend", "resume", "renew", "revoke"):
        assert room.change(id, act).json["code"] == "STATE_CONFLICT", "nothing follows a revocation"


def test_feat_H2_renewed_it_has_another_version_and_the_old_one_is_replaced(room: Room) -> None:
    made = room.issue()
    before = room.show(HAN, made["id"])
    renewed = room.change(made["id"], "renew", days=10).json
    assert read(renewed["licence_id"]) == read(made["licence_id"]).renewed()
    assert (room.check(before).json["state"], room.check(room.show(HAN, made["id"])).json["state"]) == (
        "replaced", "valid",
    )  # fmt: skip


def test_feat_H2_it_expires_by_itself(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    id = room.issue(days=1)["id"]
    code = room.show(HAN, id, minutes=30)
    assert room.check(code).json["state"] == "valid"
    monkeypatch.setattr(room.hub.credentials.checking, "_clock", Ahead(timedelta(days=2)))
    with room.hub.database.session() as session:
        session.connection().exec_driver_sql("UPDATE credentials_shown SET until = now() + interval '9 days'")
    assert room.check(code).json["state"] == "expired"


class Ahead(Clock):
    """A clock that is ahead."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> Any:
        return super().now() + self._by


def test_feat_H3_only_the_chosen_fields_and_the_holder_sees_who_looked(room: Room) -> None:
    id = room.issue()["id"]
    code = room.show(HAN, id, fields=["name", "level"])
    found = room.check(code).json
    assert found["fields"] == {"name": HAN.name, "level": "甲类"}
    assert HAN.id_number not in json.dumps(room.check(room.show(HAN, id)).json), "not unless it is chosen"
    checks = room.citizen(HAN).get(f"/me/credentials/{id}/checks").json["items"]
    assert [(each["by"], each["fields"]) for each in checks][1] == ("verifier", ["name", "level"])
    assert room.citizen(LIN).get(f"/me/credentials/{id}/checks").json["items"] == []
    page = room.citizen(HAN).get(f"/me/credentials/{id}/checks?page_size=1").json
    rest = room.citizen(HAN).get(f"/me/credentials/{id}/checks?cursor={page['next_cursor']}").json
    assert len(page["items"]) == 1 and len(rest["items"]) == 1 and rest["next_cursor"] is None


def test_feat_H3_a_field_it_does_not_have_is_refused(room: Room) -> None:
    id = room.issue()["id"]
    answer = room.citizen(HAN).post(f"/me/credentials/{id}/presentations", {"fields": ["level", "phone"]})
    assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "fields.1")


def test_row_B76_an_old_code_is_told_apart_from_an_unknown_one(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    id = room.issue()["id"]
    code = room.show(HAN, id, minutes=1)
    monkeypatch.setattr(room.hub.credentials.checking, "_clock", Ahead(timedelta(seconds=59)))
    assert room.check(code).status_code == 200
    monkeypatch.setattr(room.hub.credentials.checking, "_clock", Ahead(timedelta(seconds=61)))
    answer = room.check(code)
    assert (answer.status_code, answer.json["code"], answer.json["action"]) == (410, "QR_EXPIRED", "retry")
    with room.hub.database.session() as session:
        room.hub.credentials.checking.sweep(session, Ahead(timedelta(days=400)).now())
    assert room.check(code).json["code"] == "NOT_FOUND"
    looked = room.citizen(HAN).get(f"/me/credentials/{id}/checks").json["items"]
    assert len(looked) == 1, "what was refused was not seen"


def test_the_regular_rounds_forget_codes_and_copies_that_ended_long_ago(room: Room) -> None:
    id = room.issue()["id"]
    gone, kept = room.show(HAN, id), room.show(HAN, id)
    copy = room.citizen(HAN).post(f"/me/credentials/{id}/copies", {"purpose": "租房", "days": 7}).json["copy_id"]
    ended = "SET until = now() - interval '40 days'"
    with room.hub.database.session() as session:
        run = session.connection().exec_driver_sql
        run(f"UPDATE credentials_shown {ended} WHERE code_hash = %s", (token_hash(gone),))
        run(f"UPDATE credentials_copy {ended} WHERE id = %s", (copy,))
    rounds = Rounds(room.hub)
    for each in rounds._rounds:
        if each.name.startswith("forget_"):
            each.act()
    assert room.check(gone).json["code"] == "NOT_FOUND" and room.check(kept).status_code == 200
    assert room.citizen(HAN).get(f"/me/credentials/{id}/copies/{copy}").status_code == 404


def test_row_B77_whatever_is_no_code_of_ours(room: Room) -> None:
    code = room.show(HAN, room.issue()["id"])
    changed = [code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :] for at in range(36)]
    others = ["x" * 10_240, "https://example.org/q?c=1", code + "=", code[:-1], "", "\u0000", "健康码", 5, None, [code]]
    for wrong in [*changed, *others]:
        answer = room.of("verifier").post("/verifications", {"code": wrong})
        assert answer.status_code in (400, 422), wrong
        assert wrong in ("", None) or answer.json["code"] in ("QR_INVALID", "TEXT_INVALID", "TEXT_CONTROL"), wrong
    for wrong in [*changed, *others[:4]]:
        assert room.check(str(wrong)).json["code"] == "QR_INVALID"
    assert room.check(code).status_code == 200


def test_row_B78_who_is_no_verifier_may_check_public_licences_only(room: Room) -> None:
    private = room.show(HAN, room.issue()["id"])
    public = room.show(HAN, room.issue("food-business-licence")["id"])
    for person in (room.citizen(LIN), room.of("operator")):
        answer = room.check(private, person)
        assert (answer.status_code, answer.json["code"]) == (403, "ROLE_REQUIRED")
        assert room.check(public, person).json["valid"]
    assert room.check(private, room.anyone()).json["code"] == "TOKEN_MISSING"
    found = room.check(public, room.anyone()).json
    assert found["valid"] and found["fields"]["scope"] == "热食类食品制售"


def test_feat_H5_a_copy_bears_purpose_and_term_and_is_checked_with_public_keys_only(room: Room) -> None:
    id = room.issue()["id"]
    me = room.citizen(HAN)
    copy = me.post(f"/me/credentials/{id}/copies", {"purpose": "入学报名", "days": 7}).json
    pdf = me.get(copy["file"].removeprefix("/api/v1")).data
    published = room.anyone().get("/.well-known/hub-keys.json").json
    claims = checked(pdf, copy["proof"], published)
    assert (claims["purpose"], claims["until"]) == ("入学报名", copy["valid_until"])
    assert claims["fields"] == {"name": HAN.name, "level": "甲类", "valid_until": claims["fields"]["valid_until"]}
    assert pdf.startswith(b"%PDF") and me.get(f"/me/credentials/{id}/copies/{copy['copy_id']}").json == copy
    for wrong_pdf, keys, why in (
        (pdf + b" ", published, "not the one"),
        (pdf, {"keys": []}, "none of these keys"),
        (pdf, {**published, "revoked": [{"kid": "c1.ed25519"}, {"kid": "c1.sm2"}]}, "none of these keys"),
    ):
        with pytest.raises(ValueError, match=why):
            checked(wrong_pdf, copy["proof"], keys)
    assert room.change(id, "suspend").status_code == 200
    answer = me.post(f"/me/credentials/{id}/copies", {"purpose": "入学报名", "days": 7})
    assert (answer.status_code, answer.json["code"]) == (409, "STATE_CONFLICT")


def test_a_copy_lives_no_longer_than_its_licence(room: Room) -> None:
    made = room.issue(days=3)
    copy = room.citizen(HAN).post(f"/me/credentials/{made['id']}/copies", {"purpose": "租房", "days": 300}).json
    assert copy["valid_until"].startswith(made["valid_until"])


def test_feat_H2_a_batch_is_taken_back_by_two_people(room: Room) -> None:
    inside, outside = room.issue(batch="2026-07-A"), room.issue(batch="2026-07-B")
    codes = [room.show(HAN, each["id"]) for each in (inside, outside)]
    body = {"kind": "batch", "target": "2026-07-A", "reason": "印制错误"}
    assert room.citizen(HAN).post("/desk/revocations", body).json["code"] == "ROLE_REQUIRED"
    asked = room.of("officer").post("/desk/revocations", body).json
    assert [room.check(code).json["state"] for code in codes] == ["valid", "valid"], "asking is not enough"
    place = f"/desk/revocations/{asked['id']}/confirmations"
    assert room.of("officer").post(place).json["code"] == "ROLE_REQUIRED"
    assert room.of("security_admin").post(place).json["confirmed_at"]
    assert [room.check(code).json["state"] for code in codes] == ["revoked", "valid"]
    assert room.of("security_admin").post(place).json["code"] == "STATE_CONFLICT"
    assert room.change(inside["id"], "renew").json["code"] == "STATE_CONFLICT"
    listed = room.of("officer").get("/desk/revocations").json["items"]
    assert asked["id"] in [each["id"] for each in listed]


def test_nobody_confirms_the_own_request(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    now = room.hub.settings.now
    roles = {**now.roles, "officer": (*now.roles["officer"], "credential.confirm")}
    asked = room.of("officer").post("/desk/revocations", {"kind": "batch", "target": "X", "reason": "试验"}).json
    monkeypatch.setitem(now.roles, "officer", roles["officer"])  # type: ignore[arg-type]
    answer = room.of("officer").post(f"/desk/revocations/{asked['id']}/confirmations")
    assert (answer.status_code, answer.json["code"]) == (403, "SECOND_PERSON_REQUIRED")


def test_level_and_people_nobody_knows(room: Room) -> None:
    answer = room.citizen(VISITOR).get("/me/credentials")
    assert (answer.status_code, answer.json["code"]) == (403, "LEVEL_REQUIRED")
    assert room.anyone().get("/me/credentials").json["code"] == "TOKEN_MISSING"


def test_feat_H4_the_right_number_with_another_name_is_not_released(room: Room) -> None:
    body = {"type": "senior-citizen-card", "id_number": WANG.id_number, "name": "王大", "fields": {"level": "甲类"},
            "reason": "录入"}  # fmt: skip
    made = room.of("officer").post("/desk/credentials", body, Idempotency_Key="k" * 32).json
    assert made["id"] not in [each["id"] for each in mine(room, WANG, "senior-citizen-card")]
    assert room.citizen(WANG).get(f"/me/credentials/{made['id']}").status_code == 404


def test_a_desk_form_with_faults_lists_them(room: Room) -> None:
    good = {"type": "senior-citizen-card", "id_number": HAN.id_number, "name": HAN.name, "fields": {"level": "甲"},
            "reason": "材料齐全"}  # fmt: skip
    for wrong, code in (
        ({"type": "driving-licence"}, "CHOICE"),
        ({"type": "no-such"}, "CHOICE"),
        ({"fields": {}}, "REQUIRED"),
        ({"fields": {"level": "甲", "x": "y"}}, "UNKNOWN_FIELD"),
        ({"fields": {"level": 5}}, "TYPE"),
        ({"fields": {"level": "a\u0007"}}, "TEXT_CONTROL"),
        ({"fields": {"level": "a" * 201}}, "TOO_LONG"),
        ({"id_number": "362623190205121931"}, "ID_CHECKSUM"),
        ({"reason": ""}, "REQUIRED"),
    ):
        answer = room.of("officer").post("/desk/credentials", {**good, **wrong}, Idempotency_Key="f" * 32)
        assert answer.status_code == 422 and answer.json["errors"][0]["code"] == code, (wrong, answer.text)
    assert room.of("officer").post("/desk/credentials", good).json["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    assert room.of("verifier").post("/desk/credentials", good).json["code"] == "ROLE_REQUIRED"


def test_issued_twice_under_one_key_it_is_one_licence(room: Room) -> None:
    body = {"type": "senior-citizen-card", "id_number": HAN.id_number, "name": HAN.name, "fields": {"level": "乙类"},
            "reason": "材料齐全"}  # fmt: skip
    first, second = (room.of("officer").post("/desk/credentials", body, Idempotency_Key="t" * 32) for _ in range(2))
    assert first.json == second.json and second.headers["Idempotency-Replayed"] == "true"

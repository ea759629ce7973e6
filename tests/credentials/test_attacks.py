"""T33 and the rule of every route: another person's licence looks like none, whatever id is put wherever; the stores
hold nothing readable; both suites sign."""

from __future__ import annotations

import pytest

from hub.signing import Signing, verified
from tests.credentials.conftest import HAN, LIN, Room


def test_every_route_times_two_users_times_every_id(room: Room) -> None:
    """Generated from the OpenAPI: every route of this room that names an id in its path."""
    id = room.issue()["id"]
    me, other = room.citizen(HAN), room.citizen(LIN)
    copy = me.post(f"/me/credentials/{id}/copies", {"purpose": "入学报名", "days": 7}).json["copy_id"]
    own = room.issue(persona=LIN)["id"]
    own_copy = other.post(f"/me/credentials/{own}/copies", {"purpose": "租房", "days": 7}).json["copy_id"]
    bodies = {"presentations": {"minutes": 5}, "copies": {"purpose": "租房", "days": 7}}
    tried = 0
    for path, methods in room.client.application.extensions["openapi"]["paths"].items():
        if not path.startswith("/api/v1/me/credentials/{id}"):
            continue
        for method in methods.keys() & {"get", "post"}:
            for ids in ((id, copy), (id, own_copy), (own, copy)):
                if ids == (own, copy) and "{copy_id}" not in path:
                    continue
                place = path.removeprefix("/api/v1").replace("{id}", ids[0]).replace("{copy_id}", ids[1])
                answer = other.ask(
                    method.upper(), place, bodies.get(path.rpartition("/")[2]) if method == "post" else None
                )
                nothing = answer.status_code == 404 or answer.json == {"items": [], "next_cursor": None}
                assert nothing, (method, path, answer.text)
                assert HAN.name not in answer.text and "甲类" not in answer.text
                tried += 1
                stranger = room.anyone().ask(method.upper(), place, {"minutes": 5} if method == "post" else None)
                assert stranger.status_code in (401, 422), (method, path)
                for role in ("officer", "verifier", "system_admin"):
                    answer = room.of(role).ask(method.upper(), place, bodies.get(path.rpartition("/")[2]))
                    assert answer.status_code == 403, (role, method, path)
    assert tried >= 8


def test_threat_T33_acting_for_another_reaches_nobodys_licences(room: Room) -> None:
    for path in ("/me/credentials", f"/me/credentials/{room.issue()['id']}"):
        assert room.citizen(LIN).ask("GET", path, X_Act_For="m0").json["code"] == "NOT_FOUND"


def test_the_desks_routes_know_staff_with_the_permission_only(room: Room) -> None:
    id = room.issue()["id"]
    for method, path in (
        ("POST", "/desk/credentials"), ("POST", f"/desk/credentials/{id}/changes"), ("GET", "/desk/revocations"),
        ("POST", "/desk/revocations"), ("POST", "/desk/revocations/r0/confirmations"),
    ):  # fmt: skip
        for person in (room.citizen(HAN), room.of("verifier"), room.of("operator")):
            body = {"act": "revoke", "reason": "试试"} if method == "POST" else None
            assert person.ask(method, path, body).json["code"] in ("ROLE_REQUIRED",), (method, path)
        assert room.anyone().ask(method, path, {"reason": "x"} if method == "POST" else None).status_code == 401


def test_the_stores_hold_nothing_readable(room: Room) -> None:
    made = room.issue()
    room.show(HAN, made["id"])
    room.citizen(HAN).post(f"/me/credentials/{made['id']}/copies", {"purpose": "只给学校看", "days": 7})
    with room.hub.database.session() as session:
        for table in ("licence", "change", "shown", "check", "copy", "revocation"):
            rows = session.connection().exec_driver_sql(f"SELECT * FROM credentials_{table}").all()  # noqa: S608
            stored = b"|".join(
                bytes(v) if isinstance(v, memoryview | bytes) else str(v).encode() for r in rows for v in r
            )
            for secret in (HAN.name, HAN.id_number, made["licence_id"], "甲类", "只给学校看"):
                assert secret.encode() not in stored, (table, secret)


@pytest.mark.parametrize("suite", ["intl", "sm"])
def test_both_suites_issue_copy_and_check(room: Room, monkeypatch: pytest.MonkeyPatch, suite: str) -> None:
    ring = Signing(room.hub.settings.now.hub.sign_keys, suite)
    for part in (room.hub.credentials, room.hub.credentials.desk):
        monkeypatch.setattr(part, "_signing", ring)
    id = room.issue()["id"]
    keys = room.anyone().get("/.well-known/hub-keys.json").json["keys"]
    licence = room.citizen(HAN).get(f"/me/credentials/{id}").json
    assert verified(licence["proof"], keys, "licence")["licence_id"] == licence["licence_id"]
    copy = room.citizen(HAN).post(f"/me/credentials/{id}/copies", {"purpose": "入学报名", "days": 7}).json
    assert verified(copy["proof"], keys, "licence-copy")["purpose"] == "入学报名"


def test_a_key_taken_back_revokes_what_it_signed_and_signs_no_more(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Signing({"lost": "0123456789abcdef0123456789abcdef!"})
    with monkeypatch.context() as patch:
        for part in (room.hub.credentials, room.hub.credentials.desk):
            patch.setattr(part, "_signing", old)
        code = room.show(HAN, room.issue()["id"])
        body = {"kind": "key", "target": "lost.ed25519", "reason": "密钥泄露"}
        asked = room.of("officer").post("/desk/revocations", body).json
        room.of("security_admin").post(f"/desk/revocations/{asked['id']}/confirmations")
        assert room.check(code).json["state"] == "revoked"
        again = {"type": "senior-citizen-card", "id_number": HAN.id_number, "name": HAN.name,
                 "fields": {"level": "甲类"}, "reason": "再发"}  # fmt: skip
        answer = room.of("officer").post("/desk/credentials", again, Idempotency_Key="z" * 32)
        assert (answer.status_code, answer.json["code"]) == (503, "KEY_UNAVAILABLE")
    published = room.anyone().get("/.well-known/hub-keys.json").json
    assert [each["kid"] for each in published["revoked"]] == ["lost.ed25519"]
    assert room.issue()["state"] == "valid", "another key signs on"

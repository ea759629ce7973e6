"""From the inbox to WeChat, to SMS, to the telephone: each message ends somewhere, whatever its partners do."""

from __future__ import annotations

import pytest

from hub.port import Record
from tests.credentials.conftest import HAN, LIN, Room
from tests.messages.world import (
    SMS,
    attempts,
    both_sent,
    consent,
    eventually,
    later,
    processed,
    push,
    rings,
    sent,
    stands,
    tell,
    twin,
)


def subscribed(room: Room) -> list[dict[str, object]]:
    found: list[dict[str, object]] = twin(room, "wechat", "GET", "subscribe-messages")["messages"]
    return found


def test_feat_J1_wechat_takes_it_and_one_consent_is_one_message(room: Room) -> None:
    consent(room, "case-decided")
    one, two = tell(room), tell(room)
    push(room)
    assert sorted([stands(room, one)[:2], stands(room, two)[:2]]) == [("delivered", "wechat"), ("sent", "sms")]
    (message,) = subscribed(room)
    assert message["touser"] == HAN.openid and message["page"] == "pages/cases/one"
    assert message["data"]["thing1"] == {"value": "复工备案"}  # type: ignore[index]
    assert both_sent(room) == 1
    left = {each["kind"]: each["left"] for each in room.citizen(HAN).get("/me/subscriptions").json["items"]}
    assert left["case-decided"] == 0


def test_feat_X19_used_up_consent_falls_back_to_sms_and_is_not_asked_again(room: Room) -> None:
    """43101: WeChat knows better than the count the client reported."""
    consent(room, "case-decided", at_wechat=0)
    consent(room, "case-decided", at_wechat=0)
    id = tell(room)
    push(room)
    assert stands(room, id)[:2] == ("sent", "sms") and attempts(room, id)[0] == ("wechat", "not_wanted")
    again = tell(room)
    push(room)
    assert [system for system, _ in attempts(room, again)] != ["wechat"] and len(attempts(room, again)) == 1


def test_feat_X19_no_consent_and_no_sms_is_told_by_nobody_but_the_inbox(room: Room) -> None:
    id = tell(room, "case-progress")
    push(room)
    assert stands(room, id) == ("unreached", "wechat", "MESSAGE_NOT_ALLOWED") and both_sent(room) == 0


def test_a_template_that_wechat_refuses_is_stopped(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    consent(room, "case-decided", at_wechat=9)
    twin(room, "wechat", "PUT", "quirks", WT6=40037)
    one = tell(room)
    push(room)
    two = tell(room)
    push(room)
    assert stands(room, one)[:2] == stands(room, two)[:2] == ("sent", "sms")
    assert attempts(room, one)[0] == ("wechat", "refused") and ("wechat", "refused") not in attempts(room, two)
    assert "message_template_refused" in capsys.readouterr().out + capsys.readouterr().err


def test_fault_F33_wechat_down_is_tried_again_and_then_left(room: Room) -> None:
    consent(room, "case-decided", at_wechat=9)
    room.citizen(HAN).get("/me/messages")
    twin(room, "wechat", "PUT", "quirks", WT6=True)
    id = tell(room)
    push(room)
    assert stands(room, id)[:2] == ("waiting", "wechat")
    push(room)
    assert len(attempts(room, id)) == 1, "not before its time"
    later(room, 61)
    push(room)
    assert stands(room, id)[:2] == ("sent", "sms") and [one for one, _ in attempts(room, id)][:2] == ["wechat"] * 2


def test_fault_F33_an_urgent_message_does_not_wait_for_wechat(room: Room) -> None:
    consent(room, "urgent-notice", at_wechat=9)
    twin(room, "wechat", "PUT", "toxics", down=True)
    id = tell(room, "urgent-notice")
    push(room)
    assert stands(room, id)[:2] == ("sent", "sms")


def test_fault_F33_what_one_provider_cannot_send_the_other_sends_at_once(room: Room) -> None:
    for system in SMS:
        twin(room, system, "PUT", "toxics", status=500)
        ids = [tell(room) for _ in range(4)]
        push(room)
        assert {stands(room, id)[:2] for id in ids} == {("sent", "sms")}
        twin(room, system, "DELETE", "toxics")


def test_fault_F33_both_down_is_48_times_300_s_and_then_the_telephone(room: Room) -> None:
    for system in SMS:
        twin(room, system, "PUT", "quirks", refuse={"sms_mobile": "5000", "sms_telecom": "-9"}[system])
    id = tell(room)
    tried = 0
    while stands(room, id)[0] == "waiting":
        push(room)
        tried += 1
        assert tried <= 48
        later(room, 280)  # the seconds that pass here count as well
        push(room)
        later(room, 20)
    assert tried == 48 and stands(room, id)[:2] == ("phone", "phone")


def test_a_number_that_is_refused_goes_to_the_telephone_and_to_no_other_provider(room: Room) -> None:
    for system, code in zip(SMS, ("2001", "-20"), strict=True):
        twin(room, system, "PUT", "quirks", refuse=code)
    id = tell(room)
    push(room)
    assert stands(room, id) == ("phone", "phone", "NUMBER_REFUSED") and len(attempts(room, id)) == 1


def test_fault_F33_a_text_that_both_refuse_goes_to_the_telephone(room: Room) -> None:
    for system, code in zip(SMS, ("3001", "-30"), strict=True):
        twin(room, system, "PUT", "quirks", refuse=code)
    id = tell(room)
    push(room)
    assert stands(room, id) == ("phone", "phone", "TEXT_REFUSED") and len(attempts(room, id)) == 2


def test_feat_J1_a_signed_receipt_ends_it(room: Room, calling: str) -> None:
    id = tell(room)
    push(room)
    assert eventually(lambda: processed(room) or stands(room, id)[0] == "delivered")
    assert attempts(room, id)[-1][1] == "delivered"


def test_feat_J1_undelivered_goes_through_the_other_one_and_then_to_the_telephone(room: Room, calling: str) -> None:
    for system in SMS:
        twin(room, system, "PUT", "quirks", receipts="failed")
    id = tell(room)

    def on() -> bool:
        push(room)
        processed(room)
        return stands(room, id)[0] == "phone"

    assert eventually(on)
    assert sorted(attempts(room, id)) == [(system, "undelivered") for system in SMS]


def test_feat_J1_doubled_and_unknown_receipts_are_stored_and_change_nothing(room: Room, calling: str) -> None:
    for system in SMS:
        twin(room, system, "PUT", "quirks", receipts="twice")
    id = tell(room)
    push(room)
    assert eventually(lambda: processed(room) or stands(room, id)[0] == "delivered")
    unknown = {"customId": "r" + "00" * 12, "status": "UNDELIV", "doneTime": "2026-01-05 09:30:00"}
    twin(room, "sms_mobile", "POST", "receipts", **unknown)
    twin(room, "sms_mobile", "POST", "receipts", **{**unknown, "customId": "15400000001"})

    def all_processed() -> bool:
        processed(room)
        with room.hub.database.session() as session:
            found = room.hub.inbox.page(session, None, None, None, 10)
        return len(found) == 4 and all(each.result == "done" for each in found)

    assert eventually(all_processed) and stands(room, id)[:2] == ("delivered", "sms")


def test_feat_J1_a_forged_receipt_is_refused(room: Room, calling: str) -> None:
    for system in SMS:
        twin(room, system, "PUT", "quirks", forged=True)
    id = tell(room)
    push(room)
    answer = room.client.post("/api/v1/inbound/sms_mobile/events", data=b"{}", headers={"X-Event": "e"})
    assert answer.status_code == 403 and answer.json["code"] == "CALLBACK_FORGED"
    processed(room)
    assert stands(room, id)[0] == "sent"


def test_feat_J1_late_and_crosswise_receipts_come_to_the_same(room: Room) -> None:
    """Delivered, then failed; failed after it was read; delivered after it was given up."""
    id = tell(room)
    push(room)
    ((system, _),) = attempts(room, id)
    with room.hub.database.session() as session:
        from_db = session.connection().exec_driver_sql("SELECT reference FROM messages_attempt").scalar_one()

    def receipt(state: str, by: str = system) -> str:
        with room.hub.database.session() as session:
            record = Record("receipts", f"{from_db} {state}", {"reference": from_db, "state": state})
            room.hub.push.receipts(session, by, [record])
        return stands(room, id)[0]

    other = next(each for each in SMS if each != system)
    assert receipt("delivered", by=other) == "sent", "of a provider that never had it"
    later(room, 3 * 86_400 + 1)
    with room.hub.database.session() as session:
        room.hub.push.sweep(session)
    assert stands(room, id)[0] == "unreached"
    assert [receipt(state) for state in ("failed", "delivered", "failed", "delivered")] == [
        "unreached", "delivered", "delivered", "delivered",
    ]  # fmt: skip


def test_feat_J1_everything_closes_after_three_days(room: Room) -> None:
    for system in SMS:
        twin(room, system, "PUT", "toxics", down=True)
    waiting = tell(room)
    push(room)
    twin(room, "sms_mobile", "DELETE", "toxics")
    assert stands(room, waiting)[0] == "waiting"
    later(room, 3 * 86_400 - 10)
    with room.hub.database.session() as session:
        room.hub.push.sweep(session)
    assert stands(room, waiting)[0] == "waiting"
    later(room, 20)
    with room.hub.database.session() as session:
        room.hub.push.sweep(session)
    assert stands(room, waiting) == ("unreached", "sms", "GIVEN_UP")


def test_a_doorbell_that_was_lost_is_rung_again(room: Room) -> None:
    id = tell(room)
    with room.hub.database.session() as session:
        session.connection().exec_driver_sql("DELETE FROM procrastinate_jobs")
    assert rings(room) == 0
    with room.hub.database.session() as session:
        room.hub.push.sweep(session)
    assert rings(room) == 1
    push(room)
    assert stands(room, id)[0] == "sent"
    for _ in range(5):  # and rings that nobody needs change nothing
        push(room)
    assert both_sent(room) == 1


def test_what_was_read_is_not_sent(room: Room) -> None:
    id = tell(room)
    assert room.citizen(HAN).post(f"/me/messages/{id}/read").status_code == 200
    push(room)
    assert stands(room, id)[0] == "read" and both_sent(room) == 0


def test_who_has_no_number_is_called(room: Room) -> None:
    """The register may know another way to them than we do."""
    id = tell(room, persona=LIN)
    with room.hub.database.session() as session:
        session.connection().exec_driver_sql("UPDATE identity_person SET phone_sealed = NULL")
    push(room)
    assert stands(room, id) == ("phone", "phone", "NO_PHONE")


def test_only_templates_that_there_are_can_be_allowed(room: Room) -> None:
    me = room.citizen(HAN)
    assert me.post("/me/subscriptions", {"templates": ["no-such-template"]}).json["code"] == "CHOICE"
    assert me.post("/me/subscriptions", {"templates": []}).status_code == 422
    for _ in range(103):
        assert me.post("/me/subscriptions", {"templates": ["demo-template-case-decided"] * 2}).status_code == 200
    left = {each["kind"]: each["left"] for each in me.get("/me/subscriptions").json["items"]}
    assert left["case-decided"] == 100 and left["case-received"] == 0


def test_threat_T26_no_personal_value_leaves_in_a_log(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    twin(room, "sms_mobile", "PUT", "toxics", status=500)
    for _ in range(4):
        tell(room)
    push(room)
    assert any(each["phone"] == HAN.phone for each in sent(room, "sms_telecom"))
    said = capsys.readouterr()
    assert HAN.phone not in said.out + said.err and "BJ2026" not in said.out + said.err


def test_a_token_that_wechat_forgot_costs_no_message(room: Room) -> None:
    """40001: renewed once, and sent."""
    consent(room, "case-decided", at_wechat=9)
    tell(room)
    push(room)
    twin(room, "wechat", "DELETE", "tokens")
    consent(room, "case-decided", at_wechat=9)
    id = tell(room)
    push(room)
    assert stands(room, id)[:2] == ("delivered", "wechat")

"""S6: an urgent notice to the inboxes of a township, a status for each; and the telephone for who was not reached."""

from __future__ import annotations

import contextlib
import secrets
import threading
from typing import Any

import pytest
from sqlalchemy import text

from hub.errors import Problem
from hub.messages import notices
from tests.credentials.conftest import HAN, LIN, Room
from tests.messages.world import SMS, both_sent, push, stands, tell, twin

TOWN = "360423001"
BODY = {"region": TOWN, "title": "暴雨红色预警", "text": "请低洼处住户\n立即转移到村部。", "reason": "防汛办 12 号令"}


def asked(room: Room, role: str = "officer", **change: Any) -> Any:
    body = {**BODY, **change}
    return room.of(role).post("/desk/notices", body, Idempotency_Key=secrets.token_hex(16))


def confirmed(room: Room, **change: Any) -> str:
    answer = asked(room, **change)
    assert answer.status_code == 201, answer.text
    id = str(answer.json["id"])
    assert room.of("operator").post(f"/desk/notices/{id}/confirmations").status_code == 200
    return id


def spread(room: Room, id: str) -> None:
    room.hub.notices.spread(lambda: False, id)


def done(room: Room, id: str) -> bool:
    with room.hub.database.session(patience=60) as session:
        return room.hub.notices.get(session, id).done_at is not None


def settle(room: Room, people: int, town: str) -> None:
    """So many more people of a town, of whom the hub knows nothing but that."""
    with room.hub.database.session() as session:
        session.execute(
            text(
                "INSERT INTO identity_person (citizen_id, level, region, created_at)"
                " SELECT 'c' || md5(n::text), 0, :town, now() FROM generate_series(1, :people) n"
            ),
            {"people": people, "town": town},
        )


def test_feat_S6_a_notice_goes_to_the_people_of_its_region_alone(room: Room) -> None:
    id = confirmed(room)
    spread(room, id)
    push(room)
    (message,) = room.citizen(HAN).get("/me/messages").json["items"]
    assert (message["title"], message["text"], message["about"]) == (BODY["title"], BODY["text"], id)
    assert len(room.citizen(LIN).get("/me/messages").json["items"]) == 1
    with room.hub.database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM messages_message")) == 2, "others live elsewhere"
    told = room.of("officer").get(f"/desk/notices/{id}").json
    assert told["messages"] == [{"state": "sent", "channel": "sms", "count": 2}]
    assert (told["people"], told["read"]) == (2, 0) and told["done_at"]
    found = room.of("officer").get(f"/desk/notices/{id}/messages?page_size=1").json
    rest = room.of("officer").get(f"/desk/notices/{id}/messages?cursor={found['next_cursor']}").json
    assert [each["state"] for each in found["items"] + rest["items"]] == ["sent"] * 2 and not rest["next_cursor"]
    assert room.of("officer").get(f"/desk/notices/{id}/messages?state=phone").json["items"] == []


def test_feat_S6_nobody_sends_a_notice_alone(room: Room) -> None:
    roles = room.hub.settings.now.roles
    assert not any({"notice.write", "notice.confirm"} <= set(role) for role in roles.values())
    id = asked(room).json["id"]
    spread(room, id)
    with room.hub.database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM messages_message")) == 0, "nobody confirmed it"
        author = room.hub.notices.get(session, id).asked_by
        with pytest.raises(Problem, match="SECOND_PERSON_REQUIRED"):
            room.hub.notices.confirm(session, id, author)
    assert room.of("officer").post(f"/desk/notices/{id}/confirmations").json["code"] == "ROLE_REQUIRED"
    assert room.of("operator").post(f"/desk/notices/{id}/confirmations").status_code == 200
    assert room.of("operator").post(f"/desk/notices/{id}/confirmations").json["code"] == "STATE_CONFLICT"
    for role in ("operator", "auditor", "community_clerk"):
        assert asked(room, role).json["code"] == "ROLE_REQUIRED"
    assert room.citizen(HAN).get("/desk/notices").json["code"] == "ROLE_REQUIRED"


@pytest.mark.parametrize(
    "change", [{"region": "110101"}, {"region": "36042"}, {"title": "雨" * 41}, {"text": "雨" * 1001}, {"text": ""}]
)
def test_what_is_no_notice(room: Room, change: dict[str, str]) -> None:
    assert asked(room, **change).status_code == 422


def test_feat_S6_ten_thousand_inboxes_and_nobody_twice(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who fills them dies in the middle; two others go on at once."""
    settle(room, 10_000, "360423204")
    id = confirmed(room, region="360423204")
    portions = 0

    def dies() -> bool:
        nonlocal portions
        portions += 1
        return portions > 7

    room.hub.notices.spread(dies, id)
    with room.hub.database.session() as session:
        assert 0 < (session.scalar(text("SELECT count(*) FROM messages_message")) or 0) < 10_000

    def other() -> None:
        ended = False
        while not ended:
            with contextlib.suppress(Problem):  # a job is tried again
                spread(room, id)
                ended = done(room, id)

    others = [threading.Thread(target=other) for _ in range(2)]
    for each in others:
        each.start()
    for each in others:
        each.join(200)
    with room.hub.database.session(patience=60) as session:
        counts = session.execute(text("SELECT count(*), count(DISTINCT citizen_id) FROM messages_message")).one()
    assert tuple(counts) == (10_000, 10_000)
    told = room.of("auditor").get(f"/desk/notices/{id}").json
    assert told["done_at"] and told["messages"] == [{"state": "waiting", "channel": "wechat", "count": 10_000}]


def test_a_notice_whose_job_was_lost_goes_on(room: Room) -> None:
    id = confirmed(room)
    with room.hub.database.session() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        session.execute(text("UPDATE messages_notice SET confirmed_at = confirmed_at - interval '1 minute'"))
        room.hub.notices.sweep(session)
        query = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task")
        assert session.scalar(query, {"task": notices.SPREAD}) == 1
    spread(room, id)
    with room.hub.database.session() as session:
        room.hub.notices.sweep(session)
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE args ? 'notice'")) == 1


def by_telephone(room: Room) -> str:
    for system, code in zip(SMS, ("2001", "-20"), strict=True):
        twin(room, system, "PUT", "quirks", refuse=code)
    id = tell(room)
    push(room)
    assert stands(room, id)[0] == "phone"
    return id


def test_feat_X19_a_phone_task_is_listed_opened_and_ended(room: Room) -> None:
    id = by_telephone(room)
    clerk = room.of("community_clerk")
    (item,) = clerk.get("/desk/phone-tasks").json["items"]
    assert item["id"] == id and item["name"] == "韩*福" and "phone" not in item
    opened = clerk.get(f"/desk/phone-tasks/{id}").json
    assert (opened["name"], opened["phone"]) == (HAN.name, HAN.phone) and "准予" in opened["text"]
    assert clerk.post(f"/desk/phone-tasks/{id}/outcomes", {"outcome": "done"}).json == {"state": "called"}
    assert clerk.post(f"/desk/phone-tasks/{id}/outcomes", {"outcome": "done"}).json["code"] == "STATE_CONFLICT"
    assert (
        clerk.get("/desk/phone-tasks").json["items"] == [] and clerk.get(f"/desk/phone-tasks/{id}").status_code == 404
    )
    with room.hub.database.session() as session:
        acts = session.execute(
            text("SELECT target, outcome FROM operations_act WHERE act = 'message.call' ORDER BY id")
        )
        assert (f"message:{id}", "OK") in [tuple(row) for row in acts], "each look is recorded"


def test_feat_X19_a_call_that_reached_nobody_is_an_end_too(room: Room) -> None:
    id = by_telephone(room)
    officer = room.of("officer")
    assert officer.post(f"/desk/phone-tasks/{id}/outcomes", {"outcome": "soon"}).json["code"] == "CHOICE"
    answer = officer.post(f"/desk/phone-tasks/{id}/outcomes", {"outcome": "nobody_answers"})
    assert answer.json == {"state": "unreached"} and stands(room, id)[2] == "CALL_NOBODY_ANSWERS"
    assert room.of("auditor").get("/desk/phone-tasks").json["code"] == "ROLE_REQUIRED"
    assert room.citizen(HAN).get("/me/messages").json["items"][0]["id"] == id, "the inbox has it all the same"


def test_the_figures_of_messages(room: Room) -> None:
    tell(room)
    figures = room.client.get("/metrics").get_data(as_text=True)
    assert 'hub_messages{channel="wechat",state="waiting"} 1.0' in figures
    assert "hub_message_oldest_unsent_seconds" in figures
    push(room)
    figures = room.client.get("/metrics").get_data(as_text=True)
    assert 'hub_messages{channel="wechat",state="waiting"} 0.0' in figures
    assert 'hub_messages{channel="sms",state="sent"} 1.0' in figures and both_sent(room) == 1

"""The inbox: written with what happened or not at all, read by its owner alone, sealed at rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.messages.service import TASK
from tests.credentials.conftest import HAN, LIN, VISITOR, Person, Room
from tests.login.room import everything

VALUES = {"service": "复工备案", "receipt_no": "BJ2026010500000017", "promised_on": "2026-01-08"}


def citizen_id(room: Room, persona: object = HAN) -> str:
    with room.hub.database.session() as session:
        id = room.hub.login.citizen_of(session, persona.openid)  # type: ignore[attr-defined]
    assert id
    return id


def tell(room: Room, kind: str = "case-received", times: int = 1, **values: str) -> list[str]:
    me = citizen_id(room)
    with room.hub.database.session() as session:
        return [room.hub.messages.tell(session, me, kind, {**VALUES, **values}, "BJ2026") for _ in range(times)]


def jobs(room: Room) -> list[dict[str, object]]:
    with room.hub.database.session() as session:
        query = text("SELECT args FROM procrastinate_jobs WHERE task_name = :task")
        return list(session.scalars(query, {"task": TASK}))


def page(person: Person, query: str = "", **headers: str) -> dict[str, object]:
    answer = person.ask("GET", f"/me/messages{query}", **headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json
    return found


def test_one_doorbell_that_rings_is_enough_and_one_that_is_answered_or_put_off_is_none(room: Room) -> None:
    with room.hub.database.session() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
    tell(room, times=3)
    assert len(jobs(room)) == 1
    for answered in ("status = 'doing'", "scheduled_at = now() + interval '1 hour'"):
        before = len(jobs(room))
        with room.hub.database.session() as session:
            session.execute(text(f"UPDATE procrastinate_jobs SET {answered} WHERE status = 'todo'"))  # noqa: S608
        tell(room, times=2)
        assert len(jobs(room)) == before + 1
    with room.hub.database.session() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))


def test_feat_J2_the_row_is_written_in_the_transaction_of_the_event(room: Room) -> None:
    """And so is the doorbell: when the event is rolled back, neither was ever there."""
    me = citizen_id(room)
    with pytest.raises(RuntimeError), room.hub.database.session() as session:
        room.hub.messages.tell(session, me, "case-received", VALUES)
        raise RuntimeError
    assert page(room.citizen(HAN))["items"] == [] and jobs(room) == []
    (id,) = tell(room)
    found = page(room.citizen(HAN))
    assert [item["id"] for item in found["items"]] == [id] and found["unread"] == 1  # type: ignore[attr-defined]
    assert jobs(room) == [{}], "a doorbell, without a value"


def test_a_message_in_both_languages_and_what_it_is_about(room: Room) -> None:
    tell(room)
    (item,) = page(room.citizen(HAN))["items"]  # type: ignore[misc]
    assert item["text"] == "您申请的“复工备案”已收到，回执号 BJ2026010500000017。承诺 2026-01-08 前办结。"
    assert (item["about"], item["page"], item["read_at"]) == ("BJ2026", "pages/cases/one", None)
    (item,) = page(room.citizen(HAN), Accept_Language="en")["items"]  # type: ignore[misc]
    assert item["title"] == "We have your application"


def test_what_was_told_stays_as_it_was_told(room: Room, config: Path) -> None:
    """When the template changes."""
    tell(room)
    before = page(room.citizen(HAN))["items"]
    file = config / "messages.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("已收到", "收到了"), encoding="utf-8")
    room.hub.settings.reload()
    assert room.hub.settings.problem is None
    assert page(room.citizen(HAN))["items"] == before


def test_threat_T26_nothing_personal_at_rest_in_the_queue_or_in_the_log(
    room: Room, fresh_database: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(room, service="张三丰的申请", promised_on="2031-09-17")
    assert "张三丰".encode() not in everything(fresh_database) and b"2031-09-17" not in everything(fresh_database)
    output = capsys.readouterr()
    assert "张三丰" not in caplog.text + output.out + output.err
    assert "张三丰" in json.dumps(page(room.citizen(HAN)), ensure_ascii=False)


def test_pages_by_key_and_the_count_of_the_unread(room: Room) -> None:
    told = tell(room, times=5)
    me = room.citizen(HAN)
    seen: list[str] = []
    found = page(me, "?page_size=2")
    tell(room)  # one that comes meanwhile moves no page
    while True:
        seen += [item["id"] for item in found["items"]]  # type: ignore[attr-defined]
        if not (cursor := found["next_cursor"]):
            break
        found = page(me, f"?page_size=2&cursor={cursor}")
    assert sorted(seen) == sorted(told) and len(seen) == 5
    assert me.post(f"/me/messages/{told[0]}/read").json["read_at"]
    assert page(me)["unread"] == 5 and len(page(me, "?show=unread")["items"]) == 5  # type: ignore[arg-type]
    assert me.get("/me/messages?cursor=forged").json["code"] == "PAGE_INVALID"
    stolen = page(me, "?page_size=2")["next_cursor"]
    assert room.citizen(LIN).get(f"/me/messages?cursor={stolen}").json["code"] == "PAGE_INVALID"


def test_an_inbox_that_has_not_changed_is_a_304(room: Room) -> None:
    (id,) = tell(room)
    me = room.citizen(HAN)
    tag = me.get("/me/messages").headers["ETag"]
    again = me.ask("GET", "/me/messages", If_None_Match=tag)
    assert again.status_code == 304 and not again.data and again.headers["ETag"] == tag
    assert me.ask("GET", "/me/messages", If_None_Match=tag, Accept_Language="en").status_code == 200
    assert me.ask("GET", "/me/messages?show=unread", If_None_Match=tag).status_code == 200
    me.post(f"/me/messages/{id}/read")
    assert me.ask("GET", "/me/messages", If_None_Match=tag).status_code == 200


def test_nobody_reads_anothers_message(room: Room) -> None:
    (id,) = tell(room)
    other = room.citizen(LIN)
    assert page(other)["items"] == [] and other.post(f"/me/messages/{id}/read").status_code == 404
    assert other.post("/me/messages/m0/read").status_code == 404
    assert room.anyone().get("/me/messages").status_code == 401
    assert room.of("officer").get("/me/messages").json["code"] == "ROLE_REQUIRED"


def test_read_twice_is_read_once(room: Room) -> None:
    (id,) = tell(room)
    me = room.citizen(HAN)
    first = me.post(f"/me/messages/{id}/read").json
    assert first["state"] == "read" and me.post(f"/me/messages/{id}/read").json == first


def test_what_does_not_fit_its_template_is_an_error_of_ours(room: Room) -> None:
    me = citizen_id(room)
    for kind, values, about in (
        ("no-such-kind", VALUES, ""),
        ("case-received", {"service": "复工备案"}, ""),
        ("case-received", {**VALUES, "phone": "1"}, ""),
        ("case-received", VALUES, "张三 的申请"),
    ):
        with pytest.raises(ValueError), room.hub.database.session() as session:
            room.hub.messages.tell(session, me, kind, values, about)


def test_who_goes_takes_the_inbox_along(room: Room) -> None:
    tell(room)
    assert "messages" in room.citizen(HAN).ask("DELETE", "/me").json["deleted"]
    with room.hub.database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM messages_message")) == 0


def test_a_visitor_who_turns_out_to_be_known_keeps_inbox_and_consents(room: Room) -> None:
    known = citizen_id(room)
    room.citizen(VISITOR)
    visitor = citizen_id(room, VISITOR)
    room.citizen(VISITOR).post("/me/subscriptions", {"templates": ["demo-template-case-decided"]})
    with room.hub.database.session() as session:
        id = room.hub.messages.tell(session, visitor, "case-received", VALUES)
        room.hub.login.join(session, visitor, known)
    assert [item["id"] for item in page(room.citizen(HAN))["items"]] == [id]  # type: ignore[attr-defined]
    left = {each["kind"]: each["left"] for each in room.citizen(HAN).get("/me/subscriptions").json["items"]}
    assert left["case-decided"] == 1

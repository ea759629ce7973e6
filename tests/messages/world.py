"""What the tests of the push share: people who are told something, and the twins they are told through."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests
from sqlalchemy import text

from hub.demo.personas import Persona
from hub.messages.service import TASK
from tests.credentials.conftest import HAN, Room
from tests.login.room import MovableClock

SMS = ("sms_mobile", "sms_telecom")
VALUES = {
    "case-received": {"service": "复工备案", "receipt_no": "BJ2026010500000017", "promised_on": "2026-01-08"},
    "case-progress": {"service": "复工备案", "receipt_no": "BJ2026010500000017", "status": "已受理"},
    "case-decided": {"service": "复工备案", "receipt_no": "BJ2026010500000017", "result": "准予"},
    "urgent-notice": {"title": "暴雨红色预警", "text": "请立即转移到村部。"},
}


def citizen_id(room: Room, persona: Persona = HAN) -> str:
    with room.hub.database.session() as session:
        id = room.hub.login.citizen_of(session, persona.openid)
    assert id
    return id


def tell(room: Room, kind: str = "case-decided", persona: Persona = HAN) -> str:
    me = citizen_id(room, persona)
    with room.hub.database.session() as session:
        return room.hub.messages.tell(session, me, kind, VALUES[kind], "BJ2026010500000017")


def push(room: Room) -> None:
    """What the doorbell does."""
    room.hub.push.ring(lambda: False)


def stands(room: Room, id: str) -> tuple[str, str, str]:
    """State, channel and code."""
    with room.hub.database.session() as session:
        row = session.execute(text("SELECT state, channel, code FROM messages_message WHERE id = :id"), {"id": id})
        found: tuple[str, str, str] = tuple(row.one())
    return found


def attempts(room: Room, id: str = "") -> list[tuple[str, str]]:
    """System and outcome, in order."""
    query = "SELECT system, outcome FROM messages_attempt WHERE message_id = :id OR :id = '' ORDER BY started_at"
    with room.hub.database.session() as session:
        return [tuple(row) for row in session.execute(text(query), {"id": id})]


def rings(room: Room) -> int:
    with room.hub.database.session() as session:
        query = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task AND status = 'todo'")
        return int(session.scalar(query, {"task": TASK}) or 0)


def later(room: Room, seconds: float) -> None:
    clock = room.hub.clock
    assert isinstance(clock, MovableClock)
    clock.ahead += seconds


def twin(room: Room, system: str, method: str, path: str, **body: Any) -> Any:
    return requests.request(method, f"{room.twins[system]['url']}/twin/{path}", json=body, timeout=30).json()


def sent(room: Room, system: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = twin(room, system, "GET", "records")["records"]
    return found


def both_sent(room: Room) -> int:
    return sum(len(sent(room, system)) for system in SMS)


def consent(room: Room, kind: str, persona: Persona = HAN, at_wechat: int = 1) -> None:
    """The user accepted it once: WeChat counts for itself, the client tells us."""
    template = room.hub.settings.now.messages[kind].wechat
    assert template
    me = room.citizen(persona)
    twin(room, "wechat", "POST", "consents", openid=persona.openid, template_id=template.template_id, count=at_wechat)
    answer = me.post("/me/subscriptions", {"templates": [template.template_id]})
    assert answer.status_code == 200, answer.text


def processed(room: Room) -> None:
    """What the inbox has stored of the providers' receipts."""
    for system in SMS:
        while room.hub.inbox.processing.one(system):
            pass


def eventually(check: Callable[[], Any], seconds: float = 30) -> Any:
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "never came true"
        time.sleep(0.05)
    return found

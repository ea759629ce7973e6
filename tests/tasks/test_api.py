"""The clerk's phone over HTTP: whose tasks, what may be done, what a stranger sees."""

from __future__ import annotations

import pytest

from tests.credentials.conftest import HAN, Room, room

__all__ = ["room"]
TOWN = "360423001"


@pytest.fixture
def task(room: Room) -> str:
    with room.hub.database.session() as session:
        return room.hub.tasks.assign(session, "site-check", f"{TOWN}003", "360423-test", {"address": "示范路1号"})


def test_feat_X3_a_clerk_sees_a_task_and_confirms_it(room: Room, task: str) -> None:
    clerk = room.of("community_clerk")
    listed = {each["id"]: each for each in clerk.get("/desk/tasks?page_size=100").json["items"]}
    assert listed[task]["told"] == {"address": "示范路1号"}
    assert listed[task]["answers"] == {"in_order": "情况属实", "not_in_order": "与申报不符"}
    assert clerk.post(f"/desk/tasks/{task}/acknowledge").json["acknowledged_at"]
    done = clerk.post(f"/desk/tasks/{task}/confirm", {"answer": "in_order"})
    assert (done.status_code, done.json["state"], done.json["possible"]) == (200, "done", [])
    again = clerk.post(f"/desk/tasks/{task}/confirm", {"answer": "in_order"})
    assert (again.status_code, again.json["code"], again.json["possible"]) == (409, "STATE_CONFLICT", [])
    assert clerk.get("/desk/load").json["items"]


def test_feat_X3_a_clerk_may_only_confirm_or_ask_back(room: Room, task: str) -> None:
    clerk = room.of("community_clerk")
    assert clerk.post(f"/desk/tasks/{task}/query", {"note": "哪一家?"}).json["state"] == "queried"
    assert clerk.post(f"/desk/tasks/{task}/reply", {"note": "东侧"}).json["code"] == "ROLE_REQUIRED"
    assert room.of("officer").post(f"/desk/tasks/{task}/reply", {"note": "东侧"}).json["state"] == "open"
    refused = clerk.post(f"/desk/tasks/{task}/confirm", {"answer": "approved"})
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "answer")


def test_feat_X3_nobody_else_sees_it(room: Room, task: str) -> None:
    assert room.of("officer").get(f"/desk/tasks/{task}").status_code == 404, "an account without an office has none"
    assert room.citizen(HAN).get(f"/desk/tasks/{task}").json["code"] == "ROLE_REQUIRED"
    assert room.anyone().get(f"/desk/tasks/{task}").json["code"] == "TOKEN_MISSING"
    assert room.of("community_clerk").get("/desk/tasks/t0").status_code == 404
    assert room.of("community_clerk").get("/desk/tasks?cursor=t0").json["code"] == "PAGE_INVALID"

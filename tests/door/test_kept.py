"""Answers the door repeats by itself, and for how long."""

from __future__ import annotations

import time

from tests.door.wire import Server

PATH = "/api/v1/kept"


def test_a_kept_answer_is_repeated_and_then_made_anew(server: Server) -> None:
    first, second = server.get(PATH), server.get(PATH)
    time.sleep(3.1)
    third = server.get(PATH)
    assert first.content == second.content != third.content
    assert first.headers["x-trace-id"] != second.headers["x-trace-id"]
    assert second.headers["cache-control"] == "public, max-age=5"
    assert second.headers["etag"] == '"one"'
    assert {name for name in first.headers if name != "date"} == {name for name in second.headers if name != "date"}


def test_a_kept_answer_belongs_to_its_query_and_language(server: Server) -> None:
    plain = server.get(PATH)
    assert server.get(PATH + "?a=1").content != plain.content
    assert server.get(PATH, {"Accept-Language": "en"}).content != plain.content
    assert server.ask("POST", PATH).status == 405


def test_a_kept_answer_knows_its_tag(server: Server) -> None:
    server.get(PATH)
    for known in ('"one"', 'W/"one"', '"other", "one"', "*"):
        told = server.get(PATH, {"If-None-Match": known})
        assert (told.status, told.content) == (304, b""), known
        assert told.headers["etag"] == '"one"'
    assert server.get(PATH, {"If-None-Match": '"other"'}).status == 200


def test_the_door_stands_before_a_kept_answer(server: Server) -> None:
    server.get(PATH)
    assert server.get(PATH, {"Host": "evil.example"}).code == "HOST_INVALID"
    assert server.get(PATH, {"X-WX-OPENID": "o1"}).code == "CLIENT_IDENTITY_FORBIDDEN"

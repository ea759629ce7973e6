"""Flow over HTTP: who sees counts, the live stream, and the search that is recorded."""

from __future__ import annotations

from datetime import timedelta

from hub.flow.events import Crossing
from tests.credentials.conftest import HAN, Room, room
from tests.tracing.orders import in_force

__all__ = ["room"]
PLACE = "360423001008"


def cross(room: Room, *people: str) -> None:
    now = room.hub.clock.now()
    room.hub.flow.crossed([Crossing(f"t-{each}", PLACE, "east", "in", now, room.hub.flow.tag(each)) for each in people])
    while room.hub.flow.turn():
        pass


def test_feat_S10_counts_are_seen_by_staff_alone(room: Room) -> None:
    cross(room, *(f"p{number}" for number in range(5)))
    shown = room.of("operator").get(f"/flow/communities/{PLACE}?bucket=1h").json
    assert (shown["present"], shown["items"][-1]["in"], shown["smallest_group"]) == (5, 5, 5)
    assert room.citizen(HAN).get(f"/flow/communities/{PLACE}").json["code"] == "ROLE_REQUIRED"
    assert room.of("community_clerk").get("/flow/communities/360424001").json["code"] == "NOT_FOUND"
    assert room.of("operator").get(f"/flow/communities/{PLACE}?bucket=1s").json["code"] == "PARAM_INVALID"


def test_feat_S10_the_stream_tells_who_is_inside(room: Room) -> None:
    cross(room, *(f"q{number}" for number in range(5)))
    answer = room.of("operator").client.open(
        f"/api/v1/flow/stream?region={PLACE}", headers={"Authorization": f"Bearer {room.of('operator').token}"}
    )
    assert answer.mimetype == "text/event-stream"
    first = next(iter(answer.response))
    assert first.startswith(b"event: present\n") and PLACE.encode() in first
    answer.close()


def test_feat_S10_a_search_is_an_act_on_record(room: Room) -> None:
    cross(room, HAN.id_number)
    now = room.hub.clock.now()
    in_force(room.hub, "J-7")
    asked = {
        "order_no": "J-7", "id_number": HAN.id_number, "regions": [PLACE], "since": (now - timedelta(1)).isoformat(),
        "until": (now + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    found = room.of("officer").post("/flow/searches", asked)
    assert [each["gate_id"] for each in found.json["items"]] == ["east"], found.text
    assert room.of("operator").post("/flow/searches", asked).json["code"] == "ROLE_REQUIRED"
    without = room.of("officer").post("/flow/searches", {**asked, "order_no": None})
    assert without.status_code == 422

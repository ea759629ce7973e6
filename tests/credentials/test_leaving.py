"""Who leaves takes all that was shown and copied along; the issuer's register and the record of checks stay."""

from __future__ import annotations

from sqlalchemy import text

from hub.demo import personas
from tests.credentials.conftest import Room

GOING = personas.PERSONAS[3]
_LEFT = text("""
SELECT (SELECT count(*) FROM credentials_shown WHERE citizen_id = :citizen),
       (SELECT count(*) FROM credentials_copy WHERE citizen_id = :citizen),
       (SELECT count(*) FROM credentials_check WHERE citizen_id = :citizen),
       (SELECT count(*) FROM credentials_licence WHERE id = :id),
       (SELECT count(*) FROM gateway_submission WHERE subject_tag = :tag)
""")


def test_shown_codes_copies_and_stored_answers_end_with_the_person(room: Room) -> None:
    person = room.citizen(GOING)
    id = room.issue("food-business-licence", GOING)["id"]
    code = room.show(GOING, id)
    assert room.check(code).status_code == 200
    copy = person.post(f"/me/credentials/{id}/copies", {"purpose": "租赁", "days": 30})
    assert copy.status_code == 201, copy.text
    clue = person.post("/clues", {"text": "口罩涨价", "region": "360423001"}, Idempotency_Key="a" * 32)
    assert clue.status_code == 201, clue.text
    citizen = person.get("/me").get_json()["citizen_id"]
    told = {"citizen": citizen, "id": id, "tag": room.hub.crypto.lookup(citizen, "gateway.submission")}
    with room.hub.database.read() as connection:
        assert tuple(connection.execute(_LEFT, told).one()) == (2, 1, 1, 1, 1)

    assert person.ask("DELETE", "/me").status_code == 200
    assert room.check(code).status_code == 404
    del room.tokens[GOING.openid]
    with room.hub.database.read() as connection:
        left = connection.execute(_LEFT, told).one()
    assert tuple(left) == (0, 0, 1, 1, 0)

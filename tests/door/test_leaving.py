"""What stays of somebody who has gone is what they were told stays, and why (PIPL 47): seen in every table there is."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from blueprints.app import create_app
from hub.flow import writing
from hub.flow.events import Crossing
from hub.main import Hub
from hub.tracing.rules import Sighting
from tests.door.test_two_users import owner, token

# Which tables hold what the answer to DELETE /me names.
TOLD = {
    "Records of exchanges": ("ledger_",),
    "Logs of sign-ins and acts": ("login_session", "login_refresh", "credentials_check"),
    "Applications, appeals and clues": ("cases_", "filings_", "tasks_", "appeals_"),
    "Papers of cases": ("materials_",),
    "Where I was": ("tracing_", "flow_"),
    "Mandates that ended": ("mandates_",),
    "The licences I hold": ("credentials_licence", "credentials_change"),
}
# Of nobody: work to be done (numbers alone), that something of an opaque id is gone, a key of our own.
NOBODYS = ("procrastinate_", "health_code_change", "keys_look_up")


def rows(hub: Hub) -> Counter[str]:
    """How many there are in each table."""
    names = "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace " \
            "WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition"
    with hub.database.read() as connection:
        tables = connection.execute(text(names)).scalars().all()
        counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables)  # noqa: S608
        return Counter({name: count for name, count in connection.execute(text(counts))})


def test_what_stays_of_who_has_gone_is_told(hub: Hub) -> None:
    before, people = rows(hub), "SELECT citizen_id FROM identity_person"
    with hub.database.read() as connection:
        known = set(connection.execute(text(people)).scalars())
    gone = owner(hub, "邓测丙")
    now = hub.clock.now()
    with hub.database.session() as session:
        seat = Sighting("train", "leaving-1", "G1/18", now - timedelta(hours=1), now, "id_number", gone.known.id_number)
        hub.tracing.take(session, [seat])
        passed = Crossing("leaving-1", "360423001003", "g1", "in", now, hub.flow.tag(gone.known.id_number))
        writing.write(session, [passed])
    with hub.database.read() as connection:
        new = set(connection.execute(text(people)).scalars()) - known
    client = create_app(hub).test_client()
    answers = [
        client.delete("/api/v1/me", headers={"Authorization": f"Bearer {token(hub, citizen)}"}) for citizen in new
    ]
    assert {each.status_code for each in answers} == {200}
    told = "".join(each["what"]["en"] for each in answers[0].get_json()["kept"])
    allowed = (*NOBODYS, *(table for what, tables in TOLD.items() if what in told for table in tables))
    left = rows(hub) - before
    assert {name for name in left if not name.startswith(allowed)} == set()
    assert {"cases_case", "tracing_sighting", "credentials_licence", "ledger_entry"} <= set(left), "it would be seen"

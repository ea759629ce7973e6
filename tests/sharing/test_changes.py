"""Changes in shared data are told to who was given it and to nobody else: a reference, never a value (K8, L5).

What the room keeps ends with its term."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.commands.rounds import Rounds
from hub.exchange.feed import Feed
from hub.exchange.models import ChangeRow, UseRow
from hub.exchange.retention import sweep
from hub.inbox.keeping import Keeping
from hub.inbox.rules import datasets
from hub.ledger.proofs import entries
from hub.ledger.statement import Statement
from hub.port import Record
from hub.settings.sharing_shapes import Sharing, Source
from tests.credentials.conftest import HAN, LIN, Person
from tests.sharing.conftest import MARRIAGE, Table
from tests.sharing.test_corrections import ANSWER, report
from tests.sharing.test_use import execute, locked, read, steps, use

RESULTS = "360423-052001"
FIELDS = ("name", "id_number", "test_item", "test_result", "sampled_at")
SOURCE = Source("nucleic_acid", "query_results", ("id_number",), {name: name for name in FIELDS}, "results")


def subscribed(table: Table, *fields: str, resource: str = MARRIAGE) -> str:
    """A right with a subscription; the right's id."""
    request = table.ask(*fields, resource=resource)["id"]
    with table.room.hub.database.session() as session:
        for office in ("data_bureau", "civil_affairs" if resource == MARRIAGE else "cdc"):
            table.room.hub.sharing.requests.decide(session, request, office, "somebody", "approve", "", "")
    (grant,) = read(table, "SELECT id FROM sharing_grant WHERE request_id = :id", id=request)
    told = table.education.post("/data/subscriptions", {"grant": grant.id})
    assert told.status_code == 201, told.text
    return str(grant.id)


def purpose_of(table: Table, grant: str) -> str:
    return str(read(table, "SELECT purpose FROM sharing_grant WHERE id = :id", id=grant)[0].purpose)


def changes(table: Table, grant: str, who: Person | None = None) -> list[dict[str, Any]]:
    items = (who or table.education).get("/data/changes?page_size=100").json["items"]
    return [each for each in items if each["grant"] == grant]


def colleague(table: Table) -> Person:
    """Of the same office, and named by none of its rights."""
    hub = table.room.hub
    with hub.database.session() as session:
        fresh, hashed = hub.accounts.made()
        account = hub.accounts.create(session, "newcomer", "data_officer", fresh, hashed, office="education")
        standing = hub.identity.standing(session, "staff", account.staff_id)
        assert standing
        token = hub.login._sessions.begin(session, "staff", account.staff_id, standing).access_token
    return Person(table.room.client, token)


def corrected(table: Table, **what: Any) -> None:
    id = report(table, table.platform, **what).json["id"]
    assert table.owner.post(f"/data/corrections/{id}/answer", ANSWER).status_code == 200


def test_feat_K8_what_was_corrected_at_its_source_is_told_by_reference(table: Table) -> None:
    grant = subscribed(table, "name", "marital_status")
    given = use(table, purpose_of(table, grant)).json["exchange_id"]
    corrected(table)
    (change,) = changes(table, grant)
    what = {name: change[name] for name in ("kind", "resource", "fields", "exchange_id")}
    assert what == {"kind": "corrected", "resource": MARRIAGE, "fields": ["marital_status"], "exchange_id": given}
    page = table.education.get("/data/changes?page_size=100")
    assert HAN.name not in page.text and HAN.id_number not in page.text and "divorced" not in page.text
    onward = page.json["next_cursor"]
    again = table.education.get(f"/data/changes?cursor={onward}").json
    assert again == {"items": [], "next_cursor": onward}
    assert table.education.get("/data/changes?cursor=x").json["code"] == "PAGE_INVALID"


def test_feat_K8_each_telling_is_in_the_ledger_once_and_the_citizen_reads_it(table: Table) -> None:
    grant = subscribed(table, "marital_status")
    use(table, purpose_of(table, grant))
    corrected(table)
    for _ in range(2):
        (change,) = changes(table, grant)
    (row,) = read(table, "SELECT told_in::text FROM exchange_change WHERE id = :id", id=int(change["id"]))
    assert steps(table, row.told_in) == ["DECIDED", "DELIVERED"]
    pushed = [each for each in _statements(table) if each.policy_version == grant and each.op == "PUSH"]
    assert [each.fields for each in pushed] == [("marital_status",)]
    lines = table.room.citizen(HAN).get("/me/access-log?page_size=100").json["items"]
    assert row.told_in in {each["exchange_id"] for each in lines}


def test_feat_K8_no_leaf_and_nothing_is_told(table: Table) -> None:
    grant = subscribed(table, "marital_status")
    use(table, purpose_of(table, grant))
    corrected(table)
    with locked(table, "ledger_entry"):
        told = table.education.get("/data/changes?page_size=100")
    assert (told.status_code, told.json["code"], "items" in told.json) == (503, "EVIDENCE_UNAVAILABLE", False)
    assert len(changes(table, grant)) == 1


def test_feat_K3_only_who_was_given_that_field_of_that_person_hears_of_it(table: Table) -> None:
    never, other_field = subscribed(table, "marital_status"), subscribed(table, "name")
    narrow = subscribed(table, "name", "marital_status")
    use(table, purpose_of(table, other_field))
    use(table, purpose_of(table, narrow), fields=["name"])
    corrected(table)
    assert [changes(table, each) for each in (never, other_field, narrow)] == [[], [], []]
    mine = subscribed(table, "marital_status")
    use(table, purpose_of(table, mine))
    corrected(table, subject={"id_number": LIN.id_number, "name": LIN.name})
    assert changes(table, mine) == []
    corrected(table)
    assert len(changes(table, mine)) == 1
    for other in (table.county, table.owner, colleague(table)):
        assert changes(table, mine, other) == []


def test_feat_K3_a_subscription_ends_with_its_right(table: Table) -> None:
    grant = subscribed(table, "marital_status")
    use(table, purpose_of(table, grant))
    corrected(table)
    assert len(changes(table, grant)) == 1
    assert table.owner.ask("DELETE", f"/data/grants/{grant}").status_code == 200
    corrected(table)
    assert changes(table, grant) == []
    count = "SELECT 1 FROM exchange_change c JOIN exchange_subscription s ON s.id = c.subscription WHERE grant_id = :id"
    assert len(read(table, count, id=grant)) == 1, "what came after the end was not even recorded"
    (listed,) = [each for each in table.education.get("/data/subscriptions").json["items"] if each["grant"] == grant]
    assert listed["live"] is False
    assert table.education.post("/data/subscriptions", {"grant": grant}).json["code"] == "GRANT_EXPIRED"


def test_feat_K3_a_subscription_is_the_offices_own(table: Table) -> None:
    grant = subscribed(table, "name")
    for who in (table.county, table.owner):
        assert who.post("/data/subscriptions", {"grant": grant}).status_code == 404
    items = table.education.get("/data/subscriptions").json["items"]
    id = next(each["id"] for each in items if each["grant"] == grant)
    assert table.education.post("/data/subscriptions", {"grant": grant}).json["id"] == id
    assert table.county.ask("DELETE", f"/data/subscriptions/{id}").status_code == 404
    assert table.education.ask("DELETE", f"/data/subscriptions/{id}").status_code == 204
    assert table.education.ask("DELETE", f"/data/subscriptions/{id}").status_code == 404


def test_feat_L5_records_that_differ_are_told_by_field(table: Table) -> None:
    hub, grant = table.room.hub, subscribed(table, "name", "test_result", resource=RESULTS)
    evidence, described = hub.ledger.evidence, hub.systems.described
    feed = Feed(hub.exchange.subscriptions, evidence, lambda: Sharing(sources={RESULTS: SOURCE}), described)
    _taken(table, grant, evidence.subject_tag("resident_id", HAN.id_number))
    brought = lambda *what, **more: _brought(table, feed, *what, **more)  # noqa: E731
    brought("negative", version="1")
    heard = [each["fields"] for each in changes(table, grant)]
    assert heard == [["name", "test_result"]], "a record that was not there before"
    brought("negative", version="1")
    brought("positive", version="1", number=LIN.id_number)
    assert len(changes(table, grant)) == 1, "the same again, and somebody else's"
    brought("positive", version="2")
    brought("negative", version="1")  # comes late, and counts no more
    brought("positive", version="3", item="antibody")  # a field that was never given: still a new record
    brought("positive", version="4", deleted=True)
    told = [(each["kind"], each["fields"]) for each in changes(table, grant)[1:]]
    both = ["name", "test_result"]
    assert told == [("changed", ["test_result"]), ("changed", both), ("removed", both)]


def test_feat_L5_without_a_subscription_no_record_is_opened(table: Table) -> None:
    hub = table.room.hub
    feed = Feed(hub.exchange.subscriptions, hub.ledger.evidence, lambda: Sharing(sources={"none": SOURCE}),
                hub.systems.described)  # fmt: skip
    with hub.database.session() as session:
        assert not feed.datasets(session, "nucleic_acid") and not feed.datasets(session, "civil_affairs")
        assert not hub.exchange.feed.datasets(session, "civil_affairs"), "asked of the department itself"
    assert hub.inbox.processing._watching() is hub.exchange.feed


def test_feat_L5_no_cursor_passes_a_change_that_is_not_committed_yet(table: Table) -> None:
    """Numbers are given out before the commit: the second waits for the first."""
    grant = subscribed(table, "marital_status")
    use(table, purpose_of(table, grant))
    hub = table.room.hub
    tags = hub.ledger.evidence.subject_tags("resident_id", HAN.id_number)
    tell = lambda session: hub.exchange.subscriptions.tell(session, MARRIAGE, tags, ["marital_status"], "changed")  # noqa: E731
    with hub.database.engine.connect() as one, hub.database.engine.connect() as two, Session(one) as slow:
        with Session(two) as quick:
            assert tell(slow) >= 1
            quick.execute(text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                tell(quick)
            quick.rollback()
        slow.rollback()
    assert changes(table, grant) == []


@pytest.mark.parametrize(("days", "goes"), [(364, False), (366, True)])
def test_feat_K3_what_is_known_of_a_use_ends_with_its_term(table: Table, days: int, goes: bool) -> None:
    grant = subscribed(table, "marital_status")
    use(table, purpose_of(table, grant))
    corrected(table)
    assert changes(table, grant)
    waits = report(table, field="registered_on").json["id"]
    hub = table.room.hub
    with hub.database.engine.connect() as connection, Session(connection) as session:
        later = hub.clock.now() + timedelta(days=days)
        while sweep(session, later, hub.settings.now.sharing.kept_days):
            pass
        left = [session.scalar(select(func.count()).select_from(each)) for each in (UseRow, ChangeRow)]
        closed = session.scalar(text("SELECT count(*) FROM exchange_correction WHERE answered_at IS NOT NULL"))
        told = session.scalar(text("SELECT count(*) FROM exchange_notice WHERE correction <> ALL("
                                   "SELECT id FROM exchange_correction WHERE answered_at IS NULL)"))  # fmt: skip
        assert [each == 0 for each in (*left, closed, told)] == [goes] * 4
        open_one = session.scalar(text("SELECT state FROM exchange_correction WHERE id = :id"), {"id": waits})
        session.rollback()
    assert open_one == "reported", "what nobody answered is still owed"
    assert "forget_uses" in {each.name for each in Rounds(hub)._rounds}
    execute(table, "UPDATE exchange_correction SET answered_at = now(), next_at = NULL WHERE id = :id", id=waits)


def _taken(table: Table, grant: str, tag: bytes) -> None:
    """Given once by this right; the department itself cannot be asked here."""
    with table.room.hub.database.session() as session:
        session.add(UseRow(
            exchange_id=uuid.uuid4(), at=table.room.hub.clock.now(), resource=RESULTS, system="nucleic_acid",
            supplier="cdc", consumer="education", officer="o", grant_id=grant, fields=["name", "test_result"],
            data_class=4, subject_tag=tag, outcome="OK", rows=1,
        ))  # fmt: skip


def _brought(
    table: Table, feed: Feed, result: str, *, version: str, number: str = HAN.id_number,
    item: str = "nucleic_acid", deleted: bool = False,
) -> None:  # fmt: skip
    """A record as the inbox keeps it."""
    hub = table.room.hub
    fields = {"id_number": number, "name": "某人", "test_item": item, "test_result": result, "sampled_at": "2026-11-20"}
    record = Record("results", f"{number}/{item}", fields, version=version, deleted=deleted)
    with hub.database.session() as session:
        watched = feed.datasets(session, "nucleic_acid")
        declared = datasets(hub.systems.described("nucleic_acid"))
        differs = Keeping(hub.crypto).put(session, "nucleic_acid", 1, declared, [record], watched)
        feed.differ(session, "nucleic_acid", differs)


def _statements(table: Table) -> list[Statement]:
    hub = table.room.hub
    with hub.database.session() as session:
        rows = session.execute(text("SELECT exchange_id FROM ledger_entry WHERE step = 'DECIDED'")).scalars().all()
        found = [hub.ledger.evidence.opened(session, each) for id in rows for each in entries(session, id)]
    return [Statement.unpacked(each["statement"]) for each in found if each and "statement" in each]

"""The mapping report in the database: counts of all workers add up, and nothing is lost while PostgreSQL is away."""

from __future__ import annotations

from hub.database import Database
from hub.systems.unmapped import UnmappedWords


def test_feat_C9_counts_of_two_workers_add_up(fresh_database: str) -> None:
    database = Database(fresh_database, pool_size=2)
    workers = [UnmappedWords(database) for _ in range(2)]
    for worker in workers:
        for _ in range(3):
            worker.of("register")("query_person", "code table sex", "9")
        worker.of("fund")("query", "element", "data.new")
        worker.write()
        worker.write()  # nothing is counted twice
    with database.session() as session:
        seen = {(each.system, each.kind, each.word): each.seen for each in workers[0].report(session)}
        assert seen == {("register", "code table sex", "9"): 6, ("fund", "element", "data.new"): 2}
        assert [each.system for each in workers[1].report(session, "fund")] == ["fund"]
    database.close()


def test_fault_what_was_counted_waits_for_the_database(fresh_database: str) -> None:
    away, there = Database("postgresql+psycopg://nobody@127.0.0.1:9/none", pool_size=1), Database(fresh_database)
    words = UnmappedWords(away)
    words.of("fund")("query", "element", "data.new")
    words.write()
    words._database = there
    words.write()
    with there.session() as session:
        assert [each.seen for each in words.report(session)] == [1]
    away.close()
    there.close()

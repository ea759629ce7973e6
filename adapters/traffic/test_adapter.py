"""A recorded answer in, Reply out: what was asked and what came of it stands beside it."""

from tests.protocols.cores import replayed


def test_a_recorded_answer() -> None:
    fields, written_down = replayed("traffic", "query_violations.ok")
    assert fields == written_down

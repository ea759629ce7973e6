"""A recorded answer in, Reply out: what was asked and what came of it stands beside it."""

from tests.protocols.cores import replayed


def test_a_recorded_answer() -> None:
    fields, written_down = replayed("fund_core", "query_account.ok")
    assert fields == written_down

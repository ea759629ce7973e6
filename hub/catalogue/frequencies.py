"""How common a token is among the titles, as PostgreSQL's own statistics say. Only a plan is chosen by it, never a hit.

An import renews the statistics; the thousand most frequent tokens stand in them, which are the ones that matter here.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from hub.catalogue.query import Condition, Way

_READ = """
SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_stats
WHERE schemaname = current_schema() AND tablename = 'catalogue_name' AND attname = 'tokens'
"""


class Frequencies:
    """The share of titles that have a token; one that is not known is rare."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._shares = shares

    @classmethod
    def read(cls, connection: Connection) -> Frequencies:
        row = connection.execute(text(_READ)).one_or_none()
        tokens, shares = (row[0], row[1]) if row and row[0] else ([], [])
        return cls(dict(zip(tokens, shares, strict=False)))  # least, greatest and null share stand behind the others

    def share(self, condition: Condition) -> float:
        """At most this share of the titles meets the condition, roughly."""
        return sum(min(sum(map(self._of_way, ways)) for ways in runs) for runs in condition)

    def _of_way(self, way: Way) -> float:
        all_of = [self._shares.get(token, 0.0) for token in way.tokens]
        one_of = [sum(self._shares.get(token, 0.0) for token in choice) for choice in way.choices]
        return min([*all_of, *one_of], default=1.0)

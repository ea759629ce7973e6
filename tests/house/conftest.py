"""What the laws leave behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house.sources import parsed


@pytest.fixture(scope="module", autouse=True)
def trees_are_let_go() -> Iterator[None]:
    """With all of them in memory each search for waste stops every thread of later tests for a second and more."""
    yield
    parsed.cache_clear()

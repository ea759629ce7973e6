"""How full the disk is (fault F23): papers stop first, submissions later, and reading never."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from hub.errors import Problem
from hub.settings.shapes import Materials as Terms


class Disk:
    """The disk under HUB_HOME, where the embedded stores and the spool are too."""

    def __init__(self, place: Path, terms: Callable[[], Terms]) -> None:
        self._place, self._terms = place, terms

    def percent(self) -> float:
        """Of what an ordinary account may use, as `df` counts; 0 where it cannot be told."""
        try:
            usage = shutil.disk_usage(self._place)
        except OSError:
            return 0.0
        return 100 * usage.used / ((usage.used + usage.free) or 1)

    def room_for_papers(self) -> None:
        """Raises STORAGE_FULL."""
        self._room(self._terms().disk_papers)

    def room_for_submissions(self) -> None:
        """Raises STORAGE_FULL."""
        self._room(self._terms().disk_submissions)

    def _room(self, most: int) -> None:
        if self.percent() >= most:
            raise Problem("STORAGE_FULL", origin="hub", retry_after=600)

"""The museum of wrong files: each exhibit is laid over a good configuration; `expected` holds every complaint, with its
place, that must be made about it (security.md B100, features.md X16)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.settings import Settings, Unusable

MUSEUM = Path(__file__).with_name("museum")
EXHIBITS = sorted(path.name for path in MUSEUM.iterdir())


@pytest.mark.parametrize("name", EXHIBITS)
def test_row_B100_a_wrong_file_is_named_with_its_place(name: str, folder: Path, opened: Callable[[], Settings]) -> None:
    settings = opened()
    before = settings.now
    exhibit = MUSEUM / name
    shutil.copytree(exhibit, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected"))

    complaints = "".join(f"{complaint}\n" for complaint in settings.check())
    if "HUB_FILL_THE_MUSEUM" in os.environ:
        (exhibit / "expected").write_text(complaints, encoding="utf-8")
    assert complaints == (exhibit / "expected").read_text(encoding="utf-8")

    settings.reload()
    assert settings.now is before
    assert settings.problem is not None and settings.problem.startswith(complaints.splitlines()[0])
    assert "hunter2" not in complaints and "Xk29" not in complaints, "a secret must not come back in a complaint"


@pytest.mark.parametrize("name", EXHIBITS)
def test_a_start_on_a_wrong_file_leaves_out_only_what_is_wrong(
    name: str, folder: Path, opened: Callable[[], Settings]
) -> None:
    whole = opened().now
    shutil.copytree(MUSEUM / name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected"))
    try:
        settings = opened()
    except Unusable as unusable:
        assert any(str(complaint) in str(unusable) for complaint in unusable.complaints)
        return
    assert settings.problem
    assert set(settings.now.services) <= set(whole.services)
    assert set(settings.now.systems) <= set(whole.systems)
    assert all(settings.now.services[id] == whole.services[id] for id in settings.now.services)

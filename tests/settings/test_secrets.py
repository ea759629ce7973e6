"""Where a named secret comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.settings import Secrets
from hub.settings.secrets import Missing


def test_environment_first_then_the_file_of_the_demo(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# written by hub demo\nA=from the file\nB=x=y\n\n", encoding="utf-8")
    secrets = Secrets({"A": "from the environment"}, tmp_path)
    assert secrets.resolve("env/A") == "from the environment"
    assert secrets.resolve("env/B") == "x=y"


def test_a_file_is_relative_to_the_home_and_one_line_break_is_not_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("pass word\n\n", encoding="utf-8")
    assert Secrets({}, tmp_path).resolve("file/s") == "pass word\n"
    assert Secrets({}, Path("/nowhere")).resolve(f"file/{tmp_path / 's'}") == "pass word\n"


@pytest.mark.parametrize("reference", ["env/C", "file/none", "file/empty", "file/folder", "file/binary"])
def test_what_is_not_there_is_named_and_nothing_else(tmp_path: Path, reference: str) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(Missing):
        Secrets({}, tmp_path).resolve(reference)

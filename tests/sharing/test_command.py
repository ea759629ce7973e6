"""`hub resources import`: what is taken and what is refused is told, and the exit says whether all was."""

from __future__ import annotations

import json
import os
from pathlib import Path

from click.testing import CliRunner, Result

from hub.__main__ import main
from tests.sharing.conftest import CLASSES, Table


def run(table: Table, home: Path, file: Path) -> Result:
    environ = {**os.environ, "HUB_HOME": str(home), "HUB_DATABASE_URL": table.room.hub.database.url,
               "HUB_REDIS_URL": table.redis, **table.room.twins.environ}  # fmt: skip
    return CliRunner().invoke(main, ["resources", "import", str(file), "--json"], env=environ)


def test_feat_K1_a_list_is_imported_from_the_command_line(table: Table, hub_home: Path, tmp_path: Path) -> None:
    taken = run(table, hub_home, CLASSES)
    assert (taken.exit_code, json.loads(taken.stdout)) == (0, {"taken": 124, "refused": []}), taken.output
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps([{"code": "1"}]), encoding="utf-8")
    told = run(table, hub_home, bad)
    assert told.exit_code == 1 and len(json.loads(told.stdout)["refused"]) == 1
    bad.write_text("{}", encoding="utf-8")
    assert run(table, hub_home, bad).exit_code == 1

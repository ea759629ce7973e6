"""What may happen in the middle: a killed process, a full disk, a frozen moment. Nothing half is ever there."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from hub.errors import Problem
from hub.materials.disk import Disk
from hub.materials.models import Body, FileRow, Shelf
from hub.settings.shapes import Materials as Terms
from tests.county import ROOT
from tests.materials import papers
from tests.materials.conftest import Room


def _waits_for_the_shelf(watching: psycopg.Connection[tuple[int]]) -> bool:
    row = watching.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return bool(row and row[0])


def test_fault_F14_killed_between_writing_and_commit(room: Room, environ: dict[str, str], tmp_path: Path) -> None:
    """The bytes are written and the shelf is awaited: there the process dies. Nothing is left; the same paper comes in
    afterwards."""
    person, file = room.citizen(), tmp_path / "a.jpg"
    person.send(papers.photo(seed=1))  # so that there is a shelf
    file.write_bytes(papers.photo(900, 900, seed=2))
    url = room.hub.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.materials.uploader", person.citizen_id, str(file)]
    died = False
    with psycopg.connect(url, autocommit=True) as watching:
        for _ in range(5):  # the wait lasts a second; a loaded machine may miss it
            with psycopg.connect(url) as holding:
                holding.execute("SELECT 1 FROM materials_shelf WHERE citizen_id = %s FOR UPDATE", [person.citizen_id])
                process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
                while not (waits := _waits_for_the_shelf(watching)) and process.poll() is None:
                    time.sleep(0.01)
                if waits and process.poll() is None:
                    process.kill()
                    died = process.wait(60) == -signal.SIGKILL
                process.wait(60)
            if died:
                break
    assert died, "it was never caught in the act"
    with room.hub.database.session() as session:
        assert session.get_one(Shelf, person.citizen_id).files == 1
        assert len(session.scalars(select(FileRow)).all()) == len(session.scalars(select(Body)).all()) == 1
    done = subprocess.run(command, cwd=ROOT, env=environ, timeout=240, check=False)
    assert done.returncode == 0
    assert len((person.get("/me/materials").json or {})["items"]) == 2


def test_fault_F23_a_full_disk_takes_no_papers_and_shows_what_is_there(room: Room) -> None:
    mine = (room.citizen().send(papers.photo(seed=1)).json or {})["file_id"]
    full = room.hub.materials.disk.percent()
    assert full > 0
    room.set(disk_papers=full - 0.1, disk_submissions=full + 0.1)
    refused = room.citizen().send(papers.photo(seed=2))
    assert (refused.status_code, (refused.json or {})["code"]) == (503, "STORAGE_FULL")
    assert refused.headers["Retry-After"]
    room.hub.materials.disk.room_for_submissions()
    assert room.citizen().get(f"/me/materials/{mine}/file").status_code == 200
    room.set(disk_papers=full - 0.1, disk_submissions=full - 0.1)
    with pytest.raises(Problem, match="STORAGE_FULL"):
        room.hub.materials.disk.room_for_submissions()
    assert room.citizen().delete(f"/me/materials/{mine}").status_code == 200, "and room can be made"
    room.set(disk_papers=100)
    assert room.citizen().send(papers.photo(seed=2)).status_code == 201


def test_fault_F23_a_disk_that_fills_up(small_disk: Path) -> None:
    disk = Disk(small_disk, Terms)
    disk.room_for_papers()
    total = shutil.disk_usage(small_disk).total
    (small_disk / "ballast").write_bytes(bytes(int(total * 0.88)))
    with pytest.raises(Problem, match="STORAGE_FULL"):
        disk.room_for_papers()
    disk.room_for_submissions()
    (small_disk / "more").write_bytes(bytes(int(total * 0.06)))
    with pytest.raises(Problem, match="STORAGE_FULL"):
        disk.room_for_submissions()
    (small_disk / "ballast").unlink()
    disk.room_for_papers()

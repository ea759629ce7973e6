"""A real MariaDB of the tests' own: on loopback, in a temporary folder, ended by its own process id."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest

from hub.demo.ports import free_port

READER, WRITER, MARKER, PASSWORD = "reader", "writer", "marker", "a word for tests"
TABLES = (
    "CREATE DATABASE county CHARACTER SET utf8mb4",
    # what an old program leaves behind that wrote GBK through a latin1 connection
    "CREATE TABLE county.holder (ZJHM VARCHAR(18), XM VARCHAR(60) CHARACTER SET latin1, DZ VARCHAR(200) CHARACTER SET"
    " latin1, BZ VARCHAR(60), FZRQ DATE, ZXSJ DATETIME, MJ DECIMAL(10,2), SL INT, YX TINYINT(1))",
    "CREATE VIEW county.v_holder AS SELECT ZJHM, XM, DZ, BZ, FZRQ, ZXSJ, MJ, SL, YX FROM county.holder",
    "CREATE TABLE county.up_pro_accept (row_guid VARCHAR(36) PRIMARY KEY, project_no VARCHAR(40),"
    " project_name VARCHAR(200), applyer_name VARCHAR(60), apply_date DATETIME, is_sync CHAR(1) NOT NULL DEFAULT '0',"
    " cd_operation VARCHAR(2), cd_time DATETIME, cd_batch VARCHAR(40))",
    *(f"CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}'" for name in (READER, WRITER, MARKER)),
    f"GRANT SELECT ON county.v_holder TO '{READER}'@'%'",
    f"GRANT SELECT ON county.up_pro_accept TO '{READER}'@'%'",
    f"GRANT SELECT ON county.v_holder TO '{MARKER}'@'%'",
    f"GRANT SELECT, UPDATE (is_sync) ON county.up_pro_accept TO '{MARKER}'@'%'",
    f"GRANT SELECT, INSERT ON county.* TO '{WRITER}'@'%'",
)


@dataclass
class MariaDb:
    port: int
    socket: Path

    @property
    def address(self) -> str:
        return f"mysql://127.0.0.1:{self.port}/county"

    def root(self, **options: Any) -> pymysql.Connection[Any]:
        return pymysql.connect(unix_socket=str(self.socket), user="root", charset="utf8mb4", autocommit=True, **options)

    def run(self, *statements: str | tuple[str, Sequence[Any]]) -> list[tuple[Any, ...]]:
        """As its owner; the rows of the last statement."""
        with self.root() as connection, connection.cursor() as cursor:
            for each in statements:
                cursor.execute(*((each,) if isinstance(each, str) else each))
            return list(cursor.fetchall())


def binary() -> str:
    """mariadbd; skips the test where there is none, but never in CI."""
    found = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("no mariadbd here: .ci/components installs it")
    pytest.skip("no mariadbd here: .ci/components installs it")


@contextmanager
def running() -> Iterator[MariaDb]:
    server = binary()
    folder = Path(tempfile.mkdtemp(prefix="xt-db-", dir="/tmp"))
    database = MariaDb(free_port(), folder / "s")
    owner = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db", *owner,
         "--auth-root-authentication-method=normal"], check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    process = subprocess.Popen(
        [server, "--no-defaults", f"--datadir={folder / 'data'}", f"--socket={database.socket}", *owner,
         "--bind-address=127.0.0.1", f"--port={database.port}", "--sql-mode=", "--innodb-buffer-pool-size=32M",
         "--innodb-flush-log-at-trx-commit=2",
         f"--log-error={folder / 'log'}", f"--pid-file={folder / 'pid'}", "--skip-name-resolve"],
    )  # fmt: skip
    try:
        _wait(database, process)
        database.run(*TABLES)
        yield database
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(database: MariaDb, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            database.run("SELECT 1")
            return
        except pymysql.Error:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)

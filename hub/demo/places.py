"""Where a demo keeps its things: the home, sockets (a socket's path ends at 107 bytes) and PostgreSQL's files.

PostgreSQL does not run as root. Under root it runs as a system account, which must be able to reach its folders.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SYSTEM_ACCOUNT = "pgserver"
PASSWORDS = Path("/etc/passwd")
SYSTEM_FOLDER = Path("/var/lib/xiantong")
_SOCKET_LIMIT = 107
_LONGEST_SOCKET = "/.s.PGSQL.5432"
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+", re.ASCII)

Say = Callable[[str], None]


class Refused(Exception):
    """Why the demo cannot start or go on, in one sentence for the terminal."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who a server runs as when we are root."""

    name: str
    uid: int
    gid: int


def writable_home(home: Path) -> Path:
    """The home, made where it is missing: only we may list it; under root the database's account passes through."""
    try:
        if not home.exists():
            home.mkdir(parents=True)
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
        with tempfile.TemporaryFile(dir=home):
            return home.resolve()
    except OSError as error:
        raise Refused(
            f"The folder {home} cannot be written ({error.strerror}): give HUB_HOME another one, or the right to write."
        ) from error


def alone(home: Path) -> IO[str]:
    """Hold the home for one demo; given back when the process ends, however it ends."""
    lock = (home / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Refused(f"Another hub demo already runs in {home}: stop it, or give HUB_HOME another folder.") from error
    return lock


def private(folder: Path, account: Account | None = None) -> Path:
    """The folder, made where it is missing, for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


def written(path: Path, text: str) -> None:
    """Whole or not at all, for our eyes only."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    part.replace(path)


def account() -> Account | None:
    """The account PostgreSQL runs as: ours, or under root the system account, made where it is missing."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_ACCOUNT)
    except KeyError:
        entry = _new_account()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _new_account() -> pwd.struct_passwd:
    try:
        with PASSWORDS.open() as turn:  # of two at once, useradd lets the later one give the name another number
            fcntl.flock(turn, fcntl.LOCK_EX)
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(SYSTEM_ACCOUNT)
            subprocess.run(
                ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", SYSTEM_ACCOUNT],
                check=True, capture_output=True, timeout=30,
            )  # fmt: skip
            return pwd.getpwnam(SYSTEM_ACCOUNT)
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        raise Refused(
            f"PostgreSQL does not run as root and the account {SYSTEM_ACCOUNT} could not be made: make it, or start as"
            " another user."
        ) from error


def reachable(path: Path, by: Account | None) -> bool:
    """May this account pass through every folder down to `path`?"""
    if by is None:
        return True
    return all(_passable(folder.stat(), by) for folder in path.resolve().parents)


def _passable(found: os.stat_result, by: Account) -> bool:
    if found.st_uid == by.uid:
        return bool(found.st_mode & 0o100)
    return bool(found.st_mode & (0o010 if found.st_gid == by.gid else 0o001))


def sockets(home: Path, name: str, by: Account | None = None) -> Path:
    """A private folder for one server's socket: in the home where its path is short and plain, else a temporary one
    that the home links to."""
    here = home / "run" / name
    here.parent.mkdir(exist_ok=True)
    if not here.is_symlink() and _fits(here) and reachable(here, by):
        return private(here, by)
    if here.is_symlink() and _ours(here.resolve(), by):
        return here.resolve()
    here.unlink(missing_ok=True) if here.is_symlink() else shutil.rmtree(here, ignore_errors=True)
    short = private(Path(tempfile.mkdtemp(prefix="xiantong-", dir=_short_temporary())), by)
    here.symlink_to(short)
    return short


def give_back(home: Path) -> None:
    """Remove the temporary folders that the home links to, once no server uses them."""
    for link in (home / "run").glob("*"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
            link.unlink()


def _fits(folder: Path) -> bool:
    whole = f"{folder}{_LONGEST_SOCKET}"
    return len(whole.encode()) <= _SOCKET_LIMIT and _PLAIN.fullmatch(whole) is not None


def _short_temporary() -> str:
    usual = tempfile.gettempdir()
    return usual if _fits(Path(usual) / "xiantong-12345678") else "/tmp"


def _ours(folder: Path, by: Account | None) -> bool:
    """A folder in a shared place is used again only when nobody else could have put it there."""
    owner = by.uid if by else os.geteuid()
    return folder.is_dir() and folder.stat().st_uid == owner and folder.stat().st_mode & 0o077 == 0


def database_folder(home: Path, by: Account | None, say: Say) -> Path:
    """Where PostgreSQL's files are. `home/postgres`, or a folder of the system's that it links to, when the account
    could not reach the home."""
    here = home / "postgres"
    if here.is_symlink():
        target = here.readlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        return target
    if here.exists() or reachable(here, by):
        return here
    try:
        SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
        outside = Path(tempfile.mkdtemp(dir=SYSTEM_FOLDER))
        outside.chmod(0o711)
    except OSError as error:
        raise Refused(
            f"PostgreSQL's account {SYSTEM_ACCOUNT} cannot reach {home} and {SYSTEM_FOLDER} cannot be written: give"
            " HUB_HOME a folder that every account may pass through, or start as another user."
        ) from error
    here.symlink_to(outside / "postgres")
    say(f"PostgreSQL's account cannot reach {home}; its files are in {outside}, linked from there.")
    return outside / "postgres"

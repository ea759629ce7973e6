"""One program that runs beside us: started on a leash, known by a mark that no other process can have.

It ends when we end, however we end (Linux: the parent's death is a signal). Its session is its own, so that whatever it
leaves behind can be told from everything else on the machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hub.demo.places import Account

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_START_TICKS, _SESSION = 19, 3  # after the state in /proc/PID/stat


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `ready` is asked until it says yes; `announce` is called each time it has become ready."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool]
    stop_signal: int = signal.SIGTERM
    environ: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    folder: Path = Path("/")
    announce: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Mark:
    """A process beyond doubt: number, time of start, boot of the machine; and how it wants to be stopped."""

    pid: int
    started: int
    boot: str
    stop_signal: int

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    def members(self) -> list[int]:
        """The living processes of its session. A number is not given out again while its session lives."""
        if self.boot != _boot() or (_stat(self.pid) and _started(self.pid) != self.started):
            return []
        return [pid for pid in _all_processes() if _in_session(pid, self.pid)]

    def end(self, seconds: float) -> None:
        """Ask it to stop; what still lives after that many seconds is killed."""
        if self.pid in self.members():
            _send(self.pid, self.stop_signal)
        until = time.monotonic() + seconds
        while self.members() and time.monotonic() < until:
            time.sleep(0.05)
        for pid in self.members():
            _send(pid, signal.SIGKILL)


def read_mark(path: Path) -> Mark | None:
    try:
        return Mark(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def start(program: Program, log: Path) -> tuple[subprocess.Popen[bytes], Mark]:
    """Raises OSError when it cannot be run."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=program.folder,
            env={**os.environ, **program.environ},
            start_new_session=True,
            user=program.account.uid if program.account else None,
            group=program.account.gid if program.account else None,
            extra_groups=[] if program.account else None,
            preexec_fn=leash(program.stop_signal, os.getpid()),
        )
    return process, Mark(process.pid, _started(process.pid), _boot(), program.stop_signal)


def leash(stop_signal: int, parent: int) -> Callable[[], None]:
    """What a child does before anything else."""

    def hold() -> None:
        end_with_parent(stop_signal)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return hold


def end_with_parent(stop_signal: int) -> None:
    """Be sent this signal when the parent dies. The thread that started us, to be exact: it must be one that stays."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, stop_signal)


def end_all_in(folder: Path, first: int, stop_signal: int, seconds: float) -> None:
    """End every process whose working directory is this folder: `first` is asked, the rest is expected to follow."""
    until = time.monotonic() + seconds
    if first in _working_in(folder):
        _send(first, stop_signal)
    while _working_in(folder) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in _working_in(folder):
        _send(pid, signal.SIGKILL)


def _working_in(folder: Path) -> list[int]:
    """Zombies have no working directory; another account's processes do not show theirs, and are not ours."""
    found = []
    for pid in _all_processes():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cwd").readlink() == folder:
                found.append(pid)
    return found


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[_START_TICKS]) if fields else 0


def _in_session(pid: int, session: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] != "Z" and int(fields[_SESSION]) == session


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]

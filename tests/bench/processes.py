"""Starts servers on free loopback ports, pinned to one processor, and reads what processor time they used."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from hub.demo.child import leash
from hub.demo.ports import free_port

ROOT = Path(__file__).parents[2]
SERVER_CPU, OTHER_CPU = 0, (os.cpu_count() or 1) - 1


@contextlib.contextmanager
def on(*cpus: int) -> Iterator[None]:
    """On these processors, we and what is started meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def wait_until_answers(url: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise RuntimeError("not ready in time")
        time.sleep(0.05)


@contextlib.contextmanager
def started(
    command: Sequence[str], url: str, cpus: Sequence[int], environ: Mapping[str, str] | None = None
) -> Iterator[psutil.Process]:
    """The command as a process group of its own; it is ended by its own id."""
    held = leash(signal.SIGTERM, os.getpid())
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, **(environ or {})}, preexec_fn=lambda: (os.sched_setaffinity(0, cpus), held()),
        )  # fmt: skip
        try:
            try:
                wait_until_answers(url)
            except OSError:
                output.seek(0)
                raise RuntimeError(output.read()[-2000:].decode("utf-8", "replace")) from None
            yield psutil.Process(process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    total = 0.0
    for member in family(process):
        with contextlib.suppress(psutil.Error):
            times = member.cpu_times()
            total += times.user + times.system
    return total


def pss_mib(process: psutil.Process) -> list[float]:
    """Proportional set size of each process that does the work (MiB), largest first."""
    sizes = []
    for member in family(process):
        with contextlib.suppress(psutil.Error):
            sizes.append(member.memory_full_info().pss / 2**20)
    return sorted(sizes, reverse=True)


def granian(factory: str, port: int, threads: int = 64, workers: int = 1) -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(threads), "--http", "1", "--no-log", "--factory", factory,
    ]  # fmt: skip


def gunicorn(target: str, port: int, threads: int = 32) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", "1", "--threads", str(threads), "--keep-alive", "75",
        "--no-control-socket", "-b", f"127.0.0.1:{port}", target,
    ]  # fmt: skip


@contextlib.contextmanager
def nginx(locations: str, cpus: Sequence[int], upstream: str = "") -> Iterator[tuple[str, psutil.Process]]:
    """An nginx of our own with these location blocks; where it is not installed the caller skips its rows."""
    port = free_port()
    block = f"{upstream} server {{ listen 127.0.0.1:{port} backlog=4096; {locations} }}"
    with _nginx(block, port, cpus, "latin-1") as process:  # answers stand in it byte by byte
        yield f"http://127.0.0.1:{port}", process


@contextlib.contextmanager
def front(hub: str, places: tuple[int, int], cpus: Sequence[int]) -> Iterator[str]:
    """docs/nginx.conf in front of this hub, without TLS; `places` are for all and besides for what goes first."""
    port = free_port()
    shipped = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    block = re.sub(r"\n *ssl_.*", "", shipped).replace("listen 443 ssl", f"listen 127.0.0.1:{port} backlog=4096")
    block = block.replace("127.0.0.1:8080", hub.removeprefix("http://"))
    for shown, most in zip((128, 48), places, strict=True):
        block = block.replace(f"max_conns={shown};", f"max_conns={most};")
    with _nginx(block, port, cpus, "utf-8"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _nginx(block: str, port: int, cpus: Sequence[int], encoding: str) -> Iterator[psutil.Process]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "nginx.conf").write_text(
            "daemon off; worker_processes 1; pid nginx.pid; error_log stderr;"
            f"{'user root;' if os.geteuid() == 0 else ''}"
            "events { worker_connections 4096; }"
            "http { access_log off; keepalive_requests 100000000; client_body_temp_path b; proxy_temp_path p;"
            f"fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n{block}\n}}",
            encoding=encoding,
        )
        command = [str(shutil.which("nginx") or "/usr/sbin/nginx"), "-p", name, "-c", "nginx.conf"]
        with started(command, f"http://127.0.0.1:{port}/", cpus) as process:
            yield process


def has_nginx() -> bool:
    return shutil.which("nginx") is not None or Path("/usr/sbin/nginx").exists()

"""`hub serve` and wsgi.py by themselves: another server, a killed parent, a drain, a refused start (F25, F42)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from hub.demo.ports import free_port
from tests.county import ROOT, County, eventually, login, openid_of, running_county


@contextmanager
def running(county: County, command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    environ = {**county.environ, "HUB_PORT": str(port)}
    for line in (county.home / "env").read_text().splitlines():
        if line.startswith("HUB_"):
            environ.setdefault(*line.split("=", 1))
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: alive(port), 60)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(40)


def alive(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def ask(county: County, port: int, headers: dict[str, str]) -> requests.Response:
    url = f"http://127.0.0.1:{port}/api/v1/services/housing-fund-account/calls"
    return requests.post(url, json={"fields": {}}, headers=headers, timeout=30)


def test_the_app_runs_under_gunicorn_too(county: County) -> None:
    port = free_port()
    command = ["gunicorn", "-k", "gthread", "-w", "2", "--threads", "16", "--keep-alive", "75", "--no-control-socket",
               "-b", f"127.0.0.1:{port}", "wsgi:app"]  # fmt: skip
    headers = login(county, openid_of(county, "韩山福"))
    with running(county, command, port) as process:
        assert ask(county, port, headers).status_code == 200
        process.terminate()
        assert process.wait(30) == 0


def test_fault_F25_workers_do_not_outlive_a_killed_server(county: County) -> None:
    port = free_port()
    with running(county, ["hub", "serve", "--workers", "2"], port) as process:
        process.kill()
        process.wait()
        eventually(lambda: not alive(port), 40)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def test_fault_F25_the_port_stays_open_when_workers_die_again_and_again(county: County) -> None:
    port = free_port()
    with running(county, ["hub", "serve", "--workers", "2"], port) as process:
        for lost in (1, 1, 1, 2):
            eventually(lambda: len(children(process)) == 2, 60)
            killed = children(process)[-lost:]  # the newest: the same one dies again and again, then both
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            eventually(lambda killed=killed: not set(killed) & set(children(process)), 30)
        for _ in range(20):
            socket.create_connection(("127.0.0.1", port), 5).close()
            time.sleep(0.05)
        eventually(lambda: alive(port), 30)
        assert process.poll() is None
        eventually(lambda: len(children(process)) == 2, 60)


def test_workers_that_cannot_live_end_the_server(county: County) -> None:
    """Whoever started it shall know: the demo's supervisor, or systemd."""
    port = free_port()
    with running(county, ["hub", "serve", "--workers", "2"], port) as process:

        def ended() -> bool:
            for pid in children(process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return process.poll() is not None

        eventually(ended, 60)
        assert process.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_that_still_start_end_too(county: County, number: int) -> None:
    """Before they have signal handlers of their own. A stop must not have to wait for the drain's end either."""
    port = free_port()
    environ = {**county.environ, "HUB_PORT": str(port)}
    command = [sys.executable, "-m", "hub", "serve", "--workers", "4"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
    eventually(lambda: len(children(process)) == 4, 60)
    begun = children(process)
    try:
        process.send_signal(number)
        process.wait(24)  # a drain may take 25 s
    finally:
        process.kill()
    eventually(lambda: not any(running_now(pid) for pid in begun), 30)


def running_now(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_fault_F42_what_is_in_progress_is_answered_before_the_end(county: County) -> None:
    port = free_port()
    twin = county.demo["twins"]["housing_fund"]["url"]
    headers = login(county, openid_of(county, "林美梅"))
    answers: list[int] = []
    with running(county, ["hub", "serve", "--workers", "1"], port) as process:
        requests.put(f"{twin}/twin/toxics", json={"latency_ms": 2000}, timeout=30)
        try:
            thread = threading.Thread(target=lambda: answers.append(ask(county, port, headers).status_code))
            thread.start()
            time.sleep(1)
            process.terminate()
            thread.join(40)
            assert process.wait(40) == 0
        finally:
            requests.delete(f"{twin}/twin/toxics", timeout=30)
    assert answers == [200]


def test_a_configuration_that_cannot_be_used_is_told_at_the_start(county: County) -> None:
    path = county.config / "hub.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before + "\nno_such_key: 1\n", encoding="utf-8")
        refused = county.hub("serve", "--port", str(free_port()))
        assert refused.returncode == 1
        assert "hub.yaml:" in refused.stderr and "Traceback" not in refused.stderr
        eventually(lambda: "no_such_key" in requests.get(f"{county.base_url}/readyz", timeout=5).text, 30)
        assert alive(county.port)  # the running hub keeps the last good one
    finally:
        path.write_text(before, encoding="utf-8")


def test_servers_of_ones_own_take_the_place_of_the_embedded(fresh_database: str, redis: str) -> None:
    """HUB_DATABASE_URL and HUB_REDIS_URL: the same path, only nothing is embedded."""
    with running_county({"HUB_DATABASE_URL": fresh_database, "HUB_REDIS_URL": redis}) as county:
        marks = {path.stem for path in (county.home / "run" / "marks").glob("*.json")}
        assert marks == {"twins", "serve", "work", "witness-audit_office", "witness-neighbour_county", "stamping"}
        headers = login(county, openid_of(county, "韩山福"))
        assert ask(county, county.port, headers).status_code == 200
        assert not (county.home / "postgres").exists()
        assert county.stop(signal.SIGTERM) == 0

"""Whoever is told to stop stops, and what is in progress ends first."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from hub.commands.server import DRAIN_S
from tests.door.wire import serving


def test_a_worker_that_slept_through_its_signal_is_woken() -> None:
    with serving("tests.door.asleep:app") as server:
        assert server.get("/").status == 200
        server.process.terminate()
        server.process.wait(DRAIN_S - 5)


def test_ctrl_c_again_and_again_cuts_nobody_off() -> None:
    with serving("tests.door.served:app", TEST_SLOW_S="6") as server, ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(server.get, "/api/v1/slow") for _ in range(8)]
        time.sleep(1)  # they have come in
        for _ in range(4):  # Ctrl-C, by somebody in a hurry
            os.killpg(server.process.pid, signal.SIGINT)
            time.sleep(0.5)
        assert [each.result().status for each in slow] == [200] * 8

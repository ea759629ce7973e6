"""What protocol tests stand on: workers that share a real Redis, and departments as twins on real sockets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.crypto import Crypto
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.shared import SharedStore
from hub.port import Shared
from tests.county import SUITE
from tests.protocols.bureau import Bureau, bureau
from tests.protocols.queue import Rabbit, rabbit

Worker = Callable[[str], Shared]
"""A worker of the hub: gives each system its drawer of the shared store."""


@pytest.fixture
def new_worker(redis: str) -> Iterator[Callable[[], Worker]]:
    """Makes workers of one hub: they share Redis and the sealing key, and nothing else."""
    crypto, lines = Crypto({"k1": os.urandom(32)}, SUITE), []

    def make() -> Worker:
        lines.append(RedisLine(connect(redis)))
        return SharedStore(lines[-1], crypto).for_system

    yield make
    for line in lines:
        line.close()


@pytest.fixture
def worker(new_worker: Callable[[], Worker]) -> Worker:
    return new_worker()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Bureau]]:
    """Starts a department by the name of its system."""
    with ExitStack() as stack:
        yield lambda system: stack.enter_context(bureau(system, tmp_path))


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Rabbit]:
    """A real RabbitMQ of this session."""
    with rabbit() as running:
        yield running

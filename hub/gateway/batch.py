"""Several calls at once within one deadline; each part has its own answer or problem, and none holds up another."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from hub.errors import Problem
from hub.gateway.orders import Answer

_THREADS = 64  # idle ones cost nothing; eight systems may hang in all their eight places before a part has to queue
_GRACE_S = 0.2  # a part answers at the deadline by itself; this is for its record

Task = Callable[[], Answer]


class Batch:
    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="part")

    def run(self, tasks: Sequence[Task], deadline: float) -> list[Answer | Problem]:
        """The outcomes in the order of the tasks. What is not there at the deadline is told as a time-out."""
        futures = [self._pool.submit(contextvars.copy_context().run, _outcome, task) for task in tasks]
        wait(futures, timeout=max(0.0, deadline + _GRACE_S - time.monotonic()))
        return [_settled(future) for future in futures]

    def start(self, task: Callable[[], object]) -> None:
        """Run it some time soon; nobody waits for it."""
        self._pool.submit(task)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _outcome(task: Task) -> Answer | Problem:
    try:
        return task()
    except Problem as problem:
        return problem


def _settled(future: Future[Answer | Problem]) -> Answer | Problem:
    if future.cancel():
        return Problem("OVERLOADED", origin="hub", retry_after=2)
    if not future.done():
        return Problem("DEPARTMENT_TIMEOUT", origin="hub", retry_after=10)
    error = future.exception()
    return Problem("INTERNAL", origin="hub", note=type(error).__name__) if error else future.result()

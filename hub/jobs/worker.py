"""The worker that does the jobs: one thread of `hub work`. It comes back by itself when PostgreSQL was away."""

from __future__ import annotations

import asyncio
import threading

import structlog

from hub.jobs.service import Jobs

_AT_ONCE = 4
_TRY_AGAIN_S = 2.0
_DRAIN_S = 25.0


class Worker:
    """`heartbeat_s` is how often it shows that it lives; the sweep takes 30 s of silence for death."""

    def __init__(self, jobs: Jobs, heartbeat_s: float = 10.0) -> None:
        self._jobs = jobs
        self._heartbeat_s = heartbeat_s
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._log = structlog.get_logger()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is being done has 25 s to end; the rest waits for the next worker."""
        self._stopped.set()
        loop, running = self._loop, self._running
        if loop is not None and running is not None and not loop.is_closed():
            loop.call_soon_threadsafe(running.cancel)
        if self._thread.ident:
            self._thread.join(_DRAIN_S + 5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                asyncio.run(self._work())
            except asyncio.CancelledError:
                return
            except Exception as error:
                self._log.warning("worker_waits", error=type(error).__name__)
                self._stopped.wait(_TRY_AGAIN_S)

    async def _work(self) -> None:
        self._loop, self._running = asyncio.get_running_loop(), asyncio.current_task()
        if self._stopped.is_set():
            return
        async with self._jobs.app.open_async():
            await self._jobs.app.run_worker_async(
                queues=["hub"],
                concurrency=_AT_ONCE,
                fetch_job_polling_interval=1.0,
                abort_job_polling_interval=1.0,
                shutdown_graceful_timeout=_DRAIN_S,
                delete_jobs="successful",
                install_signal_handlers=False,
                update_heartbeat_interval=self._heartbeat_s,
            )

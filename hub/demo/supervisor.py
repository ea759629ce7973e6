"""Keeps the programs of a demo running: starts them, restarts what crashed (later each time), stops all by its own ids.

Single-threaded on purpose: a child's leash hangs on the thread that started it.
"""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hub.demo.child import Mark, Program, read_mark, start
from hub.demo.places import Refused, Say, give_back, private

_PAUSE = 0.05
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
_STEADY_AFTER = 60.0
_GRAVE = re.compile(r"FATAL|PANIC|Error\b|Exception\b")
_LOG_LIMIT = 10 << 20


@dataclass(slots=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    mark: Mark
    since: float
    log_from: int
    delay: float = _FIRST_DELAY
    again_at: float | None = None
    announced: bool = False


class Supervisor:
    """`stop_requested` is set by a signal or by whoever wants the end."""

    def __init__(self, home: Path, say: Say) -> None:
        self._home = home
        self._say = say
        self._running: dict[str, _Running] = {}
        self.stop_requested = threading.Event()

    def stop_on_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop_requested.set())

    def end_leftovers(self) -> None:
        """What an earlier demo in this home left running after a kill -9 is ended, by its own mark."""
        for path in sorted(self._marks.glob("*.json")):
            mark = read_mark(path)
            if mark and mark.members():
                self._say(f"Ending {path.stem}, left over from an earlier run.")
                mark.end(10)
            path.unlink(missing_ok=True)

    def start(self, program: Program) -> None:
        """Raises Refused when it cannot be run at all."""
        log = self._log(program.name)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        try:
            before_it = log.stat().st_size if log.exists() else 0
            process, mark = start(program, log)
        except (OSError, subprocess.SubprocessError) as error:
            raise Refused(f"{program.name} cannot be started: {error}.") from error
        mark.write(self._mark(program.name))
        before = self._running.get(program.name)
        self._running[program.name] = _Running(
            program, process, mark, time.monotonic(), before_it, before.delay if before else _FIRST_DELAY
        )

    def wait_ready(self, seconds: float, *names: str) -> None:
        """Raises Refused when one of them ends or is not ready in time; returns early when a stop is requested."""
        until = time.monotonic() + seconds
        for running in [self._running[name] for name in names]:
            while not running.announced and not self.stop_requested.is_set():
                if running.process.poll() is not None:
                    raise Refused(f"{self._ending(running)}: {self._last_words(running)}")
                if time.monotonic() > until:
                    raise Refused(
                        f"{running.program.name} was not ready after {seconds:.0f} s: {self._last_words(running)}"
                    )
                if not self._announce(running):
                    time.sleep(_PAUSE)

    def watch(self) -> None:
        """Until a stop is requested."""
        while not self.stop_requested.wait(4 * _PAUSE):
            for running in list(self._running.values()):
                self._look_after(running)

    def pid(self, name: str) -> int:
        return self._running[name].process.pid

    def stop(self, seconds: float, names: Iterable[str] | None = None) -> None:
        """All (or these) at once are asked to stop; what is left after `seconds` is killed."""
        chosen = [self._running.pop(name) for name in list(names or self._running) if name in self._running]
        for running in chosen:
            if running.process.poll() is None:
                running.process.send_signal(running.program.stop_signal)
        until = time.monotonic() + seconds
        for running in chosen:
            while running.process.poll() is None and time.monotonic() < until:
                time.sleep(_PAUSE)
            running.mark.end(max(0.0, until - time.monotonic()))
            running.process.wait()
            self._mark(running.program.name).unlink(missing_ok=True)
        if not self._running:
            give_back(self._home)

    def _look_after(self, running: _Running) -> None:
        if running.again_at is None and running.process.poll() is not None:
            running.mark.end(0)
            if time.monotonic() - running.since > _STEADY_AFTER:
                running.delay = _FIRST_DELAY
            running.again_at = time.monotonic() + running.delay
            self._say(f"{self._ending(running)}; it starts again in {running.delay:g} s.")
            running.delay = min(2 * running.delay, _LONGEST_DELAY)
        elif running.again_at is not None and time.monotonic() >= running.again_at:
            self._start_again(running)
        elif running.again_at is None and not running.announced:
            self._announce(running)

    def _start_again(self, running: _Running) -> None:
        try:
            self.start(running.program)
        except Refused as error:
            self._say(str(error))
            running.again_at = time.monotonic() + running.delay

    def _announce(self, running: _Running) -> bool:
        running.announced = running.program.ready()
        if running.announced:
            running.program.announce()
        return running.announced

    def _ending(self, running: _Running) -> str:
        code = running.process.returncode
        how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return f"{running.program.name} ended ({how}, see {self._log(running.program.name)})"

    def _last_words(self, running: _Running) -> str:
        """The gravest of the last lines it wrote this time."""
        said = self._log(running.program.name).read_bytes()[running.log_from :]
        lines = said.decode("utf-8", "replace").strip().splitlines()[-20:]
        grave = [line for line in lines if _GRAVE.search(line)]
        return (grave or lines or ["it said nothing"])[-1]

    def _log(self, name: str) -> Path:
        return private(self._home / "log") / f"{name}.log"

    def _mark(self, name: str) -> Path:
        return self._marks / f"{name}.json"

    @property
    def _marks(self) -> Path:
        folder = self._home / "run" / "marks"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

"""The contract kit on a system that really answers: a twin, a test system, a live deployment. It only reads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.port import Adapter, PortError, Rejected, Reply
from hub.systems.asking import NOBODY, SOMEBODY_ELSE
from hub.systems.contract import OVER_S, Contract, outcome, probed


def interleaved(
    adapters: Sequence[Adapter], operation: str, persons: Sequence[Mapping[str, Any]], subject: str, calls: int = 1000
) -> Counter[str]:
    """Several citizens at once, each asking for the own record; what came of it, counted by outcome."""
    counted: Counter[str] = Counter()
    gate, guard = threading.Barrier(len(persons)), threading.Lock()

    def citizen(asked: Mapping[str, Any], adapter: Adapter) -> None:
        gate.wait()
        for _ in range(calls // len(persons)):
            said = outcome(adapter, operation, asked, "interleaved", 20)
            own = isinstance(said, Reply) and said.fields.get(subject) == asked[subject]
            with guard:
                counted["own record" if own else said.code if isinstance(said, PortError) else "MIXED"] += 1

    threads = [
        threading.Thread(target=citizen, args=(asked, adapters[position % len(adapters)]))
        for position, asked in enumerate(persons)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counted


class Answering:
    """A system that really answers: the reads, the probe, the deadline, two persons at once. Nothing is written."""

    def __init__(
        self, contract: Contract, adapter: Adapter, person: Mapping[str, Any], other: Mapping[str, Any] = SOMEBODY_ELSE
    ) -> None:
        self._contract, self._adapter = contract, adapter
        self._person, self._other = person, other
        self._facts = contract.facts

    def checks(self) -> Mapping[str, Callable[[], str]]:
        return {
            "probe": self.probe,
            "reads": self.reads,
            "a deadline too short": self.short_deadline,
            "nobody's record": self.nobody,
            "1,000 interleavings": self.two_persons,
        }

    def probe(self) -> str:
        problem = probed(self._adapter, "the system itself", 3.0)
        assert problem is None, _told(problem)
        return "it answers"

    def reads(self) -> str:
        counted: Counter[str] = Counter()
        for name in self._contract.reads:
            said = outcome(self._adapter, name, self._contract.asked(name, self._person), "the system itself", 3.0)
            fine = isinstance(said, Reply | Rejected)
            assert fine, f"{name}: {_told(said)}"
            counted["replies" if isinstance(said, Reply) else "refusals"] += 1
        return ", ".join(f"{count} {what}" for what, count in counted.items())

    def short_deadline(self) -> str:
        for name in self._contract.reads:
            started = time.monotonic()
            outcome(self._adapter, name, self._contract.asked(name, self._person), "the system itself", 0.05)
            over = time.monotonic() - started - 0.05
            assert over <= OVER_S, f"{name}: {over:.2f} s past its deadline"
        return "kept"

    def nobody(self) -> str:
        """Asked about a number nobody has, it must not hand out somebody's record."""
        subject = self._facts["subject"]
        for name in self._contract.reads:
            if subject and subject in self._facts["operations"][name]["request"]["fields"]:
                said = outcome(self._adapter, name, self._contract.asked(name, NOBODY), "nobody", 3.0)
                told = said.fields.get(subject) if isinstance(said, Reply) else None
                assert told in (None, NOBODY.get(subject)), f"{name}: somebody's record for nobody's number"
        return "kept apart"

    def two_persons(self) -> str:
        name, subject = self._about_persons()
        if not name:
            return "no read says whose record it is"
        persons = [self._contract.asked(name, each) for each in (self._person, self._other)]
        counted = interleaved([self._adapter], name, persons, subject)
        assert not counted["MIXED"], f"{counted['MIXED']} records of somebody else"
        return ", ".join(f"{count} {what}" for what, count in counted.items())

    def _about_persons(self) -> tuple[str, str]:
        subject = self._facts["subject"]
        for name in self._contract.reads:
            told = self._facts["operations"][name]
            if subject in told["request"]["fields"] and subject in told["answer"]["fields"]:
                return name, subject
        return "", ""


def _told(said: Reply | PortError | None) -> str:
    return f"{said.code}: {said.note}" if isinstance(said, PortError) else "an answer"

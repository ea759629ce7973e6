"""The contract kit over every adapter: a folder in adapters/ is tested because it is there, and its twin likewise.

The checks are hub/systems/contract.py and answering.py, the same that `hub systems verify` runs. Every test here is
feature C10: all of it without the real office.
"""

from __future__ import annotations

import importlib
import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.twins.wire import Server
from hub.port import Adapter, Garbled, PortError, Rejected, Reply
from hub.systems.answering import Answering
from hub.systems.asking import SOMEBODY
from hub.systems.contract import Contract, Finding, late, outcome, run
from hub.systems.opening import opened_alone

ADAPTERS = Path(__file__).parents[2] / "adapters"
FOLDERS = sorted(path.parent for path in ADAPTERS.glob("*/system.yaml"))
ELSEWHERE = [
    ADAPTERS.parent / "tests" / place
    for place in ("db_view/departments/student_register", "db_view/departments/vaccination",
                  "protocols/dropping/elderly", "protocols/dropping/invoice_file")
]  # fmt: skip
CHECKS = list(Contract(FOLDERS[0]).checks())
SLOW = [check for check in CHECKS if check.startswith("deadline under ")]
TWINS = [folder for folder in FOLDERS if (ADAPTERS / "twins" / f"{folder.name}.py").exists()]
SECRETS = ("username", "password", "key", "key_old", "callback_key", "appid", "secret")
TOXICS: dict[str, dict[str, Any]] = {
    "hang": {"hang": True},
    "drip of the head": {"drip": {"head_ms": 200, "body_ms": 0}},
    "drip of the body": {"drip": {"head_ms": 0, "body_ms": 200}},
}
T = TypeVar("T")
Jobs = Mapping[tuple[Path, str], Callable[[], T]]
Done = Mapping[tuple[Path, str], Future[T]]


def by_name(value: object) -> str:
    return value.name if isinstance(value, Path) else str(value)


@cache
def contract(folder: Path) -> Contract:
    return Contract(folder)


def found(check: str, checks: Any) -> Finding:
    return next(iter(run({check: checks[check]})))


def beside(jobs: Jobs[T]) -> Done[T]:
    """What comes of them. They do little but wait for a deadline, and so they wait beside each other. Who is late then,
    as the machine may be, is asked once more alone: an adapter that knows no deadline fails there too."""
    with ThreadPoolExecutor(8) as pool:
        begun = {key: pool.submit(job) for key, job in jobs.items()}
        wait(begun.values())
    return begun


@pytest.fixture(scope="module")
def slow() -> Done[Finding]:
    """Every folder's answers to a department that is slow."""
    every = [(folder, check) for folder in FOLDERS for check in SLOW]
    return beside({(folder, check): partial(found, check, contract(folder).checks()) for folder, check in every})


@pytest.mark.parametrize("check", [check for check in CHECKS if check not in SLOW])
@pytest.mark.parametrize("folder", FOLDERS, ids=by_name)
def test_feat_C10_folder(folder: Path, check: str) -> None:
    kept(found(check, contract(folder).checks()))


@pytest.mark.parametrize("check", SLOW)
@pytest.mark.parametrize("folder", FOLDERS, ids=by_name)
def test_feat_C10_folder_and_a_slow_department(slow: Done[Finding], folder: Path, check: str) -> None:
    finding = slow[folder, check].result()
    kept(finding if finding.verdict != "bad" else found(check, contract(folder).checks()))


def kept(finding: Finding) -> None:
    assert finding.verdict != "bad", finding.said
    if finding.said.startswith("not applicable"):
        pytest.skip(finding.said)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("source", ELSEWHERE, ids=by_name)
def test_feat_C10_database_and_files(source: Path, check: str, tmp_path: Path) -> None:
    """Systems that only tests know, laid where a release has its own."""
    folder = tmp_path / "adapters" / source.name
    shutil.copytree(source, folder)
    kept(found(check, contract(folder).checks()))


@dataclass
class Office:
    """A twin on loopback and the adapter of its folder opened on it."""

    server: Server
    adapter: Adapter

    def toxic(self, **toxics: Any) -> None:
        body = json.dumps(toxics).encode()
        put = urllib.request.Request(f"{self.server.url}/twin/toxics", body, method="PUT")
        with urllib.request.urlopen(put, timeout=30) as answer:
            answer.read()


@contextmanager
def office(folder: Path, secrets: Path) -> Iterator[Office]:
    values = {name: f"{name} {folder.name}"[:16].strip() for name in SECRETS}
    for name, value in values.items():
        (secrets / f"{folder.name}_{name}").write_text(value, encoding="utf-8")
    server = Server(importlib.import_module(f"adapters.twins.{folder.name}").make(secrets, 1)).start()
    try:
        with opened_alone(folder, server.address, values, contract(folder).facts) as adapter:
            yield Office(server, adapter)
    finally:
        server.stop()


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with office(request.param, tmp_path) as started:
        yield started


over_twins = pytest.mark.parametrize(
    ("running", "folder"), [(folder, folder) for folder in TWINS], indirect=["running"], ids=by_name
)


@over_twins
@pytest.mark.parametrize("check", ["probe", "reads", "a deadline too short", "nobody's record"])
def test_feat_C10_twin(running: Office, folder: Path, check: str) -> None:
    finding = found(check, Answering(contract(folder), running.adapter, SOMEBODY).checks())
    assert finding.verdict != "bad", finding.said


@over_twins
def test_feat_C10_feat_X9_a_thousand_interleavings(running: Office, folder: Path) -> None:
    finding = found("1,000 interleavings", Answering(contract(folder), running.adapter, SOMEBODY).checks())
    personal = contract(folder).facts["subject"] == "id_number"  # nobody made up here has a car
    told = "1000 own record" if personal else "1000 DEPARTMENT_REJECTED"
    assert finding.verdict == "skipped" or finding.said == told, finding.said


@pytest.fixture(scope="module")
def late_under_toxics(tmp_path_factory: pytest.TempPathFactory) -> Done[None]:
    every = [(folder, toxic) for folder in TWINS for toxic in TOXICS]
    return beside({each: partial(all_late, *each, tmp_path_factory.mktemp("late")) for each in every})


def all_late(folder: Path, toxic: str, secrets: Path) -> None:
    with office(folder, secrets) as running:
        running.toxic(**TOXICS[toxic])
        for name in contract(folder).reads:
            late(running.adapter, name, contract(folder).asked(name))


@pytest.mark.parametrize("toxic", TOXICS)
@pytest.mark.parametrize("folder", TWINS, ids=by_name)
def test_feat_C10_deadline_to_300_ms_under_toxics(
    late_under_toxics: Done[None], folder: Path, toxic: str, tmp_path: Path
) -> None:
    if late_under_toxics[folder, toxic].exception():
        all_late(folder, toxic, tmp_path)


@over_twins
def test_feat_C10_a_cut_answer_is_refused(running: Office, folder: Path) -> None:
    for name in contract(folder).reads:
        asked = contract(folder).asked(name)
        whole = outcome(running.adapter, name, asked, "healthy", 3)
        for framing in ("length", "chunked", "close"):
            running.toxic(truncate_at={"at": 60, "framing": framing})
            said = outcome(running.adapter, name, asked, f"cut, {framing}", 3)
            same = isinstance(said, Reply) and isinstance(whole, Reply) and said.fields == whole.fields
            assert same or isinstance(said, PortError), f"{name}: cut ({framing}), and taken"
            assert not same or framing == "close" or name in ("check_session",), name
        running.toxic()


@over_twins
def test_feat_C10_the_charset_is_pinned(running: Office, folder: Path) -> None:
    """A department that switches to UTF-8, its declarations left as they are."""
    facts = contract(folder).facts
    if facts["encoding"] == "utf-8":
        pytest.skip("it speaks UTF-8; test_feat_C10_folder has the recordings")
    running.toxic(charset="utf-8")
    for name in contract(folder).reads:
        asked = contract(folder).asked(name)
        said = outcome(running.adapter, name, asked, "UTF-8", 3)
        healthy = not asked and isinstance(said, Reply)  # a ping holds no letter that could tell
        if isinstance(said, Rejected) and running.server.address.startswith("tcp"):
            continue  # a refusal is a number there, without a letter that could tell
        assert healthy or isinstance(said, Garbled), f"{name}: {said}"


def test_every_adapter_has_a_test_and_samples() -> None:
    bare = [folder.name for folder in FOLDERS if not (folder / "test_adapter.py").exists()]
    assert not bare and all(any((folder / "samples").iterdir()) for folder in FOLDERS), bare

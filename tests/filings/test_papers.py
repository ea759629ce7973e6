"""Papers go first, each its own step; only the filing itself counts, and only it is never repeated in doubt."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.orm import Session

from tests.filings import papered, stand
from tests.filings.conftest import Office
from tests.filings.stand import order, paper

PAPERS = {"f1": b"one", "f2": b"two", "f3": b"three"}


@pytest.fixture
def folder(make_office: Callable[..., Office], tmp_path: Path) -> Path:
    """The department's own; the configuration names it before the hub is opened."""
    assert make_office
    package = tmp_path / stand.PACKAGE
    (package / "bureau").mkdir()
    text = yaml.safe_dump(papered.SYSTEM, allow_unicode=True)
    (package / "bureau" / "system.yaml").write_text(text, encoding="utf-8")
    (package / "protocols" / "papered.py").write_text("from tests.filings.papered import *\n", encoding="utf-8")
    config = tmp_path / "config" / "systems.yaml"
    systems = yaml.safe_load(config.read_text(encoding="utf-8"))
    systems["bureau"] = copy.deepcopy({**systems["register"], "secrets": {}})
    config.write_text(yaml.safe_dump(systems), encoding="utf-8")
    return package / "bureau"


@pytest.fixture
def office(make_office: Callable[..., Office], folder: Path) -> Office:
    assert folder
    office = make_office()

    def read(_: Session, file_id: str) -> bytes:
        return PAPERS[file_id]

    office.hub.outbox.papers.read = read
    return office


def with_papers(receipt_no: str, *ids: str, **other: Any) -> Any:
    papers = tuple(paper("plan", id) for id in ids)
    return order(receipt_no, "bureau", operation="finish", papers=papers, fields={"site": "A"}, **other)


def test_each_paper_is_a_step_and_the_filing_comes_last(office: Office, folder: Path) -> None:
    office.place(with_papers("XT1", "f1", "f2"))
    office.turn()
    assert office.state("XT1") == "confirmed"
    asked = papered.asked(folder)
    assert [operation for operation, _ in asked] == ["open_file", "add_paper", "add_paper", "finish"]
    assert [base64.b64decode(fields["content"]) for _, fields in asked[1:3]] == [b"one", b"two"]
    assert asked[-1][1] == {"site": "A", "register_no": "F7"}


def test_a_paper_in_doubt_is_sent_again_and_what_is_done_stays_done(office: Office, folder: Path) -> None:
    office.place(with_papers("XT1", "f1", "f2"))
    (folder / "drops").write_text("add_paper", encoding="utf-8")
    office.turn()
    assert office.state("XT1") == "ready", "no byte of the filing itself left us"
    office.until("XT1", "confirmed")
    steps = [operation for operation, _ in papered.asked(folder)]
    assert steps == ["open_file", "add_paper", "add_paper", "add_paper", "finish"]


def test_the_filing_in_doubt_is_not_sent_again(office: Office, folder: Path) -> None:
    office.place(with_papers("XT1", "f1"))
    (folder / "drops").write_text("finish", encoding="utf-8")
    office.until("XT1", "manual")
    office.hurry()
    office.turn()
    assert [operation for operation, _ in papered.asked(folder)].count("finish") == 1


def test_a_paper_that_is_not_there_is_a_persons(office: Office, folder: Path) -> None:
    office.place(with_papers("XT1", "gone"))
    office.until("XT1", "manual")
    assert office.of("XT1").reason == "POISONED"
    assert "finish" not in [operation for operation, _ in papered.asked(folder)]


def test_a_paper_that_is_there_already_is_not_sent_again(office: Office, folder: Path) -> None:
    office.place(with_papers("XT1", "f1", "late"))
    office.turn()
    assert office.state("XT1") == "ready"
    office.hub.outbox.papers.read = lambda _, file_id: PAPERS.get(file_id, b"late")
    office.until("XT1", "confirmed")
    assert [operation for operation, _ in papered.asked(folder)] == ["open_file", "add_paper", "add_paper", "finish"]

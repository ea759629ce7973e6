"""A good small configuration, and what it takes to read it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.clock import Clock
from hub.settings import Secrets, Settings
from hub.settings.checks import field_types_known, operations_known

GOOD = Path(__file__).with_name("good")
ENVIRON = {
    "TOKEN_KEY": "token-" * 8,
    "SEAL_KEY": "seal-" * 8,
    "SHORT_KEY": "short",
    "MEDICAL_USERNAME": "hub",
    "FUND_KEY": "k",
}
OPERATIONS = {"medical_insurance": {"query_balance"}, "housing_fund": {"query_account"}}
CHECKS = (operations_known(OPERATIONS.get), field_types_known({"year", "text"}))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/medical_password").write_text("not-to-be-seen\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOOD, tmp_path / "config"))


@pytest.fixture
def opened(folder: Path, home: Path) -> Callable[[], Settings]:
    return lambda: Settings(folder, Secrets(ENVIRON, home), Clock(), CHECKS)

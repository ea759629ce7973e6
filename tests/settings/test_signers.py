"""Signers of departments (evidence level E3): what is wrong with one is told with its line, and it signs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.settings import Settings
from hub.settings.live import Unusable

Opened = Callable[[], Settings]


def told(folder: Path, text: str) -> None:
    with (folder / "hub.yaml").open("a", encoding="utf-8") as file:
        file.write(f"signers:\n{text}\n")


def complaints(settings: Settings) -> list[str]:
    """Without the column."""
    return [f"{each.file}:{each.line}: {each.text}" for each in settings.check()]


def test_a_signer_without_its_key_is_told_with_its_line_and_signs_nothing(folder: Path, opened: Opened) -> None:
    told(folder, "  medical_insurance: {k1: env/SEAL_KEY}\n  housing_fund: {k1: env/NO_SUCH_KEY}")
    before = (folder / "hub.yaml").read_text(encoding="utf-8").splitlines().index("signers:") + 1
    settings = opened()
    assert list(settings.now.hub.signers) == ["medical_insurance"]
    assert complaints(settings) == [f"hub.yaml:{before + 2}: signers.housing_fund.k1: env/NO_SUCH_KEY is not there"]


def test_a_key_that_is_too_short_is_no_key(folder: Path, opened: Opened) -> None:
    told(folder, "  medical_insurance: {k1: env/SHORT_KEY}")
    settings = opened()
    assert not settings.now.hub.signers
    (said,) = complaints(settings)
    assert "shorter" in said and said.startswith("hub.yaml:7: signers.medical_insurance.k1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("  nobody: {k1: env/SEAL_KEY}", "no department 'nobody'"),
        ("  medical_insurance: {k1: secret}", "never written here"),
    ],
    ids=["unknown", "secret in clear"],
)
def test_what_can_be_no_signer_stops_the_start(folder: Path, opened: Opened, text: str, says: str) -> None:
    told(folder, text)
    with pytest.raises(Unusable, match=says):
        opened()

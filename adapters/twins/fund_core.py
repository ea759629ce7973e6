"""The twin of fund_core, by itself: fixed_width_county.py says what it knows."""

from __future__ import annotations

from pathlib import Path

from adapters.twins.fixed_width_county import FundCore
from adapters.twins.twin import Twin


def make(secrets: Path, seed: int) -> Twin:
    return FundCore(secrets, seed)

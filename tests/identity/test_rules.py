"""Decisions about accounts: one-time codes against the RFCs' own figures, the life of an account."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import pytest

from hub.clock import CHINA
from hub.identity import rules

SECRET = b"12345678901234567890"
TEXT = base64.b32encode(SECRET).decode()


HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert rules.one_time_code(SECRET, counter) == code


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"),
     (20000000000, "353130")],
)  # fmt: skip
def test_rfc_6238_appendix_b(second: int, code: str) -> None:
    """Its codes have eight digits; ours are the last six of them."""
    at = datetime.fromtimestamp(second, CHINA)
    assert rules.matching_step(TEXT, code, at) == second // 30


def test_a_code_is_good_one_step_either_way_and_no_further() -> None:
    at = datetime.fromtimestamp(3000, CHINA)
    code = rules.one_time_code(SECRET, 100)
    assert [rules.matching_step(TEXT, code, at + timedelta(seconds=away)) for away in (-31, -30, 0, 59, 60)] == [
        None, 100, 100, 100, None,
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["", "75522", "７５５２２４", "7552244", "abcdef"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert rules.matching_step(TEXT, code, datetime.fromtimestamp(0, CHINA) + timedelta(seconds=31)) is None


def test_an_account_ends() -> None:
    now = datetime.now(CHINA)
    assert rules.is_usable(True, now + timedelta(seconds=1), now)
    assert not rules.is_usable(True, now, now)
    assert not rules.is_usable(False, now + timedelta(days=1), now)

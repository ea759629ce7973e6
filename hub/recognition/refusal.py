"""Why a carried code is worth nothing: one reason for each way to be broken, told as such and never a fault of ours."""

from __future__ import annotations


class Refused(Exception):
    """`reason` is stable (UPPER_SNAKE) and stands in docs/recognition.md; `issuer` where the code still names one."""

    def __init__(self, reason: str, issuer: str = "") -> None:
        super().__init__(reason)
        self.reason, self.issuer = reason, issuer


class Unusable(Exception):
    """We ourselves cannot say: a list out of date, a rule that breaks. The verdict is `technical_error`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

"""What of a row in doubt is shown in a list."""

from __future__ import annotations

import pytest

from hub.matching.masks import masked
from hub.matching.rules import Sought, Told

SOUGHT = Sought("362623190607312336", "王䶮")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (Told("362623060731233", "王?", "1906-07-31", "GZ-CANARY-0017"),
         Told("362**********33", "王*", "1906******", "************17")),
        (Told("", "WANG YAN", "19060731"), Told("", "W******N", "1906****", "")),
        (Told("12345", "王", "", "17"), Told("*****", "*", "", "**")),
        (Told(), Told()),
    ],
)  # fmt: skip
def test_feat_S15_what_says_who_it_is_is_starred(told: Told, shown: Told) -> None:
    assert masked(SOUGHT, told) == (Sought("362*************36", "王*"), shown)

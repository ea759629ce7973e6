"""Every reason that the code can give stands in the handbook, and the other way round."""

from __future__ import annotations

import re

from tests.county import ROOT

_GIVEN = re.compile(r'(?:Refused|Unusable|_refused)\(\s*"([A-Z0-9_]+)"|"([A-Z0-9]+(?:_[A-Z0-9]+)+)" (?:if|else)')
_RULED = re.compile(r'(?:Ruling\("[a-z_]+",|"[a-z]+", "[a-z_]+",|_ONCE =|reason=) ?"([A-Z_]+)"|else "([A-Z_]+)"')


def test_every_reason_is_explained() -> None:
    given = set[str]()
    for path in (ROOT / "hub" / "recognition").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for form in (_GIVEN, _RULED):
            given |= {name for found in form.findall(text) for name in found if name}
    told = (ROOT / "docs" / "recognition.md").read_text(encoding="utf-8").partition("## Reasons")[2]
    explained = set(re.findall(r"`([A-Z0-9_]+)`", told))
    given -= {"PEER_FACT_INVALID"}
    assert len(given) > 50 and given == explained

"""How much of a kept leg anybody may read: no personal value, whoever asks (K6). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_HIGHEST_SHOWN = 2
# Names of elements and keys stay, so that one sees how the answer was built; of the rest only the shape.
_SHAPE = re.compile(rb'(</?[A-Za-z_][A-Za-z0-9_:.-]*|"[A-Za-z_][A-Za-z0-9_]*"\s*:)|([A-Za-z]+)|([0-9]+)|([\x80-\xff]+)')


def readable(values: Mapping[str, Any], classes: Mapping[str, Any]) -> dict[str, Any]:
    """The values up to class 2; of the others, and of those nobody classified, only that they are there. A list's
    classes are those of its entries."""
    return {name: _shown(value, classes.get(name, 4)) for name, value in values.items()}


def _shown(value: Any, known: Any) -> Any:
    if isinstance(known, Mapping):
        return [readable(entry, known) for entry in value] if isinstance(value, list) else HIDDEN
    return value if value is None or known <= _HIGHEST_SHOWN else HIDDEN


def shape(sample: bytes) -> str:
    """The first bytes of an answer with every letter, digit and character of its values taken away."""
    return _SHAPE.sub(_masked, sample).decode("ascii")


def _masked(found: re.Match[bytes]) -> bytes:
    name, letters, digits, other = found.groups()
    if name:
        return bytes(name)
    return b"x" * len(letters) if letters else b"0" * len(digits) if digits else b"?" * len(other)

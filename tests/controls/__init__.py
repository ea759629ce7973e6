"""What every promise rests on, one control at a time: taken out of a copy of the project, its tests must fail.

Each file here lists controls: `file` and the text in it (`old`) that is the control, what stands there without it
(`new`), and the tests that then fail (`red`). `make controls ROWS="Q25 T11"` sees it; tests/house keeps the list true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Control:
    """`red` are pytest's names of tests: file::function."""

    list: str
    file: str
    old: str
    new: str
    red: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}: {self.old.splitlines()[0][:70]}"

    @property
    def text(self) -> str:
        return (ROOT / self.file).read_text(encoding="utf-8")


def controls() -> Iterator[Control]:
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        for each in yaml.safe_load(path.read_text(encoding="utf-8")):
            red = tuple(f"{file}::{test}" for file, tests in each["red"].items() for test in tests)
            yield Control(path.stem, each["file"], each["old"], each["new"], red)

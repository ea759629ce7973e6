"""`python -m tests.controls [WORD …]`: sees the tests of each control fail without it, in a copy of the project.

A WORD chooses: a row (Q25), one of the lists (soap), a word in a file's name or a test's. Ends with 1 where a test
stayed green, or broke for another reason than the promise (a name that is not there, a file that does not load).
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.controls import ROOT, Control, controls

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", "var", "node_modules", "miniprogram", "__pycache__")
SECONDS = 120  # for one test: without its control some wait for ever
MEMORY = 8 << 30  # for one run: without its control some would ask for all there is
# What is compiled is kept from run to run, and a line tells enough of why a test failed.
ENVIRON = {**{name: each for name, each in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, "COLUMNS": "200"}
_FAILED = re.compile(r"^FAILED (\S+?::\w+)(?:\[.*?\])?(?: - (.*))?$", re.MULTILINE)
_BROKEN = re.compile(r"(Name|Syntax|Import|ModuleNotFound|UnboundLocal|Indentation)Error\b")


def chosen(words: list[str]) -> list[Control]:
    wanted = [re.compile(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z\d])") for word in words]
    texts = {each: " ".join((each.list, each.file, *each.red)) for each in controls()}
    return [each for each, text in texts.items() if not words or any(word.search(text) for word in wanted)]


def without(control: Control, copy: Path) -> list[str]:
    """The tests that do not fail as they should, each with why."""
    file, text = copy / control.file, control.text
    file.write_text(text.replace(control.old, control.new, 1), encoding="utf-8")
    try:
        done = _run(control.red, copy)
    finally:
        file.write_text(text, encoding="utf-8")
    if done.returncode < 0 and len(control.red) == 1:
        return []  # it took the whole process with it
    told: dict[str, bool] = {}
    for test, why in _FAILED.findall(done.stdout):
        told[test] = told.get(test, False) or not _BROKEN.match(why)
    wrong = [f"{test}: {'broke' if test in told else 'stays green'}" for test in control.red if not told.get(test)]
    return wrong if told else [*wrong, *done.stdout.splitlines()[-5:]]


def _run(tests: tuple[str, ...], copy: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=line", "-rf", f"--timeout={SECONDS}"]
    return subprocess.run(
        [*command, *tests], cwd=copy, env=ENVIRON, capture_output=True, text=True, check=False,
        preexec_fn=_bounded,
    )  # fmt: skip


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    found, wrong = chosen(sys.argv[1:]), 0
    with tempfile.TemporaryDirectory(prefix="xt-controls-") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        for control in found:
            began = time.monotonic()
            green = without(control, copy)
            wrong += bool(green)
            sys.stdout.write(f"{'GREEN' if green else 'red':5} {time.monotonic() - began:4.0f} s  {control}\n")
            sys.stdout.writelines(f"      {line}\n" for line in green)
            sys.stdout.flush()
    sys.stdout.write(f"{len(found)} controls, {wrong} not seen\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

"""What the pages of staff are made of: short files, every word in both languages, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "blueprints/static"
OURS = sorted(path for folder in ("console", "desk", "gate", "shared") for path in (STATIC / folder).glob("*.js"))
HAN = re.compile(r"[\u4e00-\u9fff]")
PLAIN = r"\"(?:[^\"\\]|\\.)*\""
TEMPLATE = r"`(?:[^`\\]|\\.)*`"
BOTH = re.compile(rf"\bt\(\s*({PLAIN}|{TEMPLATE}),\s*({PLAIN}|{TEMPLATE})\)")
OF_NO_ROLE = {"session.begin", "filing.settle", "systems.record", "systems.verify"}  # signing in, the command line
BY_ITSELF = ("中文", 'aria-hidden="true">县<')  # the name of a language in that language; a seal


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_word_is_there_in_both_languages(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// "), "a file says in its first line what it is for"
    assert text.count("\n") <= 400
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
    for _, english in BOTH.findall(code):
        assert not HAN.search(english), english
    rest = BOTH.sub("", code)
    for known in BY_ITSELF:
        rest = rest.replace(known, "")
    assert not HAN.search(rest), [line.strip() for line in rest.splitlines() if HAN.search(line)][:3]


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_is_made_of_text_or_fetched_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|document\.write|\beval\(|new Function|https?://", text)


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_imported_is_there(path: Path) -> None:
    for names, place in re.findall(r'import \{([^}]+)\} from "(\.[^"]+)"', path.read_text(encoding="utf-8")):
        told = (path.parent / place).read_text(encoding="utf-8")
        given = set(re.findall(r"export (?:async )?(?:const|let|function|class) (\w+)", told))
        given |= {name.strip() for listed in re.findall(r"export \{([^}]+)\}", told) for name in listed.split(",")}
        assert {name.split(" as ")[0].strip() for name in names.split(",")} <= given, place


def test_every_act_and_every_job_has_words_in_the_console() -> None:
    table = (STATIC / "console/acts.js").read_text(encoding="utf-8")
    things, deeds, tasks = (
        set(re.findall(r"[\s{\"]([\w.]+)\"?: \(\) =>", part)) for part in re.split(r"const (?:DEEDS|TASKS) ", table)
    )
    roles = (ROOT / "config/roles.yaml").read_text(encoding="utf-8")
    acts = {act for role in yaml.safe_load(roles).values() for act in role} | OF_NO_ROLE
    assert {act.split(".")[0] for act in acts} == things
    assert {act.split(".")[1] for act in acts} == deeds
    assert tasks == {"exchange.batch", "filings.ring", "messages_notice", "messages_push", "reruns.run"}


@pytest.mark.parametrize("face", ["console", "desk", "gate"])
def test_no_script_is_inline(face: str) -> None:
    page = (STATIC / face / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=", page)


def test_what_is_vendored_comes_with_its_licence() -> None:
    licences = (STATIC / "vendor/LICENSES.txt").read_text(encoding="utf-8")
    for name in ("vue 3.5.45", "element-plus 2.14.8", "echarts 6.1.0", "zrender", "jsqr", "htm"):
        assert name in licences

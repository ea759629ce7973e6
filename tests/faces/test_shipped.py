"""What is shipped: made of the source beside it, small, pressed, in both languages; WeChat's build is whole."""

from __future__ import annotations

import gzip
import json
import re
import runpy
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprints.me import DELETED, ENDED
from hub.cases.service import _FILED
from tests.county import ROOT

SOURCE = ROOT / "miniprogram"
H5 = ROOT / "blueprints" / "static" / "h5"
STALE = "miniprogram/ was changed after it was built: make faces"
LARGEST_WECHAT, LARGEST_KEPT = 2_000_000, 150_000
_LINE = re.compile(r'^\s+(?:"[^"]+"|\w+): \[(".*?"), (".*")\],$', re.M)
_PAIR = re.compile(r'(?:"[^"]+"|\w+): \[("[^"]*"), ("[^"]*")\]')


@pytest.fixture(scope="module")
def ship() -> dict[str, Any]:
    return runpy.run_path(str(SOURCE / "ship.py"))


@pytest.fixture(scope="module")
def wechat() -> dict[str, bytes]:
    with zipfile.ZipFile(SOURCE / "mp-weixin.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_both_builds_are_of_this_source(ship: dict[str, Any], wechat: dict[str, bytes]) -> None:
    assert (H5 / "source.sha256").read_text().strip() == ship["digest"](), STALE
    assert wechat["source.sha256"].decode().strip() == ship["digest"](), STALE


def test_pressed_files_hold_the_same() -> None:
    pressed = list(H5.rglob("*.gz"))
    assert len(pressed) > 10
    for path in pressed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes(), path


def test_what_a_phone_keeps_for_when_there_is_no_net_is_all_of_the_build_and_small() -> None:
    """Pressed, as it is sent. It comes after the first screen, which has a budget of its own in test_citizen.py."""
    shipped = [path for path in H5.rglob("*") if path.suffix in (".html", ".js", ".css")]
    pressed = [path.with_name(path.name + ".gz") for path in shipped]
    sent = [beside if beside.exists() else path for beside, path in zip(pressed, shipped, strict=True)]
    assert 0 < sum(path.stat().st_size for path in sent) <= LARGEST_KEPT
    listed = re.findall(r'^  "/(assets/[^"]+)",?$', (H5 / "worker.js").read_text(encoding="utf-8"), re.M)
    assert sorted(["index.html", "worker.js", *listed]) == sorted(path.relative_to(H5).as_posix() for path in shipped)


def test_no_script_in_a_page_and_no_other_host_in_a_style() -> None:
    page = (H5 / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", page)
    for path in H5.rglob("*.css"):
        assert not re.search(r"https?:", path.read_text(encoding="utf-8")), path


def test_wechat_build_is_whole(wechat: dict[str, bytes]) -> None:
    app = json.loads(wechat["app.json"])
    pages = json.loads((SOURCE / "src" / "pages.json").read_text(encoding="utf-8"))["pages"]
    assert app["pages"] == [page["path"] for page in pages]
    for page in app["pages"]:
        assert {f"{page}.{kind}" for kind in ("js", "json", "wxml")} <= wechat.keys(), page
    for name, content in wechat.items():
        if name.endswith(".json"):
            for used in json.loads(content).get("usingComponents", {}).values():
                place = used.removeprefix("/") if used.startswith("/") else str((Path("/") / name).parent / used)[1:]
                assert f"{_plain(place)}.wxml" in wechat, f"{name}: {used}"
    assert sum(map(len, wechat.values())) < LARGEST_WECHAT


def _plain(place: str) -> str:
    parts: list[str] = []
    for part in place.split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(part for part in parts if part != ".")


def test_wechat_build_speaks_tls_only(wechat: dict[str, bytes]) -> None:
    for name, content in wechat.items():
        for address in re.findall(rb"http:[^\s\"'`)]*", content):
            assert address.startswith(b"http://www.w3.org/"), f"{name}: {address!r}"  # the name of a format, not a host


def test_every_line_of_a_timeline_has_a_word() -> None:
    cases = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "hub/cases").glob("*.py"))
    tasks = (ROOT / "hub/tasks/service.py").read_text(encoding="utf-8")
    events = set(re.findall(r'\.note\(session, row, "(\w+)"', cases))
    events |= set(re.findall(r'_done\(session, row, officer, [\w.]+, "(\w+)"', cases)) | set(_FILED.values())
    events |= {f"task_{act}" for act in re.findall(r'\._note\(session, row, "(\w+)"', tasks)}
    assert len(events) > 30
    names = (SOURCE / "src/words/names.js").read_text(encoding="utf-8")
    assert not {event for event in events if not re.search(rf"\b{event}: \[", names)}
    desk = (ROOT / "blueprints/static/desk/events.js").read_text(encoding="utf-8")
    assert not {event for event in events if not re.search(rf"\b{event}: t\(", desk)}
    appeals = (ROOT / "hub/appeals/service.py").read_text(encoding="utf-8")
    acts = set(re.findall(r'\._note\(session, row, "(\w+)"', appeals)) | {"yellow", "red"}
    assert not {act for act in acts if not re.search(rf"\b{act}: \[", names)}
    assert not {act for act in acts if not re.search(rf"\b{act}: t\(", desk.partition("appealEvent")[2])}


def test_every_field_and_code_a_department_answers_a_citizen_with_has_a_word() -> None:
    fields, codes = (SOURCE / "src/words/names.js").read_text(encoding="utf-8").split("export const VALUES")
    unnamed: set[str] = set()
    for path in (ROOT / "config/services").glob("*.yaml"):
        called = re.search(r"^call: \{system: (\w+), operation: (\w+)\}", path.read_text(encoding="utf-8"), re.M)
        if called:
            system = yaml.safe_load((ROOT / "adapters" / called[1] / "system.yaml").read_bytes())
            operation = system["operations"][called[2]]
            if operation["kind"] == "read":
                lists = operation["answer"].get("lists", {})
                told = {**operation["answer"]["fields"], **lists}
                for each in lists.values():
                    told |= each["fields"]
                unnamed |= {name for name in told if not re.search(rf"\b{name}: \[", fields)}
                tables = {each["table"] for each in told.values() if each.get("table")}
                values = {value for table in tables for value in system["codes"][table].values()}
                unnamed |= {value for value in values if not re.search(rf'"?\b{value}\b"?: \[', codes)}
    unnamed |= {id for id in yaml.safe_load((ROOT / "config/systems.yaml").read_bytes()) if f" {id}: [" not in codes}
    assert not unnamed


def test_all_that_goes_with_a_citizen_has_a_word() -> None:
    names = (SOURCE / "src/words/names.js").read_text(encoding="utf-8").split("export const VALUES")[0]
    assert not {each for each in (*DELETED, *ENDED) if not re.search(rf"\b{each}: \[", names)}


def test_feat_U30_every_word_in_both_languages() -> None:
    words = (SOURCE / "src/words/words.js").read_text(encoding="utf-8")
    pairs = _LINE.findall(words)
    assert len(pairs) == len(re.findall(r"^  \w+: \[", words, re.M)) > 100
    pairs += _PAIR.findall((SOURCE / "src/words/names.js").read_text(encoding="utf-8"))
    for zh, en in pairs:
        assert en.strip('"') and not re.search(r"[\u4e00-\u9fff]", en.replace("中文", "")), (zh, en)
    keys = set(re.findall(r"^  (\w+): \[", words, re.M))
    for path in (SOURCE / "src").rglob("*.vue"):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r'\bt\("(\w+)"[,)]', text)) <= keys, path
        template = re.sub(r"<!--.*?-->", "", text.partition("<script")[0], flags=re.S)
        assert not re.search(r"[\u4e00-\u9fff]", template), f"{path}: words belong in words.js"

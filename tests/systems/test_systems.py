"""Folders of departments: found, checked, opened on first use, opened anew when their configuration changes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import tests.gateway.departments
from hub.port import Garbled, Shared, Unavailable
from hub.settings.shapes import System
from hub.systems import Operation, Systems

GOOD = Path(tests.gateway.departments.__file__).parent
AT = System("alpha", "http://127.0.0.1:9", allow_private=True, secrets={"password": "p"})


class Nothing:
    """The store of a system that shares nothing; the adapters here never ask it."""


def shared(_: str) -> Shared:
    return Nothing()  # type: ignore[return-value]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the departments that a test may break, importable under a name of its own."""
    name = f"departments_{tmp_path.name.replace('-', '_')}"
    shutil.copytree(GOOD, tmp_path / name)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / name
    for module in [each for each in sys.modules if each.split(".")[0] == name]:
        del sys.modules[module]


def systems(package: Path, attached: dict[str, System]) -> Systems:
    return Systems(lambda: attached, shared, package.name)


def test_the_folder_is_the_registration(package: Path) -> None:
    found = systems(package, {})
    assert found.ids() == ("alpha", "beta", "gamma", "register", "stuck")
    assert set(found.operations("alpha") or ()) == {"query", "hours", "file"}
    assert found.operations("nowhere") is None
    assert found.facts("alpha")["department"] == "alpha"
    assert not found.complaints()


def test_opened_once_on_first_use(package: Path) -> None:
    attached = {"alpha": AT}
    found = systems(package, attached)
    first = found.get("alpha")
    assert found.get("alpha") is first and not first.may_hang
    assert first.adapter.setting.secrets == {"password": "p"}  # type: ignore[attr-defined]
    attached["alpha"] = replace(AT, cap=3)
    assert found.get("alpha").adapter is first.adapter
    attached["alpha"] = replace(AT, secrets={"password": "q"})
    assert found.get("alpha").adapter is not first.adapter
    found.close()


def test_fault_F14_a_description_that_changed_is_named_and_the_old_one_goes_on(package: Path) -> None:
    found = systems(package, {"alpha": AT})
    first, file = found.get("alpha"), package / "alpha" / "system.yaml"
    assert found.outdated() == []
    before = file.read_bytes()
    file.write_bytes(before + b"version: '2'\n")
    assert found.outdated() == ["alpha"] and found.get("alpha") is first
    file.write_bytes(b"half a fi")
    assert found.outdated() == ["alpha"] and found.get("alpha") is first
    file.unlink()
    assert found.outdated() == ["alpha"]
    file.write_bytes(before)
    assert found.outdated() == []
    found.close()


def test_own_adapter_comes_before_the_protocols(package: Path) -> None:
    stuck = systems(package, {"stuck": replace(AT, id="stuck")}).get("stuck")
    assert stuck.may_hang and type(stuck.adapter).__module__.endswith("stuck.adapter")


def test_a_system_that_is_not_attached_is_unavailable(package: Path) -> None:
    with pytest.raises(Unavailable):
        systems(package, {}).get("alpha")


@pytest.mark.parametrize(
    ("wrong", "right", "line", "column", "says"),
    [
        ("protocol: plain", "protocol: telepathy", 3, 11, "names no module"),
        ("protocol: plain", "protocol: ../plain", 3, 11, "names no module"),
        ("kind: read", "kind: guess", 10, 11, "one of"),
        ("data_class: 3\n", "data_class: 9\n", 11, 17, "from 1 to 4"),
        ("subject: id_number", "\tsubject: id_number", 5, 1, "tab"),
        ("balance_fen: {from: balance, as: yuan", "balance_fen: {from: balance, as: rupee", 16, 42, "one of"),
        ("status: {from: status, class: 2}", "status: {from: status}", 17, 9, "missing"),
        ("encoding: utf-8", "encoding: utf-8\nencoding: gbk", 5, 1, "twice"),
    ],
)
def test_a_wrong_folder_says_where_and_the_others_start(
    package: Path, wrong: str, right: str, line: int, column: int, says: str
) -> None:
    file = package / "alpha/system.yaml"
    text = file.read_text(encoding="utf-8")
    assert wrong in text
    file.write_text(text.replace(wrong, right, 1), encoding="utf-8")
    found = systems(package, {"alpha": AT, "beta": replace(AT, id="beta")})
    (complaint, *_) = found.complaints()
    assert complaint.file == f"{package.name}/alpha/system.yaml"
    assert (complaint.line, complaint.column) == (line, column), str(complaint)
    assert says in complaint.text
    assert found.operations("alpha") is None
    with pytest.raises(Unavailable, match=r"alpha/system\.yaml:"):
        found.get("alpha")
    assert found.get("beta").id == "beta"


def test_an_adapter_that_cannot_be_opened_is_not_tried_at_every_call(package: Path) -> None:
    (package / "alpha/adapter.py").write_text(
        '"""Counts how often it is opened."""\n\nOPENED = []\n\n\n'
        "class Adapter:\n    def __init__(self, setting):\n        OPENED.append(1)\n"
        "        raise RuntimeError('the password is hunter2')\n",
        encoding="utf-8",
    )
    found = systems(package, {"alpha": AT, "beta": replace(AT, id="beta")})
    for _ in range(5):
        with pytest.raises(Unavailable) as caught:
            found.get("alpha")
        assert "hunter2" not in caught.value.note
    assert len(sys.modules[f"{package.name}.alpha.adapter"].OPENED) == 1
    found.warm()
    assert found.get("beta").id == "beta"


def declared() -> Operation:
    facts = {
        "kind": "read",
        "data_class": 3,
        "answer": {
            "fields": {
                "id_number": {"as": "text", "class": 3, "required": True},
                "fen": {"as": "yuan", "class": 3},
                "open": {"as": "boolean", "class": 2},
                "day": {"as": "date", "class": 1},
            },
            "lists": {"rows": {"fields": {"no": {"as": "integer", "class": 2, "required": True}}}},
        },
    }
    return Operation.declared("query", facts, "id_number")


ASKED = {"id_number": "36042319900101123X"}


def test_answer_as_declared_passes() -> None:
    answer = {"id_number": "36042319900101123x", "fen": 1, "open": True, "day": "2026-01-01", "rows": [{"no": 1}]}
    assert declared().shown(answer, ASKED, 3) == answer
    assert declared().shown({"id_number": ASKED["id_number"], "fen": None}, ASKED, 3)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"id_number": None}, "missing"),
        ({"fen": 1.5}, "fen is a float"),
        ({"fen": True}, "fen is a bool"),
        ({"open": 1}, "open is a int"),
        ({"more": "x"}, "more is not declared"),
        ({"rows": {}}, "no list"),
        ({"rows": [{"no": "1"}]}, "rows.no is a str"),
        ({"rows": [{}]}, "rows.no is missing"),
        ({"rows": [{"no": 1, "x": 2}]}, "rows.x is not declared"),
    ],
)
def test_answer_otherwise_is_garbled_and_shows_no_value(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(Garbled) as caught:
        declared().shown({**ASKED, **wrong}, ASKED, 3)
    assert says in caught.value.note and ASKED["id_number"] not in caught.value.note


def test_row_B96_another_persons_record() -> None:
    with pytest.raises(Garbled) as caught:
        declared().shown({"id_number": "360423199001015678"}, ASKED, 3)
    assert caught.value.code == "UPSTREAM_SUBJECT_MISMATCH"


def test_fields_above_the_class_stay_away() -> None:
    answer = {**ASKED, "fen": 1, "open": True, "day": "2026-01-01", "rows": [{"no": 1}]}
    assert declared().shown(answer, ASKED, 2) == {"open": True, "day": "2026-01-01", "rows": [{"no": 1}]}
    assert declared().shown(answer, ASKED, 1) == {"day": "2026-01-01", "rows": [{}]}

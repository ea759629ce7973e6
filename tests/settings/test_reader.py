"""What the strict reader takes and where it says things stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies

from hub.settings.place import Refused
from hub.settings.reader import parse, read_yaml


def test_only_true_false_null_and_numbers_are_more_than_text() -> None:
    document = parse("f", "[no, on, 08, 1.5, 2026-01-01, 12:30, 0x1F, 1e5, .inf, true, ~, 7, '7', 1_000]")
    assert document.value == [
        "no", "on", "08", 1.5, "2026-01-01", "12:30", "0x1F", "1e5", ".inf", True, None, 7, "7", "1_000",
    ]  # fmt: skip


def test_columns_count_characters() -> None:
    document = parse("f", "中文: {名: x}\n")
    assert document.mark(("中文", "名")) == (1, 9)
    assert document.key_mark(("中文", "名")) == (1, 6)


def test_what_is_missing_is_looked_for_at_what_holds_it() -> None:
    document = parse("f", "a:\n  b:\n    - c: 1\n    - d: 2\n")
    assert document.mark(("a", "b", 1, "c")) == (4, 7)
    assert document.mark(("a", "x", "y")) == (1, 1)


def test_a_file_above_one_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"# " + b"x" * (1 << 20))
    with pytest.raises(Refused, match=r"big.yaml:1:1: is larger than 1 MiB"):
        read_yaml(path)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        read_yaml(tmp_path, "services/x.yaml")


def test_a_byte_order_mark_and_dos_line_ends_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n")
    document = read_yaml(path)
    assert document.value == {"a": 1, "b": {"c": 2}}
    assert document.mark(("b", "c")) == (3, 6)


@given(strategies.text(alphabet="ab:-[]{}'\"&*!|>%@#,? \n\t<~中\x00", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse("f", text)
    except Refused as refused:
        assert refused.complaint.line >= 1 and refused.complaint.column >= 1

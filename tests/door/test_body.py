"""The strict reader by itself: no bytes give anything but a dict or a Problem."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blueprints.body import LARGEST, Readers, has_body, is_identity, parse, receive
from hub.errors import Problem

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NEARLY = st.text(alphabet='{}[]",:\\u0dDeE+-.1tnfals \n\x00\ud800é張', max_size=80)


@given(st.binary(max_size=200) | NEARLY.map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"a":1e' + b"9" * 40 + b"}")
@example(b'{"a":"' + b'\\"' * 50_000)
@example(b'"' * 100_000)
@example(b"{" * 100_000)
@example(b'{"a":' * 33 + b"}" * 33)
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe{\x00}\x00")
def test_any_bytes_give_a_dict_or_a_problem(raw: bytes) -> None:
    try:
        assert isinstance(parse(raw), dict)
    except Problem as problem:
        assert problem.status in (400, 413)


@given(st.dictionaries(TEXTS, VALUES, max_size=6))
def test_what_a_proper_client_sends_is_read_as_it_is(value: dict[str, Any]) -> None:
    for ascii_only in (True, False):
        try:
            assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value
        except Problem as problem:
            assert problem.code == "CLIENT_IDENTITY_FORBIDDEN"


def test_a_long_text_may_hold_any_number_of_signs() -> None:
    text = 'a "quoted" {[: , \\ ' * 5000
    assert parse(json.dumps({"text": text}).encode()) == {"text": text}


@pytest.mark.parametrize("raw", [b'{"a": [' + b"1," * 300_000 + b"1]}", b'{"a": [' + b"[]," * 300_000 + b"[]]}"])
def test_very_many_items_are_refused(raw: bytes) -> None:
    with pytest.raises(Problem, match="JSON_KEYS"):
        parse(raw)


def test_depth_and_keys_inside_texts_do_not_count() -> None:
    assert parse(json.dumps({"a": "[" * 1000 + '":' * 1000}).encode())["a"].startswith("[[")


def test_the_largest_is_counted_in_bytes() -> None:
    with pytest.raises(Problem, match="BODY_TOO_LARGE"):
        parse(b" " * (LARGEST + 1))


def test_identity_names() -> None:
    assert is_identity("Open_Id")
    assert is_identity("UNION-ID")
    assert not is_identity("openids")


class Stalled:
    """A sender that announces a body and never sends it, as the server shows it."""

    def read(self, _: int) -> bytes:
        return b""


def test_only_many_slow_senders_close_the_reader() -> None:
    readers = Readers()
    readers._started.update({-n: -1000.0 for n in range(1, 64)})
    environ = {"CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json", "wsgi.input": Stalled()}
    with pytest.raises(Problem, match="HTTP_FRAMING"):
        receive(environ, readers)
    readers._started[-64] = -1000.0
    with pytest.raises(Problem, match="OVERLOADED"):
        receive(environ, readers)


def test_has_body() -> None:
    assert not has_body({})
    assert not has_body({"CONTENT_LENGTH": "0"})
    assert has_body({"CONTENT_LENGTH": "1"})
    assert has_body({"HTTP_TRANSFER_ENCODING": "chunked"})

"""What a title is found by, and what a query asks for: pure functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue import query
from hub.catalogue.pinyin import readings, syllables
from hub.catalogue.query import Condition
from hub.catalogue.words import indexed, plain


def narrowed(condition: Condition, tokens: frozenset[str]) -> bool:
    """Whether the token index would give a title with these tokens."""
    return any(
        all(
            any(way.tokens <= tokens and all(choice & tokens for choice in way.choices) for way in ways)
            for ways in runs
        )
        for runs in condition
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("户籍 登记（县级）", "户籍登记县级"),
        ("ＥＴＣ卡", "etc卡"),
        ("《预防接种证》办理", "预防接种证办理"),
        ("1000人以上", "1000人以上"),
        ("𠮷、㐂", "𠮷㐂"),
        ("!?", ""),
    ],
)
def test_plain(text: str, left: str) -> None:
    assert plain(text) == left


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("户籍登记", ["hu ji deng ji"]),
        ("银行", ["yin xing", "yin hang"]),
        ("给付", ["gei fu", "ji fu"]),
        ("旅行", ["lv xing"]),
        ("䶮锟", ["yan kun"]),
        ("𪚥", ["?"]),
    ],
)
def test_readings(text: str, read: list[str]) -> None:
    assert [" ".join(each) for each in readings(text)] == read


def test_every_character_of_the_standard_is_read() -> None:
    assert len(syllables()) > 390
    assert all(readings(sign)[0][0] != "?" for sign in "通用规范汉字表")


def test_the_same_title_has_the_same_number() -> None:
    assert indexed("户籍登记") == indexed("户籍登记")
    assert indexed("户籍登记").id == indexed("户籍 登记").id
    assert len({indexed("户籍登记").id, indexed("户籍登记", ["户口"]).id, indexed("户籍登记", first=True).id}) == 3


def test_what_can_be_used_comes_first_then_the_shorter() -> None:
    titles = [indexed("很长的一个事项名称", first=True), indexed("登记"), indexed("户籍登记"), indexed("户籍登记证明")]
    assert [words.sort for words in titles] == sorted(words.sort for words in titles)


_TITLES = st.text(st.sampled_from("登记户籍公积金银行证办理长期abc12（、"), min_size=1, max_size=12)


@given(_TITLES, st.integers(0, 11), st.integers(1, 12))
def test_every_part_of_a_title_is_found(title: str, start: int, length: int) -> None:
    part = plain(title)[start : start + length]
    if part:
        assert narrowed(query.exact(part), frozenset(indexed(title).tokens))


@given(
    st.text(st.sampled_from("登记户籍公积金银行证办理长期"), min_size=1, max_size=10),
    st.integers(0, 9),
    st.integers(2, 40),
)
def test_every_way_to_type_it_is_found(title: str, start: int, length: int) -> None:
    """From any syllable on, by either reading, stopped anywhere."""
    for reading in readings(title):
        typed = "".join(reading[start:])[:length]
        initials = "".join(syllable[0] for syllable in reading[start:])
        tokens = frozenset(indexed(title).tokens)
        for said in (typed, initials):
            if len(said) > 1:
                assert narrowed(query.exact(said), tokens), said


@given(st.text(st.sampled_from("登记户籍公积金银行证办理"), min_size=3, max_size=10), st.integers(0, 9))
def test_one_wrong_character_is_found(title: str, place: int) -> None:
    place %= len(title)
    wrong = f"{title[:place]}锟{title[place + 1 :]}"
    assert narrowed(query.close(wrong), frozenset(indexed(title).tokens))


@pytest.mark.parametrize("said", ["请问公积金余额", "怎么查公积金余额", "公积金余额在哪里", "我想要公积金余额怎么办理"])
def test_what_is_said_around_it_does_not_matter(said: str) -> None:
    assert narrowed(query.exact(said), frozenset(indexed("查公积金余额").tokens))


@given(st.text(max_size=60))
def test_any_text_may_be_asked(text: str) -> None:
    for condition in (query.exact(text), query.close(text)):
        assert all(len(way.pattern) < 400 for runs in condition for ways in runs for way in ways)
    query.code(text)


def test_a_long_ambiguous_word_stays_small() -> None:
    """Letters that can be cut into syllables in thousands of ways."""
    for said in ("xian" * 15, "nanana" * 10, "e" * 60, "anganganganganganganganganganganganganganganganganganganganga"):
        (runs,) = query.exact(said)
        assert sum(len(ways) for ways in runs) < 20


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("360Z0250030003-360423000000-000-11360423DEM00025XL-1-00", True),
        (" yb-cx-003 ", True),
        ("ＹＢ－ＣＸ－００３", True),
        ("公积金", False),
        ("gongjijin", False),
        ("12", False),
        ("x" * 65, False),
    ],
)
def test_what_looks_like_a_code(text: str, found: bool) -> None:
    assert (query.code(text) is not None) == found

"""The sign rule as data. Expected values come from the standard or from another program (openssl), never from us."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from marshmallow import EXCLUDE, ValidationError

from adapters.protocols.signature import DIGESTS, KEYED, RuleFacts, Signature

KEY = "K-2026"
SYSTEMS = Path(__file__).parents[2] / "adapters"


def test_sm3_standard_vectors() -> None:
    """GB/T 32905-2016, appendix A: both examples."""
    assert DIGESTS["sm3"](b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert DIGESTS["sm3"](b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_hmac_sm3_is_the_hmac_construction() -> None:
    """RFC 2104 by hand over the block size of SM3."""
    key, text = b"k" * 10, "县通".encode()
    block = key.ljust(64, b"\0")
    inner = DIGESTS["sm3"](bytes(b ^ 0x36 for b in block) + text)
    assert KEYED["hmac_sm3"](key, text) == DIGESTS["sm3"](bytes(b ^ 0x5C for b in block) + inner)


SIGNED = [
    pytest.param(
        Signature("md5", charset="gbk", key_join="&key=", case="upper"),
        {"c": "x", "a": "1", "b": "张三", "d": ""},
        "BA6DC362FB37B5BE39408BEB8195D68D",
        id="quirk_Q20 MD5 over the GBK bytes; quirk_Q21 empty left out",
    ),
    pytest.param(
        Signature("md5", charset="utf-8", key_join="&key=", case="upper"),
        {"c": "x", "a": "1", "b": "张三"},
        "0A784C8964A2B044A2381562444CBB2D",
        id="quirk_Q20 MD5 over the UTF-8 bytes differs",
    ),
    pytest.param(
        Signature("md5", fields=("c", "a", "b"), order="fixed", pair="namevalue", join="", key_position="both"),
        {"a": "1", "b": "2", "c": "3"},
        "11b4242a28aa17cff46acbb29006f080",
        id="quirk_Q22 fixed order, key before and after",
    ),
    pytest.param(
        Signature("hmac_sha256", fields=("p", "q", "r", "s"), order="fixed", empty="keep", pair="value", join="\n"),
        {"p": "1", "q": "", "r": "2", "s": "3"},
        "dd3f8d9fa5f97d63037d032f883308482ece18904fa7620b0ff199bae27f6d01",
        id="quirk_Q21 empty kept",
    ),
    pytest.param(
        Signature("hmac_sm3", fields=("p", "q", "r", "s"), order="fixed", empty="keep", pair="value", join="\n"),
        {"p": "1", "q": "", "r": "2", "s": "3"},
        "0198fe74cc50de1b31a11b64de2d598f60b290326f4f76d0e18b18bca598b761",
        id="HMAC-SM3",
    ),
    pytest.param(
        Signature("sm3", order="value", pair="value", join="|"),
        {"a": "3", "b": "1", "c": "2"},
        "7b205dbddcd3e9524c230c27bb54960196e36ecd51dac5164fed1af79c55e012",
        id="quirk_Q22 order by value",
    ),
    pytest.param(
        Signature("sha256", order="value", pair="value", join="|", output="base64"),
        {"a": "3", "b": "1", "c": "2"},
        "jF+racSgmzOKWbG9kcmOqEdCw1Uwctvmb4hqNrJT+Jk=",
        id="base64",
    ),
]


@pytest.mark.parametrize(("rule", "values", "expected"), SIGNED)
def test_feat_C4_signed_as_another_program_signs(rule: Signature, values: dict[str, str], expected: str) -> None:
    assert rule.sign(values, KEY) == expected
    assert rule.verifies(values, KEY, expected)
    assert not rule.verifies(values, KEY + "x", expected)
    assert not rule.verifies({**values, "a": "changed", "p": "changed"}, KEY, expected)


def test_quirk_Q22_prepended_key() -> None:
    rule = Signature("md5", key_position="prepend")
    assert rule.sign({"a": "1"}, KEY) == hashlib.md5(b"K-2026a=1").hexdigest()


def test_body_digest_uses_the_rules_own_hash_and_case() -> None:
    expected = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # openssl
    assert Signature("hmac_sha256").digest(b"x") == expected
    assert Signature("sha256", case="upper").digest(b"x") == expected.upper()


def test_a_character_the_charset_cannot_hold_is_never_signed_as_another() -> None:
    with pytest.raises(UnicodeEncodeError):
        Signature("md5", charset="gbk").sign({"xm": "王䶮"}, KEY)


def test_a_value_the_rule_names_is_missing() -> None:
    rule = Signature("md5", fields=("a", "b"))
    with pytest.raises(KeyError):
        rule.sign({"a": "1"}, KEY)
    assert not rule.verifies({"a": "1"}, KEY, "x")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"algorithm": "md4"},
        {"algorithm": "md5", "charset": "gbk18030"},
        {"algorithm": "md5", "order": "fixed"},
        {"algorithm": "md5", "order": "random"},
        {"algorithm": "md5", "case": "mixed"},
        {"algorithm": "md5", "colour": "red"},
        {"algorithm": "md5", "fields": [""]},
    ],
)
def test_a_wrong_rule_is_refused_when_it_is_read(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RuleFacts().load(wrong)


def _samples() -> list[tuple[str, dict[str, object]]]:
    return [
        (path.parts[-3], sample)
        for path in sorted(SYSTEMS.glob("*/samples/signed.json"))
        for sample in json.loads(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("system", "sample"), _samples(), ids=lambda value: value if isinstance(value, str) else None)
def test_quirk_Q22_signed_samples_of_each_system(system: str, sample: dict[str, object]) -> None:
    facts = yaml.safe_load((SYSTEMS / system / "system.yaml").read_text(encoding="utf-8"))
    rule = Signature.declared(RuleFacts(unknown=EXCLUDE).load(facts["signed_rest"]["sign"]))
    assert rule.text(sample["values"]) == sample["text"]
    assert rule.sign(sample["values"], sample["key"]) == sample["sign"]


def test_quirk_Q22_each_signing_system_ships_three_samples() -> None:
    counted: dict[str, int] = {}
    for system, _ in _samples():
        counted[system] = counted.get(system, 0) + 1
    assert set(counted) >= {"housing_fund", "vehicle_administration"}
    assert min(counted.values()) >= 3

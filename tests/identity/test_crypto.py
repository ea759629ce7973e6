"""The two suites, the ring that turns, boxes (security T3, T6, T27)."""

from __future__ import annotations

import hashlib
import hmac
import os
import time

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes

from hub import crypto
from hub.crypto import LOOK_UP, SUITES, Crypto
from hub.errors import Problem

OLD, NEW = os.urandom(32), os.urandom(32)


@pytest.fixture(params=SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_is_sealed_comes_back_and_nothing_else_does(suite: str) -> None:
    ring = Crypto({"s1": OLD}, suite)
    sealed = ring.seal("韩山福".encode(), "name")
    assert ring.open(sealed, "name").decode() == "韩山福" and sealed != ring.seal("韩山福".encode(), "name")
    spoiled = [sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :] for place in range(len(sealed))]
    for wrong, purpose in [
        (sealed, "phone"),
        (b"", "name"),
        (sealed[:20], "name"),
        *((each, "name") for each in spoiled),
    ]:
        with pytest.raises(Problem) as told:
            ring.open(wrong, purpose)
        assert told.value.code == "KEY_UNAVAILABLE"


def test_a_box_opens_only_for_its_owner(suite: str) -> None:
    ring = Crypto({"s1": OLD}, suite)
    box, key = ring.new_box("key:a")
    sealed = box.seal("362623190205121932", "id:a")
    assert ring.box(key, "key:a").open(sealed, "id:a") == "362623190205121932"
    for attempt in (lambda: ring.box(key, "key:b"), lambda: ring.box(key, "key:a").open(sealed, "id:b")):
        with pytest.raises(Problem):
            attempt()


def test_the_suites_are_two_and_each_opens_the_others() -> None:
    rings = {suite: Crypto({"s1": OLD}, suite) for suite in SUITES}
    assert rings["sm"].open(rings["intl"].seal(b"x", "p"), "p") == b"x"
    assert rings["intl"].open(rings["sm"].seal(b"x", "p"), "p") == b"x"
    assert rings["sm"].tag("x", "p") != rings["intl"].tag("x", "p")
    assert rings["sm"].tag("x", "p") in rings["intl"].tags("x", "p")


def test_sm4_gcm_is_that_of_rfc_8998_appendix_a() -> None:
    key, nonce = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes.fromhex("00001234567800000000abcd")
    more = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = b"".join(bytes([each]) * 8 for each in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    told = crypto._Sm4Gcm(key).encrypt(nonce, plain, more)
    assert told[-16:].hex() == "83de3541e4c2b58177e065a9bf7b62ec"
    assert crypto._Sm4Gcm(key).decrypt(nonce, told, more) == plain
    with pytest.raises(InvalidTag):
        crypto._Sm4Gcm(key).decrypt(nonce, told, b"")


def test_hmac_sm3_is_hmac_over_sm3() -> None:
    """Against the definition of RFC 2104, with the digest of another library."""

    def sm3(data: bytes) -> bytes:
        return hashlib.new("sm3", data).digest()

    key = b"k".ljust(64, b"\0")
    inner = sm3(bytes(c ^ 0x36 for c in key) + b"text")
    assert crypto._hmac(hashes.SM3(), b"k")(b"text") == sm3(bytes(c ^ 0x5C for c in key) + inner)


def test_threat_T27_a_ring_turns_while_it_is_used(suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new first key opens at once, and seals only when every worker has had the time to hear of it."""
    now = [time.monotonic()]
    monkeypatch.setattr(crypto.time, "monotonic", lambda: now[0])
    source = {"s1": OLD.hex()}
    ring = Crypto({"s1": OLD.hex().encode()}, suite, lambda: source)
    before, tag = ring.seal(b"x", "p"), ring.tag("x", "p")
    source = {"s2": NEW.hex(), "s1": OLD.hex()}
    assert ring.seal(b"x", "p").split(b".")[1] == b"s1"
    other = Crypto({"s2": NEW.hex().encode(), "s1": OLD.hex().encode()}, suite)
    assert ring.open(other.seal(b"x", "p"), "p") == b"x" and tag in other.tags("x", "p")
    now[0] += 6
    assert ring.seal(b"x", "p").split(b".")[1] == b"s2"
    assert ring.open(before, "p") == b"x" and tag in ring.tags("x", "p") and ring.tag("x", "p") != tag
    source = {"s2": NEW.hex()}
    with pytest.raises(Problem):
        ring.open(before, "p")
    assert ring.open(ring.seal(b"x", "p"), "p") == b"x"


def test_threat_T27_what_is_looked_up_is_found_when_the_key_that_it_began_with_is_gone(suite: str) -> None:
    first = Crypto({"s1": OLD}, suite)
    kept, away = [first.seal(first._ring.look_up_key, LOOK_UP)], [True]

    def keep(_: bytes) -> bytes:
        if away:
            away.clear()
            raise Problem("STORE_UNAVAILABLE")
        return kept[0]

    turned = Crypto({"s2": NEW, "s1": OLD}, suite)
    kept[0] = turned.seal(turned.open(kept[0], LOOK_UP), LOOK_UP)
    alone = Crypto({"s2": NEW}, suite, kept=keep)
    alone.warm()  # the store is away, and that stops nobody
    assert alone.lookup("x", "p") == first.lookup("x", "p") != Crypto({"s2": NEW}, suite).lookup("x", "p")
    away.append(True)
    with pytest.raises(Problem, match="STORE_UNAVAILABLE"):
        Crypto({"s2": NEW}, suite, kept=keep).lookup("x", "p")


def test_a_short_or_missing_key_is_refused() -> None:
    for keys in ({}, {"s1": b"short"}):
        with pytest.raises(ValueError, match="32 bytes"):
            Crypto(keys)


@pytest.mark.parametrize("size", [32, 63, 64, 65, 200])
def test_the_keyed_hash_is_that_of_rfc_2104(size: int) -> None:
    for data in (b"", b"health_code.code", b"x" * 1000):
        assert crypto._hmac(hashes.SHA256(), b"k" * size)(data) == hmac.digest(b"k" * size, data, "sha256")

"""Signatures of both suites: checked with public keys alone, by another library too, and never by a changed text."""

from __future__ import annotations

import base64
import json

import gmalg
import pytest

from hub.errors import Problem
from hub.signing import Signing, verified

SECRET = "a secret of the ring, 32 bytes or more"
CLAIMS = {"licence_id": "1.2.156.3005.2.X", "purpose": "入学报名"}


@pytest.mark.parametrize("suite", ["intl", "sm"])
def test_signed_by_one_ring_and_checked_with_public_keys_only(suite: str) -> None:
    ring = Signing({"c1": SECRET}, suite)
    signed = ring.sign(CLAIMS, "test")
    public = json.loads(json.dumps(ring.public()))
    assert verified(signed, public, "test") == CLAIMS
    assert ring.key_id == {"intl": "c1.ed25519", "sm": "c1.sm2"}[suite]
    assert not {"d", "k"} & set().union(*public), "a private part of a key"


@pytest.mark.parametrize("suite", ["intl", "sm"])
def test_one_changed_character_anywhere_is_refused(suite: str) -> None:
    ring = Signing({"c1": SECRET}, suite)
    signed = ring.sign(CLAIMS, "test")
    for place in range(0, len(signed) - 1, 7):
        other = "A" if signed[place] != "A" else "B"
        with pytest.raises(ValueError):
            verified(signed[:place] + other + signed[place + 1 :], ring.public(), "test")


def test_another_ring_another_kind_and_an_algorithm_of_the_senders_choice_are_refused() -> None:
    ring, other = Signing({"c1": SECRET}), Signing({"c1": SECRET + "!"})
    signed = ring.sign(CLAIMS, "test")
    for keys, kind in ((other.public(), "test"), (ring.public(), "another"), ([], "test")):
        with pytest.raises(ValueError):
            verified(signed, keys, kind)
    head = json.dumps({"alg": "none", "kid": "c1.ed25519", "typ": "test"}).encode()
    forged = f"{base64.urlsafe_b64encode(head).decode().rstrip('=')}.{signed.split('.')[1]}."
    with pytest.raises(ValueError):
        verified(forged, ring.public(), "test")


def test_a_rotated_ring_and_another_suite_still_publish_what_signed_before() -> None:
    before = Signing({"c1": SECRET}, "intl").sign(CLAIMS, "test")
    now = Signing({"c2": SECRET[::-1], "c1": SECRET}, "sm")
    assert now.key_id == "c2.sm2"
    assert verified(before, now.public(), "test") == CLAIMS
    with pytest.raises(ValueError):
        verified(before, Signing({"c2": SECRET[::-1]}).public(), "test")


@pytest.mark.parametrize("suite", ["intl", "sm"])
def test_what_browsers_read_is_signed_in_ed25519_in_either_suite(suite: str) -> None:
    ring = Signing({"c1": SECRET}, suite)
    browsers_know = [key for key in ring.public() if key["alg"] == "EdDSA"]
    assert verified(ring.sign(CLAIMS, "test", for_all=True), browsers_know, "test") == CLAIMS


def test_another_library_agrees_on_sm2() -> None:
    ring = Signing({"c1": SECRET}, "sm")
    signed, key = ring.sign(CLAIMS, "test"), ring.public()[0]
    head, body, signature = signed.split(".")
    raw = {name: base64.urlsafe_b64decode(text + "==") for name, text in (("x", key["x"]), ("y", key["y"]))}
    pair = base64.urlsafe_b64decode(signature + "==")
    checker = gmalg.SM2(uid=b"1234567812345678", pk=b"\x04" + raw["x"] + raw["y"])
    assert checker.verify(f"{head}.{body}".encode(), pair[:32], pair[32:])


def test_a_hub_without_signing_keys_says_so() -> None:
    with pytest.raises(Problem) as caught:
        Signing({}).sign(CLAIMS, "test")
    assert caught.value.code == "KEY_UNAVAILABLE"
